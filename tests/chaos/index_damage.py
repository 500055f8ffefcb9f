"""The drill of broken indexes: a generation is there whole or not at all, and damage to one is noticed or harmless.

    python -m tests.chaos.index_damage --kills 200 --damages 500

A child that writes a generation is killed with -9 at a random moment, over and over: what then stands under the
final name must open and answer as an unbroken one, and where nothing stands the next build must succeed. Then files
of a sound generation are changed by a bit, cut, lengthened or removed: opening it must raise DamagedIndex, or else
everything that is asked of it must come out the same. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import faiss
import torch

from inference.embed import Embedder
from rag import graph
from rag.index import MANIFEST, DamagedIndex, Document, Index
from rag.index_build import build
from rag.retrieve import MODES, rank

SEED = 7
QUESTIONS = ("Which town has a night ferry?", "Who repairs clocks?", "market on the third day", "zzz", "")
#: Share of the builds that compute every vector anew; the others copy all but one page, so that most kills hit files.
FRESH_SHARE = 0.2
MANIFEST_SHARE = 0.3


def documents(count: int, changed: int = 0) -> list[Document]:
    """Small pages in our own words; `changed` alters one of them."""
    crafts = ("repairs clocks", "bakes rye bread", "rents bicycles", "prints maps", "keeps bees")
    return [
        Document(
            str(number),
            f"https://towns.example/{number}",
            f"Town {number}",
            f"Town {number} has a night ferry to isle {number * 7 % 11}.\nMarkets\nThe market is on day {number % 5}. "
            f"The shop on the quay {crafts[number % 5]}." + (f" It was painted {changed} times." if not number else ""),
        )
        for number in range(count)
    ]


def answers(index: Index, embedder: Embedder) -> list[Any]:
    """Everything the engine reads of a generation, for comparing two of them."""
    vectors = embedder.encode(QUESTIONS, "query")
    found: list[Any] = [
        (ranking.passages.tolist(), ranking.scores.tolist())
        for mode in MODES
        for text, vector in zip(QUESTIONS, vectors, strict=True)
        for ranking in (rank(index, text, vector, mode), rank(index, text, vector, mode, by="document"))
    ]
    rows = range(len(index.sentences))
    found += [index.documents, [index.passages_of(document.id) for document in index.documents]]
    found += [[(index.sentence_text(row), index.terms_of(row, row + 1)) for row in rows]]
    return [*found, index.sentence_vectors.tobytes(), index.vectors.tobytes(), index.idf.tobytes(), index.vocabulary]


# --- kills ---------------------------------------------------------------------------------------------------------


def kills(folder: Path, embedder: Embedder, count: int, pages: int) -> dict[str, int]:
    """Kill writers, and count what stands in their folders: nothing, part of a folder aside, a generation."""
    chance = random.Random(SEED)
    old, sound = folder / "old", folder / "sound"
    build(old, documents(pages), embedder)
    changed = documents(pages, changed=1)
    seconds = {
        reuse: _seconds(folder, partial(build, documents=changed, embedder=embedder, reuse=reuse))
        for reuse in (None, old)
    }
    build(sound, changed, embedder)
    wanted = answers(Index.open(sound), embedder)
    found = dict.fromkeys(("before", "in_the_middle", "after", "half", "not_built_again"), 0)
    for number in range(count):
        place = folder / f"kill-{number}"
        place.mkdir()
        reuse = None if chance.random() < FRESH_SHARE else old
        _killed(partial(build, place / "1", changed, embedder, reuse=reuse), chance.uniform(0, 2) * seconds[reuse])
        moment = "after" if (place / "1").exists() else "in_the_middle" if any(place.iterdir()) else "before"
        found[moment] += 1
        found["half"] += moment == "after" and _judge(place / "1", wanted, embedder) != "harmless"
        if moment != "after":
            build(place / "1", changed, embedder, reuse=old)
            found["not_built_again"] += _judge(place / "1", wanted, embedder) != "harmless"
        shutil.rmtree(place)
    return {"kills": count, **found}


def _seconds(folder: Path, work: Callable[[Path], object]) -> float:
    """How long the work takes at best; not in a child, which nobody would kill if it hung."""
    found = []
    for number in range(3):
        started = time.perf_counter()
        work(folder / f"timed-{number}")
        found.append(time.perf_counter() - started)
        shutil.rmtree(folder / f"timed-{number}")
    return min(found)


def _killed(work: Callable[[], object], seconds: float) -> None:
    """Let a child do the work, and kill it after so many seconds."""
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


# --- damage --------------------------------------------------------------------------------------------------------


def damages(folder: Path, embedder: Embedder, count: int, pages: int) -> dict[str, Any]:
    """Damage a copy of a generation in one place at a time, and count what became of it."""
    chance = random.Random(SEED)
    sound, other = folder / "whole", folder / "other"
    build(sound, documents(pages), embedder)
    build(other, documents(pages, changed=1), embedder)
    wanted = answers(Index.open(sound), embedder)
    files = sorted(path.relative_to(sound) for path in sound.rglob("*") if path.is_file())
    found: Counter[str] = Counter()
    wrong = []
    for number in range(count):
        copy = folder / f"damage-{number}"
        shutil.copytree(sound, copy)
        # the manifest is the one file that no checksum guards
        name = Path(MANIFEST) if chance.random() < MANIFEST_SHARE else chance.choice(files)
        harm = chance.choice(HARMS)
        harm(copy / name, other / name, chance)
        outcome = _judge(copy, wanted, embedder)
        found[outcome] += 1
        if outcome not in ("noticed", "harmless"):
            wrong.append(f"{harm.__name__} {name}: {outcome}")
        shutil.rmtree(copy)
    return {"damages": count, "noticed": found["noticed"], "harmless": found["harmless"], "unnoticed": wrong}


def _judge(generation: Path, wanted: list[Any], embedder: Embedder) -> str:
    try:
        return "harmless" if answers(Index.open(generation), embedder) == wanted else "other answers"
    except DamagedIndex:
        return "noticed"
    except Exception as error:  # noqa: BLE001 - whatever else is raised is what this drill looks for
        return repr(error)


def flip(path: Path, _: Path, chance: random.Random) -> None:
    """Another bit somewhere."""
    body = bytearray(path.read_bytes())
    body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
    path.write_bytes(body)


def blank(path: Path, _: Path, chance: random.Random) -> None:
    """A run of zeros, as a file system leaves after a crash."""
    body = path.read_bytes()
    at = chance.randrange(len(body))
    length = min(chance.randint(1, 512), len(body) - at)
    path.write_bytes(body[:at] + bytes(length) + body[at + length :])


def cut(path: Path, _: Path, chance: random.Random) -> None:
    """Its end is missing."""
    os.truncate(path, chance.randrange(path.stat().st_size))


def lengthen(path: Path, _: Path, chance: random.Random) -> None:
    """Something stands behind its end."""
    with path.open("ab") as file:
        file.write(chance.randbytes(chance.randint(1, 64)))


def remove(path: Path, _: Path, chance: random.Random) -> None:
    path.unlink()


def mix(path: Path, other: Path, chance: random.Random) -> None:
    """The same file of another generation."""
    shutil.copyfile(other, path)


HARMS = (flip, flip, blank, cut, lengthen, remove, mix)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--damages", type=int, default=500)
    parser.add_argument("--pages", type=int, default=40)
    options = parser.parse_args()
    # threads do not live on in a forked child
    torch.set_num_threads(1)
    faiss.omp_set_num_threads(1)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    # the files of large generations, and searched
    graph.LEAST_PASSAGES, graph.LARGE_SHARE = 1, 1000
    embedder = Embedder(None, "cpu")
    with tempfile.TemporaryDirectory() as folder:
        report = kills(Path(folder), embedder, options.kills, options.pages)
        report |= damages(Path(folder), embedder, options.damages, options.pages)
    print(json.dumps(report))
    return 1 if report["half"] or report["not_built_again"] or report["unnoticed"] else 0


if __name__ == "__main__":
    sys.exit(main())
