"""AWS's binary event stream, written after its specification: lengths, headers, payload, and two checksums.

A fixture holds one event a line: its `kind` and `fields`; `exception` for an error; `wrapped` for an event of a model's
own stream, as InvokeModel sends it.
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import Any

_STRING = 7


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    """One message."""
    packed = b"".join(
        bytes([len(name)]) + name.encode() + struct.pack(">BH", _STRING, len(value.encode())) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 12 + len(packed) + len(payload) + 4, len(packed))
    checked = prelude + struct.pack(">I", zlib.crc32(prelude)) + packed + payload
    return checked + struct.pack(">I", zlib.crc32(checked))


def encoded(lines: bytes) -> bytes:
    """The stream that a fixture describes."""
    return b"".join(_encoded(json.loads(line)) for line in lines.splitlines())


def _encoded(event: dict[str, Any]) -> bytes:
    fields = event.get("fields", {})
    if "wrapped" in event:
        fields = {"bytes": base64.b64encode(json.dumps(event["wrapped"]).encode()).decode()}
    kind = "exception" if event.get("exception") else "event"
    headers = {f":{kind}-type": event["kind"], ":content-type": "application/json", ":message-type": kind}
    return frame(headers, json.dumps(fields).encode())
