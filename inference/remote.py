"""Texts from prompts by a language model behind an OpenAI-compatible server: vLLM, Ollama, llama.cpp.

Keeps a few calls in flight on the guarded client. Does not know what prompts are about.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from inference import errors, wire
from inference.answer import AssistantError, RawBody
from inference.generator import Generated, Generator, Prompt
from inference.http import Call, Client, Failed
from inference.service import bearer
from inference.shapes import chat

if TYPE_CHECKING:
    from inference.http import Chunks

#: Calls at once: a server with one model works on a few together and lets the others wait until they fail.
IN_FLIGHT = 8
#: What prompt and answer have together where nobody says: servers cut longer ones without a word.
WINDOW = 4096
#: No tokenizer is at hand; texts have seldom more tokens than bytes by this.
BYTES_A_TOKEN = 3
_LARGEST_SEED = 2**31


class RemoteGenerator(Generator):
    """One model of one server, with the `key` that it may ask for. Nothing is sent before it is asked."""

    def __init__(self, url: str, model: str, client: Client, *, key: str = "", window: int = WINDOW) -> None:
        self.name, self.window = model, window
        self._url, self._client = f"{url}/chat/completions", client
        self._headers = bearer(key) if key else {}

    def count_tokens(self, prompt: Prompt) -> int:
        """An estimate."""
        return len((prompt.system + prompt.text).encode("utf-8", "replace")) // BYTES_A_TOKEN + 1

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Generated | AssistantError]]:
        waiting = iter(enumerate(prompts))
        began: dict[int, float] = {}
        with self._client.exchange() as exchange:

            def send(count: int) -> None:
                for index, prompt in (each for _, each in zip(range(count), waiting, strict=False)):
                    began[index] = time.perf_counter()
                    exchange.send(index, self._call(prompt))

            send(IN_FLIGHT)
            for index, result in exchange:
                took = {"prefill": None, "decode": None, "total": _ms(time.perf_counter() - began.pop(index))}
                send(1)
                if isinstance(result, Failed):
                    yield index, result.error
                    continue
                try:
                    yield index, self._generated(prompts[index], result, took)
                except AssistantError as error:
                    yield index, error

    def stream(self, prompt: Prompt) -> Iterator[str | Generated]:
        began = time.perf_counter()
        first: float | None = None
        received = bytearray()
        with closing(self._client.stream(self._call(prompt, stream=True))) as chunks:
            for event in wire.events(wire.lines(_copied(chunks, received))):
                if text := chat.text_deltas(event):
                    first = first or time.perf_counter()
                    yield text
            for _ in _copied(chunks, received):
                pass
            body = RawBody(bytes(received), chunks.status, chunks.headers)
        ended = time.perf_counter()
        first = first or ended
        yield self._generated(prompt, body, {"prefill": _ms(first - began), "decode": _ms(ended - first)})

    def _call(self, prompt: Prompt, *, stream: bool = False) -> Call:
        messages = [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.text}]
        body = {
            "model": self.name,
            "messages": messages,
            "max_tokens": prompt.most_tokens,
            "temperature": prompt.temperature,
            "seed": None if prompt.seed is None else prompt.seed % _LARGEST_SEED,
            "stream": stream or None,
            "stream_options": {"include_usage": True} if stream else None,
        }
        return Call.of_json(self._url, body, self._headers)

    def _generated(self, prompt: Prompt, body: RawBody, took: dict[str, float | None]) -> Generated:
        """What a body says. Raises AssistantError."""
        try:
            payload = wire.read(body.content)
            errors.check(payload, body)
            draft = chat.read(payload).draft
        except RecursionError:
            raise wire.malformed("The body is nested too deeply to be read.") from None
        tokens, decode = draft.usage.output_tokens, took.get("decode")
        each = decode / (tokens - 1) if decode is not None and tokens and tokens > 1 else None
        record: dict[str, Any] = {
            "model": draft.model or self.name,
            "model_sha256": None,
            "dtype": None,
            "device": "server",
            "seed": prompt.seed,
            "temperature": prompt.temperature,
            "timings_ms": took | {"per_token": each and round(each, 3)},
        }
        return Generated(draft.text, draft.finish, draft.usage.input_tokens, tokens, record)


def _copied(chunks: Chunks, received: bytearray) -> Iterator[bytes]:
    for chunk in chunks:
        received.extend(chunk)
        yield chunk


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
