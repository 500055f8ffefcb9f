"""`python -m rag`: what the local engine can do, by itself, JSON Lines in and out. Errors go to stderr with code 2.

Each command imports what it needs when it runs, so that `robots` and `--help` start at once.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference.model_files import DEVICES, PRECISIONS
from inference.pipes import read_while_wanted, standard_input

if TYPE_CHECKING:
    from inference.embed import Embedder
    from inference.generator import Generator
    from inference.rerank import Reranker
    from rag.index import Index


def extract(arguments: argparse.Namespace) -> None:
    """HTML files -> title, text, language and date; a row each, even for a page with no text or a file that is none."""
    from rag.extract import PageText, UnreadablePage
    from rag.extract import extract as extract_page

    unopened = False
    for file in arguments.files:
        page = PageText("", "", None, None)
        try:
            page = extract_page(_body(file))
        except UnreadablePage as error:
            print(f"{file}: {error}", file=sys.stderr)
        except (OSError, EOFError, zlib.error) as error:
            print(f"{file}: {getattr(error, 'strerror', None) or error}", file=sys.stderr)
            unopened = True
        _print(
            {
                "file": file,
                "title": page.title,
                "text": page.text,
                "language": page.language,
                "published": page.published,
            }
        )
    if unopened:
        raise SystemExit(2)


def index(arguments: argparse.Namespace) -> None:
    """Documents in JSON Lines -> an index generation; prints its manifest."""
    from rag.index import read_documents
    from rag.index_build import build

    with arguments.corpus.open(encoding="utf-8") as lines:
        documents = list(read_documents(lines))
    manifest = build(arguments.directory, documents, _embedder(arguments), reuse=arguments.reuse)
    _print(manifest)


def search(arguments: argparse.Namespace) -> None:
    """Queries -> TREC run lines by document, or JSON by passage."""
    from rag.evaluate import rankings_of, read_queries
    from rag.retrieve import by_document
    from rag.widen import widened

    opened = _open(arguments.directory)
    # a question without a word is near to nothing, though its vector is near to something
    asked = [(query, text) for query, text in read_queries(arguments.queries) if text.strip()]
    if not asked:
        return
    embedder = None if arguments.mode == "lexical" else _embedder(arguments, opened)
    texts = [text for _, text in asked]
    rankings = rankings_of(
        opened,
        embedder,
        texts,
        mode=arguments.mode,
        k=arguments.k,
        by=arguments.by,
        reranker=_reranker(arguments),
    )
    for (query, _), ranking in zip(asked, rankings, strict=True):
        if arguments.by == "document":
            for rank, (number, score) in enumerate(by_document(opened, ranking, arguments.k), start=1):
                print(query, "Q0", opened.documents[number].id, rank, f"{score:.6f}", f"citescope-{arguments.mode}")
            continue
        for rank, part in enumerate(widened(opened, ranking, arguments.k), start=1):
            _print(
                {
                    "query": query,
                    "rank": rank,
                    "document": opened.documents[part.document].id,
                    "start": part.start,
                    "end": part.end,
                    "score": round(part.score, 6),
                }
            )


def ask(arguments: argparse.Namespace) -> None:
    """A question -> the local assistant's answer, in the pages' own sentences or written by a language model."""
    from inference.answer import AssistantError, Question
    from rag.assistant import LocalAssistant
    from rag.generative import GenerativeAssistant

    question = Question(arguments.question, seed=arguments.seed, temperature=arguments.temperature)
    opened, embedder = _open(arguments.directory), _embedder(arguments)
    reranker = _reranker(arguments)
    assistant = LocalAssistant(opened, embedder, reranker)
    if arguments.generator:
        assistant = GenerativeAssistant(opened, embedder, _generator(arguments), reranker)
    try:
        _print(assistant.answer(question).as_json())
    except AssistantError as error:
        raise ValueError(error.message) from None


def support(arguments: argparse.Namespace) -> None:
    """Claims and evidence on standard input -> how well each claim is supported; a row each, in order."""
    from rag.support import BATCH, check

    given = standard_input()
    embedder = _embedder(arguments)
    rows = _claims(given)
    while batch := list(itertools.islice(rows, BATCH)):
        for verdict in check(batch, embedder):
            _print({"score": verdict.score, "supported": verdict.supported})


def robots(arguments: argparse.Namespace) -> None:
    """Whether a robots.txt lets a crawler fetch a URL."""
    from rag.robots import allowed

    print("allowed" if allowed(arguments.file.read_bytes(), arguments.agent, arguments.url) else "disallowed")


def evaluate(arguments: argparse.Namespace) -> None:
    """Queries and judgements in BEIR's form -> nDCG, recall and reciprocal rank by mode; with --answers, citations."""
    from rag.evaluate import citation_scores, read_qrels, read_queries
    from rag.evaluate import evaluate as evaluate_index
    from rag.retrieve import MODES

    opened = _open(arguments.directory)
    judged = read_qrels(arguments.qrels)
    modes = [arguments.mode] if arguments.mode else MODES
    queries = list(read_queries(arguments.queries))
    embedder = None if arguments.mode == "lexical" else _embedder(arguments, opened)
    reranker = _reranker(arguments)
    for row in evaluate_index(opened, embedder, queries, judged, modes=modes, k=arguments.k, reranker=reranker):
        _print(row)
    if arguments.answers:
        from inference.embed import get_embedder
        from rag.assistant import LocalAssistant

        # support is checked by the installed model, which the check learned from, whatever the index was made by
        checker = get_embedder(None, arguments.device, arguments.precision)
        engine = LocalAssistant(opened, embedder or _embedder(arguments, opened), reranker)
        _print(citation_scores(engine, opened, checker, queries, judged))


def _open(directory: Path) -> Index:
    from rag.index import DamagedIndex, Index

    try:
        return Index.open(directory)
    except DamagedIndex as error:
        raise ValueError(str(error)) from error


def _embedder(arguments: argparse.Namespace, opened: Index | None = None) -> Embedder:
    from inference.embed import get_embedder

    embedder = get_embedder(arguments.model, arguments.device, arguments.precision)
    if opened and opened.manifest["fingerprint"] != embedder.fingerprint:
        raise ValueError(
            f"{opened.directory} was made by another model or precision ({opened.manifest['model']}): give it with "
            "--model or --precision, or build the index again."
        )
    return embedder


def _reranker(arguments: argparse.Namespace) -> Reranker | None:
    """The cross-encoder that was asked for. Raises ValueError."""
    if arguments.rerank is None:
        return None
    from inference.rerank import Reranker

    return Reranker(arguments.rerank, arguments.device)


def _generator(arguments: argparse.Namespace) -> Generator:
    """The language model of a folder, or of a server that the environment allows. Raises ValueError."""
    if "://" in arguments.generator:
        from inference.generator import read_address
        from inference.http import Client
        from inference.remote import RemoteGenerator

        hosts = frozenset(filter(None, os.environ.get("ALLOWED_MODEL_HOSTS", "").split(",")))
        return RemoteGenerator(
            *read_address(arguments.generator), Client(allowed_hosts=hosts), key=os.environ.get("GENERATOR_KEY", "")
        )
    from inference.generate import get_generator

    folder = Path(arguments.generator).resolve()
    how = arguments.generator_precision, arguments.draft
    return get_generator(folder.name, folder.parent, arguments.device, *how)


def _claims(lines: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            claim, evidence = row["claim"], row["evidence"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f'line {number} needs the form {{"claim", "evidence"}}.') from error
        if not isinstance(claim, str) or not isinstance(evidence, str):
            raise ValueError(f"line {number}: claim and evidence are texts.")
        yield claim, evidence


def _body(file: str) -> bytes:
    """The bytes of a file, unpacked where its name ends in .gz."""
    if not file.endswith(".gz"):
        return Path(file).read_bytes()
    import gzip

    with gzip.open(file) as unpacked:
        return unpacked.read()


def _print(row: dict[str, Any]) -> None:
    # written as bytes: the terminal's encoding must not matter; a lone surrogate stays an escape
    try:
        line = json.dumps(row, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        line = json.dumps(row).encode("ascii")
    sys.stdout.flush()
    sys.stdout.buffer.write(line + b"\n")


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("give a whole number of at least 1")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rag", description="The local engine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    modes = ("dense", "lexical", "hybrid")

    command = commands.add_parser("extract", help="the main text of HTML files")
    command.add_argument("files", nargs="+", metavar="FILE")
    command.set_defaults(run=extract)

    command = commands.add_parser("index", help="documents in JSON Lines -> an index generation")
    command.add_argument("corpus", type=Path, metavar="CORPUS.jsonl")
    command.add_argument("directory", type=Path, metavar="DIR")
    command.add_argument(
        "--reuse", type=Path, metavar="DIR", help="an older generation to copy unchanged documents from"
    )
    command.set_defaults(run=index)
    _add_model(command)

    command = commands.add_parser("search", help="queries in JSON Lines -> a TREC run, or passages")
    command.add_argument("directory", type=Path, metavar="DIR")
    command.add_argument("queries", type=Path, metavar="QUERIES.jsonl")
    command.add_argument("-k", type=_count, default=100)
    command.add_argument("--mode", choices=modes, default="hybrid")
    command.add_argument("--by", choices=("document", "passage"), default="document")
    command.set_defaults(run=search)
    _add_reranker(command)
    _add_model(command)

    command = commands.add_parser("ask", help="a question -> an answer with its sources")
    command.add_argument("directory", type=Path, metavar="DIR")
    command.add_argument("question")
    command.add_argument("--seed", type=int)
    command.add_argument("--temperature", type=float)
    command.add_argument(
        "--generator",
        metavar="FOLDER",
        help="a language model's folder that writes the answer, or a server's URL#MODEL",
    )
    command.add_argument("--generator-precision", choices=PRECISIONS, default="auto", help="of a folder's model")
    command.add_argument("--draft", default="", metavar="NAME", help="a model beside that folder that guesses ahead")
    command.set_defaults(run=ask)
    _add_reranker(command)
    _add_model(command)

    command = commands.add_parser("support", help="claims and evidence in JSON Lines -> whether one supports the other")
    command.set_defaults(run=support)
    _add_model(command)

    command = commands.add_parser("robots", help="whether a robots.txt lets a crawler fetch a URL")
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument("--agent", required=True)
    command.add_argument("--url", required=True)
    command.set_defaults(run=robots)

    command = commands.add_parser("evaluate", help="nDCG, recall, reciprocal rank and citations on a BEIR-shaped set")
    command.add_argument("directory", type=Path, metavar="DIR")
    command.add_argument("queries", type=Path, metavar="QUERIES.jsonl")
    command.add_argument("qrels", type=Path, metavar="QRELS.tsv")
    command.add_argument("-k", type=_count, default=10)
    command.add_argument("--mode", choices=modes, help="one mode; without it all three")
    command.add_argument("--answers", action="store_true", help="also answer the queries, and say how well they cite")
    command.set_defaults(run=evaluate)
    _add_reranker(command)
    _add_model(command)
    return parser


def _add_reranker(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--rerank", type=Path, metavar="DIR", help="a cross-encoder that orders the best passages anew"
    )


def _add_model(command: argparse.ArgumentParser) -> None:
    command.add_argument("--model", type=Path, metavar="DIR", help="a sentence-transformers directory; default: MiniLM")
    command.add_argument("--device", choices=DEVICES, default="auto")
    command.add_argument("--precision", choices=PRECISIONS, default="auto", help="auto: bf16 where the CPU has it")


def main(argv: list[str] | None = None) -> None:
    """Run one command."""
    arguments = _parser().parse_args(argv)
    try:
        with read_while_wanted():
            arguments.run(arguments)
    except (ValueError, OSError) as error:
        reason = f"{error.filename}: {error.strerror}." if isinstance(error, OSError) and error.filename else str(error)
        print(f"python -m rag: {reason}", file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
