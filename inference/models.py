"""What models there are and what they are worth on this machine: size, speed, and quality on a small set of our own.

The set, `quality.txt`, has a question and its passage on alternate lines, all in other words than each other: enough
to tell a model that understands from one that matches words, too little to tell two good ones apart. Knows nothing of
indexes.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inference import model_files
from inference.embed import Embedder, UnusableModel
from inference.encoders import choose_device, choose_precision

QUALITY_SET = Path(__file__).with_name("quality.txt")
#: A rank beyond this counts nothing.
DEEPEST = 10
#: Passages of a usual length, and how long the measurement goes on with them.
PASSAGES, CHARACTERS, SECONDS = 32, 900, 1.0
QUERY_ROUNDS = 5

Say = Callable[[str], None]


def survey(
    directories: Sequence[Path | None],
    *,
    device: str = "auto",
    precision: str = "auto",
    say: Say = lambda line: None,
) -> Iterator[dict[str, Any]]:
    """A row for each model (None: the installed MiniLM) and each precision it can have here, as they are measured.

    The one that `precision` stands for comes first and is `used`. `say` hears what is being measured. Raises
    UnusableModel for a device or precision that is not here; a directory that cannot be used is a row with `error`.
    """
    device = choose_device(device)
    used = choose_precision(precision, device)
    for directory in directories:
        static = False
        for wanted in [used, *(other for other in ("fp32", "bf16", "int8") if other != used)]:
            if static or (wanted != used and not _worth_trying(wanted, device)):
                continue
            say(f"{directory or 'MiniLM'}: measuring {wanted}")
            try:
                row = measured(directory, device, wanted)
            except UnusableModel as error:
                yield {"directory": str(directory or model_files.installed()), "error": str(error)}
                break
            static = row["kind"] == "static"
            yield {**row, "used": wanted == used}


def measured(directory: Path | None, device: str, precision: str) -> dict[str, Any]:
    """One model in one precision: what it is, passages a second, milliseconds a question, nDCG@10 on the small set."""
    started = time.perf_counter()
    embedder = Embedder(directory, device, precision)
    loaded = time.perf_counter() - started
    questions, passages = quality_set()
    return {
        "model": embedder.name,
        **model_files.facts(embedder.directory),
        "dimension": embedder.dimension,
        "max_tokens": embedder.max_tokens,
        "device": embedder.device,
        "precision": embedder.precision,
        "fingerprint": embedder.fingerprint,
        "load_seconds": round(loaded, 2),
        "passages_a_second": round(_pace(embedder, passages), 1),
        "query_ms": round(_query_seconds(embedder, questions) * 1000, 2),
        f"ndcg@{DEEPEST}": round(quality(embedder, questions, passages), 4),
        "questions": len(questions),
    }


def quality_set() -> tuple[list[str], list[str]]:
    """Questions, and the passage that answers each."""
    lines = QUALITY_SET.read_text("utf-8").splitlines()
    return lines[0::2], lines[1::2]


def quality(embedder: Embedder, questions: Sequence[str], passages: Sequence[str]) -> float:
    """nDCG of the passages ranked by cosine, where each question has the one passage that answers it."""
    cosines = embedder.encode(questions, "query") @ embedder.encode(passages).T  # [questions, passages]
    ranks = 1 + (cosines > np.diagonal(cosines)[:, None]).sum(axis=1)
    return sum(1 / math.log2(rank + 1) for rank in ranks.tolist() if rank <= DEEPEST) / len(questions)


def _worth_trying(precision: str, device: str) -> bool:
    """bf16 where it is quick, int8 where it can be had."""
    try:
        return precision != "bf16" and choose_precision(precision, device) == precision
    except UnusableModel:
        return False


def _pace(embedder: Embedder, sentences: Sequence[str]) -> float:
    """Passages a second, as an index is built: token ids in, vectors out."""
    text = " ".join(sentences)
    texts = [text[at : at + CHARACTERS] for at in range(0, PASSAGES * CHARACTERS // 8, CHARACTERS // 8)]
    done, started = 0, time.perf_counter()
    while (seconds := time.perf_counter() - started) < SECONDS:
        rows = [row[: embedder.max_tokens] for row in embedder.tokenize(texts)]
        done += sum(1 for _ in embedder.encode_tokens(rows))
    return done / seconds


def _query_seconds(embedder: Embedder, questions: Sequence[str]) -> float:
    """Seconds for a question by itself, of the quickest of a few: as when somebody asks."""
    seconds = []
    for question in questions[:QUERY_ROUNDS]:
        started = time.perf_counter()
        embedder.encode([question], "query")
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def as_line(row: dict[str, Any]) -> str:
    """A row as JSON Lines have it."""
    return json.dumps(row, ensure_ascii=True)
