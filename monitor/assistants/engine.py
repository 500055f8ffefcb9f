"""The local engine of `rag` and the models of this process, as the settings name them.

Modules that load torch are imported inside the functions that need them, so that pages and forms stay light.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings

from inference.answer import Answer, Assistant
from inference.guard import is_inside
from inference.pages import identify
from monitor.assistants.hosts import client, named

if TYPE_CHECKING:
    from inference.generator import Generator
    from inference.rerank import Reranker
    from inference.sentiment import Feeling, Named, SentimentReader
    from rag.ideas import Idea
    from rag.index import Index
    from rag.making import Making
    from rag.support import Judgement
    from rag.trace import Place

log = logging.getLogger(__name__)

#: Open index generations kept in one worker's memory.
OPEN_GENERATIONS = 3


@lru_cache(maxsize=OPEN_GENERATIONS)
def _index(index_folder: Path) -> Index:
    from rag.index import Index

    return Index.open(index_folder)


@lru_cache(maxsize=2 * OPEN_GENERATIONS)
def local(index_folder: Path, model: str, rerank_model: str) -> Assistant:
    """The local engine over a generation: with a language model that writes its answers, and with a reranker."""
    from rag.assistant import LocalAssistant
    from rag.generative import GenerativeAssistant

    index, reranker = _index(index_folder), _reranker(rerank_model)
    if not model:
        return LocalAssistant(index, embedder(), reranker)
    return GenerativeAssistant(index, embedder(), _generator(model), reranker)


def _generator(model: str) -> Generator:
    """The language model of this process: of a folder, loaded once, or behind a server. Raises ValueError."""
    if "://" in model:
        from inference.generator import read_address
        from inference.remote import RemoteGenerator

        return RemoteGenerator(*read_address(model), client(), key=settings.GENERATOR_KEY)
    from inference.generate import get_generator

    how = settings.GENERATOR_PRECISION, settings.GENERATOR_DRAFT
    return get_generator(model, settings.MODEL_ROOT, settings.MODEL_DEVICE, *how)


def _reranker(model: str) -> Reranker | None:
    """The cross-encoder of this process, of a folder, loaded once; None where none is named. Raises ValueError."""
    if not model:
        return None
    from inference.rerank import get_reranker

    return get_reranker(model, settings.MODEL_ROOT, settings.MODEL_DEVICE)


def reranker_problem() -> str:
    """What is wrong with the cross-encoder that the settings name, as `generator_problem` has it."""
    from inference import model_files, model_folder

    try:
        if settings.RERANK_MODEL:
            folder = model_folder.find(settings.RERANK_MODEL, settings.MODEL_ROOT)
            model_folder.check_cross_encoder(folder, settings.MODEL_ROOT)
            model_files.check(folder)
    except ValueError as error:
        return str(error)
    return ""


def generator_problem() -> str:
    """What is wrong with the language model that the settings name, in a sentence; empty where nothing is seen to be.

    Looks at names and headers alone, so that it can run at every start.
    """
    from inference import model_folder

    model = settings.GENERATOR_MODEL
    try:
        if "://" in model:
            host = urlsplit(model).hostname or ""
            if is_inside(host) and not named(model, settings.ALLOWED_MODEL_HOSTS):
                return f"{host} is not on the public internet: name it in ALLOWED_MODEL_HOSTS as well."
        elif model:
            for name in filter(None, (model, settings.GENERATOR_DRAFT)):
                model_folder.check(model_folder.find(name, settings.MODEL_ROOT), settings.MODEL_ROOT)
    except ValueError as error:
        return str(error)
    return ""


def precision_problem() -> str:
    """Why the precision of embeddings is a bad choice on this machine, in a sentence; empty where none is known."""
    from inference.processor import multiplies_bytes

    on_processor = settings.MODEL_DEVICE in {"auto", "cpu"}
    if settings.EMBEDDING_PRECISION != "int8" or not on_processor or multiplies_bytes() is not False:
        return ""
    return (
        "EMBEDDING_PRECISION=int8: this processor has no instructions for it (VNNI), so that embedding takes many "
        "times as long as in fp32. Set EMBEDDING_PRECISION=auto and build the indexes again."
    )


def warm_up() -> None:
    """Load the models of this process before anything is claimed: loading takes seconds, and leases run meanwhile."""
    embedder()
    if settings.GENERATOR_MODEL:
        try:
            _generator(settings.GENERATOR_MODEL)
        except ValueError as error:
            # the extractive engine does without, and each question that needs it is told
            log.error("The language model of GENERATOR_MODEL cannot be used: %s", error)
    try:
        _reranker(settings.RERANK_MODEL)
    except ValueError as error:
        log.error("The cross-encoder of RERANK_MODEL cannot be used: %s", error)


def embedder() -> Any:
    """The embedding model of this process, loaded once."""
    from inference.embed import get_embedder

    return get_embedder(_model_directory(), settings.MODEL_DEVICE, settings.EMBEDDING_PRECISION)


def _model_directory() -> Path | None:
    """The embedding model that the settings name; None for the installed one."""
    return Path(settings.EMBEDDING_MODEL) if settings.EMBEDDING_MODEL else None


def models(directories: Iterable[Path], say: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """What the models in use, those of `directories` and all under the root are worth here. Raises ValueError."""
    from inference.model_folder import find
    from inference.models import survey

    root = settings.MODEL_ROOT
    names = (settings.RERANK_MODEL, settings.GENERATOR_MODEL, settings.GENERATOR_DRAFT)
    reranker, generator, draft = (find(name, root) if name and "://" not in name else None for name in names)
    measure = partial(
        survey,
        device=settings.MODEL_DEVICE,
        precision=settings.EMBEDDING_PRECISION,
        writing=settings.GENERATOR_PRECISION,
        say=say,
    )
    if generator:
        yield from ({**row, "used": True} for row in measure([generator], draft=draft))
    if reranker:
        yield from ({**row, "used": True} for row in measure([reranker]))
    there = [path.parent.resolve() for path in sorted(root.glob("*/config.json"))]
    others = dict.fromkeys([_model_directory(), None, *directories, *there])
    for row in measure([each for each in others if each is None or each not in (generator, reranker)]):
        yield {"used": False, **row}


def evaluate(
    index_folder: Path, queries: Path, qrels: Path, *, mode: str | None, k: int, by_page: bool
) -> Iterator[dict[str, str | float | int | None]]:
    """How well a generation ranks judged questions, a row for each mode, and without one how well the engine cites.

    `by_page`: judgements name URLs. Raises ValueError for files that cannot be read so, OSError for missing ones.
    """
    from rag import evaluate as evaluation
    from rag.index import Document, Index
    from rag.retrieve import MODES

    judged = evaluation.read_qrels(qrels)
    if by_page:
        judged = {
            query: {identify(url).page or url: grade for url, grade in grades.items()}
            for query, grades in judged.items()
        }

    def named(document: Document) -> str:
        return (identify(document.url).page if by_page else None) or document.id

    index, asked = Index.open(index_folder), list(evaluation.read_queries(queries))
    model: Any = None if mode == "lexical" else embedder()
    reranker = _reranker(settings.RERANK_MODEL)
    modes = [each for each in MODES if mode in {None, each}]
    yield from evaluation.evaluate(index, model, asked, judged, modes=modes, k=k, named=named, reranker=reranker)
    if mode is None:
        from rag.assistant import LocalAssistant

        engine = LocalAssistant(index, model, reranker)
        yield {**evaluation.citation_scores(engine, index, support_embedder(), asked, judged, named=named)}


def read_documents(lines: Iterable[str]) -> Iterator[tuple[str, str, str, str]]:
    """Documents (id, url, title, text) of JSON Lines `{"_id","title","text","url"}`. Raises ValueError."""
    from rag import index

    for document in index.read_documents(lines):
        yield document.id, document.url, document.title, document.text


def build_index(
    folder: Path,
    documents: Iterable[tuple[str, str, str, str]],
    *,
    reuse: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Write an index generation of documents (id, url, title, text); returns its manifest. Loads torch."""
    from rag.index import Document
    from rag.index_build import build as build_generation

    rows = (Document(*document) for document in documents)
    return dict(build_generation(folder, rows, embedder(), reuse=reuse, progress=progress))


def model_fingerprint() -> str:
    """What tells this process's embedding model from any other; generations carry it in their manifest."""
    return str(embedder().fingerprint)


_sound: set[Path] = set()


def is_sound(index_folder: Path) -> bool:
    """Whether a generation lies there whole: every file is compared with its manifest, once a process."""
    from rag.index import MANIFEST, DamagedIndex, verify

    if index_folder in _sound and (index_folder / MANIFEST).exists():
        return True
    try:
        verify(index_folder)
    except DamagedIndex:
        _sound.discard(index_folder)
        return False
    _sound.add(index_folder)
    return True


def forget_indexes() -> None:
    """Let go of every open generation and of what is known of them."""
    for kept in (_index, local):
        kept.cache_clear()
    _sound.clear()


def passages(index_folder: Path, documents: Iterable[str]) -> dict[str, list[tuple[int, int, str]]]:
    """The passages of some documents of a generation as (start, end, heading)."""
    from rag.index import Index

    index = Index.open(index_folder)
    return {document: [(p.start, p.end, p.heading) for p in index.passages_of(document)] for document in documents}


def page_versions(answer: Answer) -> list[int]:
    """The ids of the page versions that an answer of the local engine had in its context."""
    from rag.assistant import source_documents

    return sorted({int(document) for document in source_documents(answer.raw)})


def recorded_ranking(raw: bytes) -> list[Place]:
    """The first documents that the local engine ranked for an answer; none in bodies made before it was recorded."""
    from rag.trace import recorded

    return recorded(raw)


def making(raw: bytes) -> Making | None:
    """How the local engine made an answer; None for a body of another assistant."""
    from rag.making import making

    return making(raw)


def whole_rankings(index_folder: Path, questions: Sequence[str]) -> Iterator[list[Place]]:
    """The places of all documents of a generation for each question, in order. Loads torch."""
    from rag.trace import whole

    yield from whole(_index(index_folder), embedder(), questions)


def asked_words(question: str, text: str) -> tuple[list[str], list[str]]:
    """The question's words that a text has in some form, and those that it lacks."""
    from rag.trace import asked_words as split

    return split(question, text)


def prompt_ideas(index_folder: Path, documents: Collection[str], known: Sequence[str], **asked: Any) -> list[Idea]:
    """Questions that these documents of a generation answer and that are not `known`; see `rag.ideas`. Loads torch."""
    from rag.ideas import ideas

    return ideas(_index(index_folder), embedder(), documents, known, **asked)


def support_version() -> str:
    """The version of the check of citations; what an older one checked is checked again."""
    from rag.support import VERSION

    return VERSION


def judge_support(answers: Sequence[tuple[Answer, Mapping[str, str]]]) -> list[Judgement]:
    """Whether pages say what answers cite them for; each answer with its cited pages' texts by citation URL.

    By the installed model, whichever one the settings name for the index: the check learned from that one. Loads torch.
    """
    from rag.support import judge

    return judge(answers, support_embedder())


def support_embedder() -> Any:
    """The model that citations are checked by, loaded once."""
    from inference.embed import get_embedder

    return get_embedder(None, settings.MODEL_DEVICE, settings.EMBEDDING_PRECISION)


def sentiment_version() -> int:
    """The version of the judge of mentions; what an older one judged is judged again."""
    from inference.sentiment import VERSION

    return VERSION


def judge_sentiment(names: Sequence[Named]) -> list[Feeling]:
    """What is felt towards each name, in order; by the model that citations are checked by. Loads torch."""
    return _sentiment_reader().read(names)


@cache
def _sentiment_reader() -> SentimentReader:
    from inference.sentiment import SentimentReader

    return SentimentReader(support_embedder())
