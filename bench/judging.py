"""Mentions whose sentiment is told in a second on one core.

`python -m bench.judging` makes answers of eight sentences each out of `sentiment_sentences.txt`, every name in them a
brand, and tells the sentiment of their mentions as the worker does, 64 at a time on one thread: no sentence known
(`cold`), and every sentence seen before (`warm`), as in repeats. Prints one JSON line. The database is not part of it.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from inference.embed import get_embedder
from inference.sentiment import Named, SentimentReader

SENTENCES = Path(__file__).with_name("sentiment_sentences.txt")
BATCH, SENTENCES_EACH = 64, 8
_MARKED = re.compile(r"\[([^\]]+)[-+=]\]")


def answer(lines: Sequence[str]) -> list[Named]:
    """The names in a text of these sentences."""
    text, spans = "", []
    for line in lines:
        at = 0
        for found in _MARKED.finditer(line):
            text += line[at : found.start()]
            spans.append((len(text), len(text) + len(found[1])))
            text, at = text + found[1], found.end()
        text += line[at:] + " "
    return [Named(text, *span, tuple(other for other in spans if other != span)) for span in spans]


def seconds(reader: SentimentReader, names: Sequence[Named]) -> float:
    started = time.process_time()
    for at in range(0, len(names), BATCH):
        reader.read(names[at : at + BATCH])
    return time.process_time() - started


def main() -> None:
    torch.set_num_threads(1)
    lines = SENTENCES.read_text("utf-8").splitlines()
    random.Random(5).shuffle(lines)
    answers = (lines[at : at + SENTENCES_EACH] for at in range(0, len(lines), SENTENCES_EACH))
    names = [name for each in answers for name in answer(each)]
    embedder = get_embedder(None, "cpu")
    reader = SentimentReader(embedder)
    reader.read(names[:BATCH])  # what is slow the first time
    embedder.forget()
    cold, warm = seconds(reader, names), seconds(reader, names)
    row = {"mentions": len(names), "cold_a_second": len(names) / cold, "warm_a_second": len(names) / warm}
    print(json.dumps({"bench": "judging"} | {name: round(value) for name, value in row.items()}))


if __name__ == "__main__":
    main()
