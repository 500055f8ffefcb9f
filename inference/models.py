"""What models there are and what they are worth on this machine: size, speed, and quality on a small set of our own.

The set, `quality.txt`, has a question and its passage on alternate lines, all in other words than each other: enough
to tell a model that understands from one that matches words, too little to tell two good ones apart. Embedding models
and rerankers rank the passages for each question; a language model is to name the one of three that answers it. Knows
nothing of indexes.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inference import model_files
from inference.answer import AssistantError
from inference.embed import Embedder, UnusableModel, Vectors
from inference.encoders import choose_device, choose_precision
from inference.generator import Generated, Generator, Prompt

QUALITY_SET = Path(__file__).with_name("quality.txt")
#: A rank beyond this counts nothing.
DEEPEST = 10
#: Passages of a usual length, and how long the measurement goes on with them.
PASSAGES, CHARACTERS, SECONDS = 32, 900, 1.0
QUERY_ROUNDS = 5
#: Questions that a reranker reads beside every passage, and that a language model is asked, among so many sources.
QUESTIONS_RERANKED, QUESTIONS_ASKED, SOURCES = 12, 12, 3
ASK = "Answer with the number of the source that answers the question, such as [1], and with nothing else."
#: Tokens written to see how fast, and prompts at once.
WRITTEN, TOGETHER = 64, 8

Say = Callable[[str], None]


def survey(
    directories: Sequence[Path | None],
    *,
    device: str = "auto",
    precision: str = "auto",
    writing: str = "auto",
    draft: Path | None = None,
    say: Say = lambda line: None,
) -> Iterator[dict[str, Any]]:
    """A row for each model (None: the installed MiniLM), for embedding models one in each precision they can have here.

    Of these the one that `precision` stands for comes first and is `used`; language models compute in `writing`, with
    `draft` guessing ahead. `say` hears what is being measured. Raises UnusableModel for a device or precision that is
    not here; a directory that cannot be used is a row with `error`.
    """
    device = choose_device(device)
    used = choose_precision(precision, device)
    for directory in directories:
        try:
            if directory is None or (kind := kind_of(directory)) == "embedding":
                yield from _in_each_precision(directory, device, used, say)
                continue
            say(f"{directory}: measuring a {kind}")
            if kind == "reranker":
                yield measured_reranker(directory, device)
            else:
                yield measured_generator(directory, device, writing, draft)
        except ValueError as error:
            yield {"directory": str(directory or model_files.installed()), "error": str(error)}


def _in_each_precision(directory: Path | None, device: str, used: str, say: Say) -> Iterator[dict[str, Any]]:
    for wanted in [used, *(other for other in ("fp32", "bf16", "int8") if other != used)]:
        if wanted != used and not _worth_trying(wanted, device):
            continue
        say(f"{directory or 'MiniLM'}: measuring {wanted}")
        row = measured(directory, device, wanted)
        yield {**row, "used": wanted == used}
        if row["kind"] == "static":
            return


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


def kind_of(directory: Path) -> str:
    """What its settings say it is: an "embedding" model, "reranker" or "language model". Raises UnusableModel."""
    architecture = model_files.facts(directory)["architecture"] or ""
    return {"ForSequenceClassification": "reranker", "ForCausalLM": "language model"}.get(
        architecture[architecture.find("For") :], "embedding"
    )


def measured_reranker(directory: Path, device: str = "auto") -> dict[str, Any]:
    """A cross-encoder: pairs a second, nDCG@10 on a part of the small set. Raises UnusableModel."""
    from inference.rerank import Reranker

    reranker = Reranker(directory, device)
    questions, passages = quality_set()
    questions = questions[:QUESTIONS_RERANKED]
    started = time.perf_counter()
    scores = np.stack([reranker.scores(question, passages) for question in questions])  # [questions, passages]
    seconds = time.perf_counter() - started
    return {
        "model": reranker.name,
        **model_files.facts(directory),
        "kind": "reranker",
        "fingerprint": reranker.fingerprint,
        "pairs_a_second": round(scores.size / seconds, 1),
        f"ndcg@{DEEPEST}": round(_ndcg(scores), 4),
        "questions": len(questions),
    }


def measured_generator(
    directory: Path, device: str = "auto", precision: str = "auto", draft: Path | None = None
) -> dict[str, Any]:
    """A language model: tokens a second it reads and writes, alone and together; how often it names the right source.

    Raises UnusableFolder.
    """
    from inference import model_folder
    from inference.generate import LONG_NAMES, ModelGenerator

    def checked(folder: Path) -> model_folder.ModelFolder:
        return model_folder.check(folder.resolve(), folder.resolve().parent)

    guessing = checked(draft) if draft else None
    generator = ModelGenerator(checked(directory), device=device, precision=LONG_NAMES[precision], draft=guessing)
    asked = list(_asked(*quality_set()))
    made = dict(generator.generate([Prompt(ASK, text, most_tokens=16) for text, _ in asked]))
    right = sum(_named(made[number]) == source for number, (_, source) in enumerate(asked))
    alone = _written(generator, 1)
    together = _written(generator, TOGETHER)
    return {
        "model": generator.name,
        **model_files.facts(directory),
        "kind": "language model",
        "window": generator.window,
        "device": generator.device,
        "precision": generator.precision,
        "draft": draft.name if draft else None,
        "fingerprint": generator.fingerprint,
        "tokens_read_a_second": alone["read"],
        "tokens_written_a_second": alone["written"],
        f"tokens_written_a_second_by_{TOGETHER}": together["written"],
        "names_the_right_source": round(right / len(asked), 3),
        "questions": len(asked),
    }


def _asked(questions: Sequence[str], passages: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Questions beside sources, one of which answers it, and that one's number; it stands in each place as often."""
    for at, question in enumerate(questions[:QUESTIONS_ASKED]):
        place = at % SOURCES
        others = [passages[(at + 1 + step) % len(passages)] for step in range(SOURCES - 1)]
        sources = [*others[:place], passages[at], *others[place:]]
        listed = "\n".join(f"[{number}] {source}" for number, source in enumerate(sources, start=1))
        yield f"{listed}\n\nQuestion: {question}", place + 1


def _named(made: Generated | AssistantError) -> int | None:
    """The first number of a text."""
    found = re.search(r"\d+", made.text) if isinstance(made, Generated) else None
    return int(found[0]) if found else None


def _written(generator: Generator, count: int) -> dict[str, float]:
    """Tokens a second, read and written, of so many different prompts at once. Raises UnusableModel."""
    text = "\n".join(quality_set()[1][:PASSAGES])
    prompts = [Prompt(ASK, f"{text}\n{number}", most_tokens=WRITTEN) for number in range(count)]
    started = time.perf_counter()
    made = [one for _, one in generator.generate(prompts)]
    seconds = time.perf_counter() - started
    if wrong := next((one for one in made if isinstance(one, AssistantError)), None):
        raise UnusableModel(f"{generator.name} does not write: {wrong.message}")
    told = [one for one in made if isinstance(one, Generated)]
    prefill = max(one.record["timings_ms"]["prefill"] for one in told) / 1000
    read, written = sum(one.input_tokens or 0 for one in told), sum(one.output_tokens or 0 for one in told)
    return {"read": round(read / max(prefill, 1e-6), 1), "written": round(written / max(seconds - prefill, 1e-6), 1)}


def quality_set() -> tuple[list[str], list[str]]:
    """Questions, and the passage that answers each."""
    lines = QUALITY_SET.read_text("utf-8").splitlines()
    return lines[0::2], lines[1::2]


def quality(embedder: Embedder, questions: Sequence[str], passages: Sequence[str]) -> float:
    """nDCG of the passages ranked by cosine, where each question has the one passage that answers it."""
    return _ndcg(embedder.encode(questions, "query") @ embedder.encode(passages).T)


def _ndcg(scores: Vectors) -> float:
    """nDCG of scores [questions, passages] where passage n alone answers question n."""
    ranks = 1 + (scores > np.diagonal(scores)[:, None]).sum(axis=1)
    return sum(1 / math.log2(rank + 1) for rank in ranks.tolist() if rank <= DEEPEST) / len(scores)


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
