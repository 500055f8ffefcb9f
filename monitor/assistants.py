"""The one door from the product to assistants and to the local engine.

Nothing else in `monitor` imports `rag` or an assistant's class. Modules that load torch are imported inside the
functions that need them, so that pages and forms stay light.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings

from inference.answer import Answer, Assistant, KeyField, RawBody
from inference.assistants import every
from inference.guard import WEB_PORTS, is_inside
from inference.http import Client
from inference.pages import identify

if TYPE_CHECKING:
    from inference.generator import Generator
    from inference.rerank import Reranker
    from inference.sentiment import Feeling, Named, SentimentReader
    from rag.crawl import Target, Visit
    from rag.extract import PageText
    from rag.fetch import Fetcher
    from rag.ideas import Idea
    from rag.index import Index
    from rag.page_facts import PageFacts, SitemapFacts
    from rag.support import Judgement
    from rag.trace import Place

log = logging.getLogger(__name__)

#: Open index generations kept in one worker's memory.
OPEN_GENERATIONS = 3
#: The local engine's assistants: the one that is always there, and the one whose model the operator names.
LOCAL = EXTRACTIVE, GENERATIVE = "local", "local_generative"


@cache
def _classes() -> dict[str, type[Assistant]]:
    """Every assistant by name: the local engine's first, then what the scan of `inference.assistants` finds."""
    from rag.assistant import LocalAssistant
    from rag.generative import GenerativeAssistant

    own: dict[str, type[Assistant]] = {kind.name: kind for kind in (LocalAssistant, GenerativeAssistant)}
    return own | every()


def choices() -> list[tuple[str, str]]:
    """(name, label) of every assistant that can be asked, for forms."""
    return [(name, kind.label) for name, kind in _classes().items() if not kind.surfaces and not unavailable(name)]


def unavailable(name: str) -> str:
    """Why an assistant that is installed cannot be asked here, in a sentence; empty for one that can be."""
    if name == GENERATIVE and not settings.GENERATOR_MODEL:
        return f"{label(name)} has no language model here: whoever hosts this names one in GENERATOR_MODEL."
    return ""


def needs_index(name: str) -> bool:
    """Whether the assistant answers from the workspace's pages; not for one that is not installed."""
    kind = _classes().get(name)
    return bool(kind and kind.needs_index)


def is_free(name: str) -> bool:
    """Whether the assistant costs nothing by the call; not for one that is not installed."""
    kind = _classes().get(name)
    return bool(kind and kind.is_free)


def surfaces() -> list[tuple[str, str]]:
    """(name, label) of every page that answers can be pasted from; `pasted:chatgpt` is an assistant of its own."""
    return [
        (f"{name}:{surface}", title) for name, kind in _classes().items() for surface, title in kind.surfaces.items()
    ]


def assistant_class(name: str) -> type[Assistant]:
    """The class of one assistant, with or without the page an answer was copied from; KeyError for an unknown one."""
    return _classes()[name.partition(":")[0]]


def label(name: str) -> str:
    """What people call it; the name itself for an assistant that is no longer installed."""
    base, _, surface = name.partition(":")
    kind = _classes().get(base)
    if kind and surface:
        return f"{kind.surfaces.get(surface, surface)}, {kind.stratum}"
    return kind.label if kind else name


def key_fields(name: str) -> tuple[KeyField, ...]:
    """What a workspace enters to use an assistant; none for one that needs nothing, KeyError for an unknown name."""
    return assistant_class(name).key_fields


def needs_key(name: str) -> bool:
    """Whether something must be entered before the assistant can be asked; not for one that is not installed."""
    kind = _classes().get(name)
    return bool(kind and kind.key_fields)


def takes_model(name: str) -> bool:
    """Whether the assistant can be asked by more than one model; not for one that is not installed."""
    kind = _classes().get(name)
    return bool(kind and kind.takes_model)


def takes_persona(name: str) -> bool:
    """Whether the assistant can be told who asks; not for one that is not installed."""
    kind = _classes().get(name)
    return bool(kind and kind.takes_persona)


def default_model(name: str) -> str:
    """The model that is asked where a panel names none; empty where the assistant has no such thing."""
    kind = _classes().get(name)
    return next(iter(kind.models), "") if kind else ""


def build(name: str, *, index_folder: Path | None = None, key: Mapping[str, str] | None = None) -> Assistant:
    """An assistant ready to answer. The local engine needs the folder of an index generation, others their key.

    Raises ValueError with the reason where it cannot be asked, KeyError for an unknown name.
    """
    if needs_index(name):
        if index_folder is None:
            raise ValueError("The local engine needs an index: import pages first.")
        if reason := unavailable(name):
            raise ValueError(reason)
        model = settings.GENERATOR_MODEL if name == GENERATIVE else ""
        return _local(index_folder, model, settings.RERANK_MODEL)
    kind: Callable[..., Assistant] = assistant_class(name)
    if not assistant_class(name).key_fields:
        return kind()
    if key is None:
        raise ValueError(f"{label(name)} needs a key: an owner enters it under Settings, Assistants.")
    return kind(key, base_url=settings.ASSISTANT_URLS.get(name, ""), client=_client())


@cache
def _client() -> Client:
    """The way out of this process: to public hosts, and to those that the operator named."""
    gateways = {urlsplit(url).netloc.rpartition("@")[2].lower() for url in settings.ASSISTANT_URLS.values()}
    return Client(allowed_hosts=frozenset(settings.ALLOWED_MODEL_HOSTS) | gateways, deadline=settings.CALL_SECONDS)


@lru_cache(maxsize=OPEN_GENERATIONS)
def _index(index_folder: Path) -> Index:
    from rag.index import Index

    return Index.open(index_folder)


@lru_cache(maxsize=2 * OPEN_GENERATIONS)
def _local(index_folder: Path, model: str, rerank_model: str) -> Assistant:
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

        return RemoteGenerator(*read_address(model), _client(), key=settings.GENERATOR_KEY)
    from inference.generate import get_generator

    return get_generator(model, settings.MODEL_ROOT, settings.MODEL_DEVICE)


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
            if is_inside(host) and not _named(model, settings.ALLOWED_MODEL_HOSTS):
                return f"{host} is not on the public internet: name it in ALLOWED_MODEL_HOSTS as well."
        elif model:
            model_folder.check(model_folder.find(model, settings.MODEL_ROOT), settings.MODEL_ROOT)
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
    """What the installed model, the one in use and those of `directories` are worth here. Raises ValueError."""
    from inference.models import survey

    wanted = dict.fromkeys([_model_directory(), None, *directories])
    yield from survey(list(wanted), device=settings.MODEL_DEVICE, precision=settings.EMBEDDING_PRECISION, say=say)


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


def parse(name: str, *bodies: RawBody) -> Answer:
    """Read stored bodies again, several where a turn paused. Raises AssistantError where they hold no answer."""
    kind = assistant_class(name)
    return kind.parse_turns(kind.__new__(kind), bodies)


def where(url: str) -> str:
    """Where a redirect leads that a provider hides a cited page behind. Raises AssistantError."""
    return _client().where(url)


def page_versions(answer: Answer) -> list[int]:
    """The ids of the page versions that an answer of the local engine had in its context."""
    from rag.assistant import source_documents

    return sorted({int(document) for document in source_documents(answer.raw)})


def recorded_ranking(raw: bytes) -> list[Place]:
    """The first documents that the local engine ranked for an answer; none in bodies made before it was recorded."""
    from rag.trace import recorded

    return recorded(raw)


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


def extract_page(html: bytes, url: str | None = None) -> PageText:
    """Title, main text, language and date of a page. Raises `rag.extract.UnreadablePage` with the reason."""
    from rag.extract import extract

    return extract(html, url)


def crawl_refusal(url: str) -> str:
    """Why nothing can be crawled from this address, as far as it says so itself; empty where it may be tried."""
    from rag.fetch import Scope

    try:
        Scope.of(url)
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        return str(error)
    if "@" in parts.netloc:
        return "The address holds a user name. Give it without."
    if _named(url, settings.ALLOWED_CRAWL_HOSTS):
        return ""
    if is_inside(host):
        return f"{host} is not on the public internet. An operator can allow it in ALLOWED_CRAWL_HOSTS."
    if port not in {None, *WEB_PORTS}:
        return f"Port {port} is not one of the web's (80, 443). An operator can allow it in ALLOWED_CRAWL_HOSTS."
    return ""


def ascii_address(url: str) -> str:
    """A page's address as it is requested; empty for what is none, and for one with a user name."""
    from rag.fetch import tidy

    return "" if "@" in urlsplit(url).netloc else tidy(url, "")


def _named(url: str, hosts: Iterable[str]) -> frozenset[str]:
    """The address's host and port, where the operator named them among `hosts`; nothing for any other."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    place = f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    named = {name.lower() for name in hosts}
    return frozenset({place}) if {host, place} & named else frozenset()


@contextmanager
def fetcher(url: str, *, sleep: Callable[[float], None]) -> Iterator[Fetcher]:
    """What fetches the site of this address, over a connection of its own. The operator's own hosts need no pauses."""
    from rag.fetch import PAUSE, Fetcher, Scope

    # a site of strangers names sitemaps and redirects: those must not lead to a host of the operator's
    own = _named(url, settings.ALLOWED_CRAWL_HOSTS)
    client = Client(allowed_hosts=own, connections=1)
    try:
        pause = 0.0 if own else PAUSE
        yield Fetcher(client, Scope.of(url), pause=pause, contact=settings.CRAWLER_CONTACT, sleep=sleep)
    finally:
        client.close()


def first_targets(fetcher: Fetcher, url: str) -> list[Target]:
    """Where a crawl of this address begins. Raises ValueError with the reason where its site cannot be crawled."""
    from rag.crawl import first_targets as first

    return first(fetcher, url)


def crawl(fetcher: Fetcher, frontier: Any, reader: Any) -> Iterator[Visit]:
    """Visit what the frontier names; see `rag.crawl`."""
    from rag.crawl import crawl as visits

    return visits(fetcher, frontier, reader)


def target(**fields: Any) -> Target:
    """An address to visit, as `rag.crawl.Target` has it."""
    from rag.crawl import Target

    return Target(**fields)


def following(visit: Visit) -> list[Target]:
    """The targets that a visit leads to."""
    from rag.crawl import following as targets

    return targets(visit)


def duplicates() -> Any:
    """An empty table of pages by what they say; see `rag.duplicates.Duplicates`."""
    from rag.duplicates import Duplicates

    return Duplicates()


def crawled_page(html: bytes, url: str, charset: str, headers: Mapping[str, str]) -> PageFacts:
    """What a crawl needs of a page. Raises ValueError with the reason."""
    from rag.page_facts import read

    return read(html, url, charset, headers)


def crawled_sitemap(body: bytes, url: str, most: int) -> SitemapFacts:
    """The addresses in a sitemap. Raises ValueError with the reason."""
    from rag.page_facts import read_sitemap

    return read_sitemap(body, url, most)


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
    for kept in (_index, _local):
        kept.cache_clear()
    _sound.clear()


def passages(index_folder: Path, documents: Iterable[str]) -> dict[str, list[tuple[int, int, str]]]:
    """The passages of some documents of a generation as (start, end, heading)."""
    from rag.index import Index

    index = Index.open(index_folder)
    return {document: [(p.start, p.end, p.heading) for p in index.passages_of(document)] for document in documents}
