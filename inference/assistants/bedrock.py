"""Amazon Bedrock: Converse, whole and as AWS's binary stream; Claude's own Messages in bodies that InvokeModel gave.

Nova models search the web by a tool of Amazon's, which takes neither place nor language; Claude has no web search here.
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import ClassVar
from urllib.parse import quote

from inference import wire
from inference.answer import KeyField, Question
from inference.draft import Draft
from inference.http import Call
from inference.service import Service, about_asker
from inference.shapes import converse, messages
from inference.wire import Json, Payload, malformed, mapping, string

#: Models that take the search tool; others refuse a question that brings it.
_SEARCHING = ("amazon.nova-2-", "amazon.nova-premier-")
#: Bytes handed to the reader of binary streams at a time, for it copies what it has not read yet at every event.
_PIECE = 64 * 1024


class Bedrock(Service):
    name: ClassVar[str] = "bedrock"
    label: ClassVar[str] = "Amazon Bedrock"
    models: ClassVar[tuple[str, ...]] = (
        "us.amazon.nova-2-lite-v1:0",
        "us.amazon.nova-premier-v1:0",
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    )
    key_fields: ClassVar[tuple[KeyField, ...]] = (
        KeyField("access_key_id", "Access key id"),
        KeyField("secret_access_key", "Secret access key"),
        KeyField("session_token", "Session token", required=False, hint="with temporary credentials only"),
        KeyField("region", "Region", secret=False, hint="us-east-1; Nova searches the web in US regions only"),
    )
    takes_persona: ClassVar[bool] = True

    def call(self, question: Question, *, stream: bool = False) -> Call:
        model = question.model or self.models[0]
        limits = {"temperature": question.temperature, "maxTokens": question.options.get("max_output_tokens")}
        persona = about_asker(question)
        searches = any(name in model for name in _SEARCHING)
        body = {
            "system": [{"text": persona}] if persona else None,
            "messages": [{"role": "user", "content": [{"text": question.text}]}],
            "inferenceConfig": {name: value for name, value in limits.items() if value is not None} or None,
            "toolConfig": {"tools": [{"systemTool": {"name": converse.SEARCH_TOOL}}]} if searches else None,
        }
        root = self.address or f"https://bedrock-runtime.{self.key['region']}.amazonaws.com"
        operation = "converse-stream" if stream else "converse"
        return self._signed(Call.of_json(f"{root}/model/{quote(model, safe='')}/{operation}", body, {}))

    def payload(self, content: bytes) -> Payload:
        if not _is_event_stream(content):
            return wire.read(content)
        pieces = (content[at : at + _PIECE] for at in range(0, len(content), _PIECE))
        return Payload(events=tuple(_events(pieces, strict=True)))

    def events(self, chunks: Iterable[bytes]) -> Iterator[Json]:
        return _events(chunks, strict=False)

    def read(self, payload: Payload) -> Draft:
        return converse.read(payload) if converse.holds(payload) else messages.read(payload)

    def delta(self, event: Json) -> str:
        return converse.text_deltas(event) or messages.text_deltas(event)

    def _signed(self, call: Call) -> Call:
        """The call with the headers of AWS's Signature Version 4 over all of it."""
        # imported here, for reading a recorded body has to start at once
        from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
        from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
        from botocore.credentials import Credentials  # type: ignore[import-untyped]

        request = AWSRequest(method=call.method, url=call.url, data=call.body, headers=dict(call.headers))
        token = self.key.get("session_token") or None
        credentials = Credentials(self.key["access_key_id"], self.key["secret_access_key"], token)
        SigV4Auth(credentials, "bedrock", self.key["region"]).add_auth(request)
        return replace(call, headers=dict(request.headers.items()))


def _is_event_stream(content: bytes) -> bool:
    """Whether a body is AWS's binary stream: its first eight bytes are followed by their checksum."""
    return len(content) >= 12 and zlib.crc32(content[:8]) == int.from_bytes(content[8:12], "big")


def _events(chunks: Iterable[bytes], *, strict: bool) -> Iterator[Json]:
    """The events of a binary stream. Where it is damaged, raises AssistantError if `strict` and ends if not."""
    from botocore.eventstream import EventStreamBuffer, ParserError  # type: ignore[import-untyped]

    buffer = EventStreamBuffer()
    for chunk in chunks:
        buffer.add_data(chunk)
        try:
            for message in buffer:
                yield _event(message.headers, message.payload)
        except (ParserError, struct.error, LookupError, ValueError):
            # the reader checks sums and lengths, and trips over headers that are none
            if strict:
                raise malformed("The stream of events is damaged.") from None
            return


def _event(headers: Json, payload: bytes) -> Json:
    """One binary event as plain JSON; an exception becomes an error in the form that other services use."""
    fields = mapping(wire.read(payload).document)
    if headers.get(":message-type", "event") != "event":
        code = string(headers.get(":exception-type")) or string(headers.get(":error-code"))
        message = string(headers.get(":error-message")) or string(fields.get("message"))
        return {"type": "error", "error": {"type": code, "message": message}}
    if "bytes" in fields:
        return _unwrapped(string(fields["bytes"]))
    return {string(headers.get(":event-type")): fields}


def _unwrapped(chunk: str) -> Json:
    """The event of a model's own stream that InvokeModel put into one of its own."""
    try:
        return mapping(json.loads(base64.b64decode(chunk)))
    except (ValueError, RecursionError):
        return {}
