"""The one door from the product to assistants, to the local engine (`engine`) and to the crawler (`crawler`).

Nothing else in `monitor` imports `rag` or an assistant's class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from django.conf import settings

from inference.answer import Answer, Assistant, KeyField, RawBody
from inference.assistants import every
from monitor.assistants import engine
from monitor.assistants.hosts import client

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
        return engine.local(index_folder, model, settings.RERANK_MODEL)
    kind: Callable[..., Assistant] = assistant_class(name)
    if not assistant_class(name).key_fields:
        return kind()
    if key is None:
        raise ValueError(f"{label(name)} needs a key: an owner enters it under Settings, Assistants and keys.")
    return kind(key, base_url=settings.ASSISTANT_URLS.get(name, ""), client=client())


def parse(name: str, *bodies: RawBody) -> Answer:
    """Read stored bodies again, several where a turn paused. Raises AssistantError where they hold no answer."""
    kind = assistant_class(name)
    return kind.parse_turns(kind.__new__(kind), bodies)


def where(url: str) -> str:
    """Where a redirect leads that a provider hides a cited page behind. Raises AssistantError."""
    return client().where(url)
