"""How well each mode ranks documents: nDCG@10 on judged sets made from what lies on this machine, offline.

    python -m bench.retrieval [--pages FOLDER]... [--most 400] [--half choose|report] [--keep FOLDER]

A set's question is what somebody wrote above a text (a heading, a synopsis, a docstring's first line) or a claim about
it, and the one relevant document is that text without it. Weights are chosen on one half of the questions and reported
on the other; the documents are the same. `--pages` folders hold HTML (gzip by suffix). Prints one JSON line.
"""

from __future__ import annotations

import argparse
import ast
import gzip
import hashlib
import itertools
import json
import random
import re
import sysconfig
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.support_pairs import SYNONYMS
from inference.embed import Embedder
from rag import chunk
from rag.evaluate import scores
from rag.extract import UnreadablePage, extract
from rag.index import Document, Index
from rag.index_build import build
from rag.retrieve import MODES, by_document, rank_many

#: A question and the text it stands above.
Pair = tuple[str, str]
CLAIMS = Path(__file__).with_name("support_claims.txt")
MANUALS = Path("/usr/share/man")
PACKAGES = Path("/var/lib/dpkg/status")
#: Of a text; of a whole page, and how many of them.
MOST_CHARACTERS, LEAST_CHARACTERS = 3000, 120
PAGE_CHARACTERS, PAGES = 10000, 150
_ROFF = re.compile(r"\\f[A-Z]|\\f\[\w*\]|\\[&|^]")
_FAMILY = re.compile(r"[^\W_]+")
#: Manual pages whose names begin alike: some programs have a page for each of thousands of commands.
MOST_OF_A_FAMILY = 4


def manuals() -> Iterator[Pair]:
    """What a command is for -> the rest of its manual page."""
    families: Counter[str] = Counter()
    for path in sorted(MANUALS.glob("man[178]/*.gz")):
        family = _FAMILY.match(path.name)
        families[family[0] if family else ""] += 1
        if path.is_symlink() or not family or families[family[0]] > MOST_OF_A_FAMILY:
            continue
        source = gzip.decompress(path.read_bytes()).decode("utf-8", "replace")
        name, _, rest = source.partition('\n.SH "NAME"' if '\n.SH "NAME"' in source else "\n.SH NAME")[2].partition(
            "\n.SH"
        )
        synopsis = _plain_roff(name).partition(" - ")[2]
        if 3 <= len(synopsis.split()) <= 25:
            yield synopsis, _plain_roff(rest)[:MOST_CHARACTERS]


def _plain_roff(source: str) -> str:
    lines = (line.partition(" ")[2] if line.startswith(".") else line for line in source.splitlines())
    text = _ROFF.sub("", "\n".join(line for line in lines if not line.startswith('\\"'))).replace("\\-", "-")
    return text.replace("\\(aq", "'").replace("\\e", "\\").strip()


def packages() -> Iterator[Pair]:
    """The synopsis of a package -> its description."""
    for entry in PACKAGES.read_text("utf-8").split("\n\n"):
        if found := re.search(r"^Description: (.+)\n((?: .+\n?)+)", entry, re.MULTILINE):
            yield found[1], re.sub(r"^ \.?", "", found[2], flags=re.MULTILINE).strip()[:MOST_CHARACTERS]


def docstrings() -> Iterator[Pair]:
    """The first line of a docstring of the standard library -> the rest of it."""
    for path in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")):
        if {"site-packages", "test", "tests", "idlelib", "lib2to3"} & set(path.parts):
            continue
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef | ast.Module):
                first, _, rest = (ast.get_docstring(node) or "").partition("\n")
                if len(first.split()) >= 4:
                    yield first, rest.strip()[:MOST_CHARACTERS]


def pages_in(folders: Iterable[Path]) -> dict[str, str]:
    """Name -> main text of every page."""
    found = {}
    for path in sorted(path for folder in folders for path in folder.rglob("*.html*")):
        try:
            body = path.read_bytes()
            found[path.name] = extract(gzip.decompress(body) if path.suffix == ".gz" else body).text
        except UnreadablePage:
            continue
    return found


def headings(pages: dict[str, str], embedder: Embedder) -> Iterator[Pair]:
    """A heading of a page -> the passages under it."""
    for text in pages.values():
        sections: dict[chunk.Span, list[str]] = {}
        for passage in chunk.split(text, embedder.tokenize, embedder.max_tokens):
            body = text[max(passage.start, passage.heading[1]) : passage.end]
            sections.setdefault(passage.heading, []).append(body.strip())
        for span, parts in sections.items():
            if len((heading := chunk.heading_text(text, span)).split()) >= 2:
                yield heading, "\n".join(parts)[:MOST_CHARACTERS]


def whole_pages(pages: dict[str, str], embedder: Embedder) -> Iterator[Pair]:
    """A heading of a page -> the start of the page without its headings."""
    for text in pages.values():
        passages = chunk.split(text, embedder.tokenize, embedder.max_tokens)
        found = dict.fromkeys(chunk.heading_text(text, passage.heading) for passage in passages)
        body = "\n".join(line for line in text.split("\n") if chunk.heading_text(line, (0, len(line))) not in found)
        for heading in found:
            if len(heading.split()) >= 2:
                yield heading, body[:PAGE_CHARACTERS]


def claims(pages: dict[str, str]) -> Iterator[Pair]:
    """A true claim, written about a passage in other words -> that passage."""
    passage = ""
    for line in CLAIMS.read_text("utf-8").splitlines():
        if line.startswith("@ "):
            name, first, last = (part.strip() for part in line[2:].split(" | "))
            text = pages.get(name.rpartition("/")[2], "")
            start = text.find(first)
            passage = text[start : text.find(last, start) + len(last)] if start >= 0 else ""
        elif line.startswith("+ ") and passage:
            yield line[2:], passage


def reworded(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """The same in other words, where a quarter of the words at least have another."""
    for question, text in pairs:
        chance = random.Random(question)
        words = question.lower().split()
        other = [chance.choice(SYNONYMS[word]) if word in SYNONYMS else word for word in words]
        if sum(a != b for a, b in zip(words, other, strict=True)) * 4 >= len(words):
            yield " ".join(other), text


def judged_sets(folders: list[Path], embedder: Embedder, most: int) -> dict[str, list[Pair]]:
    """The sets by name, each at most so many pairs: those whose question has the smallest SHA-256."""
    pages = pages_in(folders)
    under = list(headings(pages, embedder))
    asked = [pair for pair in under if pair[0].endswith("?")]
    found: dict[str, Iterable[Pair]] = {
        "manuals": manuals() if MANUALS.is_dir() else (),
        "packages": packages() if PACKAGES.is_file() else (),
        "docstrings": docstrings(),
        "headings": [pair for pair in under if not pair[0].endswith("?")],
        "questions": asked,
        "pages": whole_pages(dict(itertools.islice(pages.items(), PAGES)), embedder),
        "reworded": reworded([*under, *claims(pages)]),
        "claims": claims(pages),
    }
    shared = {"claims", "pages"}
    return {name: kept for name, pairs in found.items() if (kept := _kept(pairs, most, name not in shared))}


def _kept(pairs: Iterable[Pair], most: int, once: bool) -> list[Pair]:
    rows = dict.fromkeys(pair for pair in pairs if len(pair[1]) > LEAST_CHARACTERS)
    questions = Counter(question.casefold() for question, _ in rows)
    texts = Counter(text for _, text in rows)
    # what stands above several texts asks for none of them, and a text that holds its question is too easily found
    kept = [
        (question, text)
        for question, text in rows
        if questions[question.casefold()] == 1
        and (texts[text] == 1 or not once)
        and question.casefold() not in text.casefold()
    ]
    return sorted(kept, key=lambda row: _digest(row[0]))[:most]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def generation(pairs: list[Pair], directory: Path, embedder: Embedder) -> Index:
    """The index of a set's texts; a text's id is its SHA-256."""
    texts = dict.fromkeys(text for _, text in pairs)
    if not directory.is_dir():
        build(directory, [Document(_digest(text), "", "", text) for text in texts], embedder)
    return Index.open(directory)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path, action="append", default=[], metavar="FOLDER")
    parser.add_argument("--most", type=int, default=400, help="questions of a set")
    parser.add_argument("--half", choices=("choose", "report"), default="report")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="indexes are kept here and used again")
    arguments = parser.parse_args()
    embedder = Embedder(None, "cpu")
    row: dict[str, object] = {"bench": "retrieval", "half": arguments.half}
    with tempfile.TemporaryDirectory() as folder:
        for name, pairs in judged_sets(arguments.pages, embedder, arguments.most).items():
            index = generation(pairs, (arguments.keep or Path(folder)) / name, embedder)
            asked = pairs[arguments.half == "report" :: 2]
            texts = [question for question, _ in asked]
            judged = {question: {_digest(text): 1} for question, text in asked}
            vectors = embedder.encode(texts, "query")
            found: dict[str, object] = {"queries": len(texts), "documents": len(index.documents)}
            for mode in MODES:
                rankings = rank_many(index, texts, vectors, mode, by="document")
                named = {
                    text: [index.documents[number].id for number, _ in by_document(index, ranking, 100)]
                    for text, ranking in zip(texts, rankings, strict=True)
                }
                found[mode] = scores(named, judged)["ndcg@10"]
            row[name] = found
    print(json.dumps(row))


if __name__ == "__main__":
    main()
