"""Mistral: Conversations with its web search, whose references stand between the pieces of text; Chat Completions."""

from __future__ import annotations

from typing import Any, ClassVar

from inference.answer import Question, Usage
from inference.draft import Draft
from inference.http import Call
from inference.service import Service, about_asker, bearer
from inference.shapes import chat
from inference.wire import Json, Payload, embedded, integer, items, malformed, mapping, string, total


class Mistral(Service):
    name: ClassVar[str] = "mistral"
    label: ClassVar[str] = "Mistral"
    models: ClassVar[tuple[str, ...]] = ("mistral-medium-latest", "mistral-large-latest")
    base_url: ClassVar[str] = "https://api.mistral.ai/v1"
    takes_persona: ClassVar[bool] = True

    def call(self, question: Question, *, stream: bool = False) -> Call:
        completion = {
            "temperature": question.temperature,
            "random_seed": question.seed,
            "max_tokens": question.options.get("max_output_tokens"),
        }
        body = {
            "model": question.model or self.models[0],
            "instructions": about_asker(question),
            "inputs": question.text,
            "tools": [{"type": "web_search"}],
            "completion_args": {key: value for key, value in completion.items() if value is not None} or None,
            "store": False,
            "stream": stream,
        }
        return Call.of_json(f"{self.address}/conversations", body, bearer(self.key["api_key"]))

    def read(self, payload: Payload) -> Draft:
        if chat.holds(payload):
            return chat.read(payload).draft
        return _read(payload.document if payload.document is not None else _joined(payload.events))

    def delta(self, event: Json) -> str:
        if event.get("type") != "message.output.delta":
            return chat.text_deltas(event)
        content = event.get("content")
        return string(content) or string(mapping(content).get("text"))


def _read(conversation: Json) -> Draft:
    """The answer in the outputs of a conversation."""
    if not isinstance(conversation.get("outputs"), list):
        raise malformed("This is no conversation: it has no outputs.")
    draft = Draft()
    executions = 0
    for output in items(conversation["outputs"]):
        draft.interrupt()
        if output.get("type") == "message.output":
            draft.model = draft.model or string(output.get("model")) or None
            _read_message(draft, output.get("content"))
        elif output.get("type") == "tool.execution" and string(output.get("name")).startswith("web_search"):
            executions += 1
            draft.search(string(embedded(output.get("arguments")).get("query")))
    draft.model = draft.model or string(conversation.get("model")) or None
    usage = mapping(conversation.get("usage"))
    counted = total(mapping(usage.get("connectors")).get("web_search"))
    draft.usage = Usage(
        input_tokens=total(usage.get("prompt_tokens"), usage.get("connector_tokens")),
        output_tokens=total(usage.get("completion_tokens")),
        searches=executions if counted is None else counted,
    )
    return draft


def _read_message(draft: Draft, content: Any) -> None:
    """Text, and references that belong to the piece of text before them."""
    start, end = 0, 0
    for chunk in [{"type": "text", "text": content}] if isinstance(content, str) else items(content):
        kind = chunk.get("type", "text")
        if kind == "text":
            if text := string(chunk.get("text")):
                start = draft.add(text)
                end = start + len(text)
        elif kind == "tool_reference":
            draft.cite(string(chunk.get("url")), start, end, string(chunk.get("title")))
        elif kind == "thinking":
            draft.interrupt()


def _joined(events: tuple[Json, ...]) -> Json:
    """The conversation that the events of a stream build up."""
    outputs: dict[tuple[str, str | int | None], Json] = {}
    usage: Any = None
    for event in events:
        kind = string(event.get("type"))
        if kind == "message.output.delta":
            key = ("message", _place(event))
            message = outputs.setdefault(key, {"type": "message.output", "model": "", "content": []})
            message["model"] = message["model"] or event.get("model")
            _append(message["content"], event.get("content"), event.get("content_index"))
        elif kind.startswith("tool.execution."):
            key = ("tool", _place(event))
            call = outputs.setdefault(key, {"type": "tool.execution", "arguments": ""})
            call["name"] = string(event.get("name")) or call.get("name")
            arguments = string(event.get("arguments"))
            call["arguments"] = (
                call["arguments"] + arguments if kind.endswith(".delta") else arguments or call["arguments"]
            )
        elif kind == "conversation.response.done":
            usage = event.get("usage")
    if not outputs and usage is None:
        raise malformed("The stream holds no conversation.")
    return {"outputs": list(outputs.values()), "usage": usage}


def _place(event: Json) -> str | int | None:
    """Which of the outputs an event goes on with."""
    return string(event.get("id")) or integer(event.get("output_index"))


def _append(content: list[Json], piece: Any, index: Any) -> None:
    """Add a delta; text goes on in the chunk before it where that is of the same place."""
    chunk = {"type": "text", "text": piece} if isinstance(piece, str) else dict(mapping(piece))
    last = content[-1] if content else {}
    if chunk.get("type", "text") == last.get("type") == "text" and last.get("at") == index:
        last["text"] += string(chunk.get("text"))
    elif chunk:
        content.append({"type": "text", **chunk, "at": index})
