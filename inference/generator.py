"""What those who write prompts know of language models: a prompt, what a model made of it, and who makes it.

Loads no torch. Does not know where a model runs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from inference.answer import AssistantError, Finish


@dataclass(frozen=True, slots=True)
class Prompt:
    """Instructions and a text to go on from. Temperature 0 takes the likeliest token; else equal seeds draw alike."""

    system: str
    text: str
    seed: int | None = None
    temperature: float = 0.0
    most_tokens: int = 400


@dataclass(frozen=True, slots=True)
class Generated:
    """A model's text; `record` holds how it was made: model, its hash, dtype, seed, and times in milliseconds."""

    text: str
    finish: Finish
    input_tokens: int | None
    output_tokens: int | None
    record: dict[str, Any] = field(default_factory=dict)


class Generator(ABC):
    """Writes on from prompts. `window` is the tokens that prompt and answer may have together, None for unknown."""

    name: str
    window: int | None = None

    @abstractmethod
    def count_tokens(self, prompt: Prompt) -> int:
        """How many tokens the prompt has, or may have."""

    @abstractmethod
    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Generated | AssistantError]]:
        """Yield (index, text or error) as prompts finish."""

    @abstractmethod
    def stream(self, prompt: Prompt) -> Iterator[str | Generated]:
        """Yield text as it comes; the last item is the whole. Raises AssistantError."""


def read_address(text: str) -> tuple[str, str]:
    """(base URL, model) of `URL#MODEL`. Raises ValueError."""
    url, _, model = text.partition("#")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or not model.strip():
        raise ValueError(
            "give the server's URL and its model as URL#MODEL, such as http://localhost:11434/v1#qwen3:4b."
        )
    return url.rstrip("/"), model.strip()
