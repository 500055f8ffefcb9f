"""What answering costs beside embedding and searching alone: answers a second of a batch, and the ratio.

`python -m bench.engine [CORPUS.jsonl PROMPTS.txt] [--repeats 3]` builds an index of BEIR documents (default: the demo's
pages) in a temporary folder, then answers every prompt so many times (a seed each) and, for the bare cost, embeds and
searches the same questions with the same library calls. Prints one JSON line. The worker and the database are measured
elsewhere.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from bench.embedding import DEMO, demo_pages
from inference.answer import Answer, Question
from inference.embed import Embedder
from rag.assistant import LocalAssistant
from rag.index import Index, read_documents
from rag.index_build import build
from rag.retrieve import rank_many

ROUNDS = 5


def best_of(work: Callable[[], object]) -> float:
    """Seconds of the quickest of several rounds: what else the machine does only slows things down."""
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("prompts", type=Path, nargs="?", default=DEMO.parent / "prompts.txt")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--index", type=Path, help="a generation of the corpus that is already there")
    arguments = parser.parse_args()
    embedder = Embedder(None, "cpu")
    lines = arguments.prompts.read_text("utf-8").splitlines()
    prompts = [text for line in lines if (text := line.partition("\t")[0].strip())]
    questions = [Question(prompt, seed=seed) for prompt in prompts for seed in range(arguments.repeats)]
    with tempfile.TemporaryDirectory() as folder:
        row: dict[str, object] = {"bench": "engine", "threads": torch.get_num_threads()}
        directory = arguments.index
        if directory is None:
            directory = Path(folder) / "1"
            documents = demo_pages()
            if arguments.corpus:
                with arguments.corpus.open(encoding="utf-8") as rows:
                    documents = list(read_documents(rows))
            started = time.perf_counter()
            manifest = build(directory, documents, embedder)
            seconds = time.perf_counter() - started
            row |= {
                "pages_a_second": round(manifest["documents"] / seconds, 1),
                "passages_a_second": round(manifest["passages"] / seconds, 1),
            }
        index = Index.open(directory)
        assistant = LocalAssistant(index, embedder)
        texts = [question.text for question in questions]

        def bare() -> None:
            embedder.forget()
            rank_many(index, texts, embedder.encode(texts, "query"))

        def answers() -> None:
            embedder.forget()
            for _, answer in assistant.answer_many(questions):
                assert isinstance(answer, Answer)

        answers()
        bare_seconds, answer_seconds = best_of(bare), best_of(answers)
        row |= {
            "passages": len(index.passages),
            "questions": len(questions),
            "bare_a_second": round(len(questions) / bare_seconds, 1),
            "answers_a_second": round(len(questions) / answer_seconds, 1),
            "ratio": round(answer_seconds / bare_seconds, 2),
        }
    print(json.dumps(row))


if __name__ == "__main__":
    main()
