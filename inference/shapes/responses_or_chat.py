"""The two formats of providers that offer both: the Responses API, and Chat Completions."""

from __future__ import annotations

from inference.draft import Draft
from inference.shapes import chat, responses
from inference.wire import Json, Payload


def read(payload: Payload, *, all_calls_search: bool = False) -> Draft:
    """The answer in a body of either format. `all_calls_search` as in `responses.read`."""
    if responses.holds(payload):
        return responses.read(payload, all_calls_search=all_calls_search)
    return chat.read(payload).draft


def text_deltas(event: Json) -> str:
    """The text that one event of a stream adds, in either format."""
    return responses.text_deltas(event) or chat.text_deltas(event)
