"""Tables of counts as bytes: rows of a few fixed columns, compressed, so that all a page needs of a run is one row.

Knows the columns, and neither who counts nor what is made of the counts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import zstandard

Table = npt.NDArray[Any]

#: One prompt's answers: how many are valid and so on; of the valid ones, how many name or cite whom.
CELLS = np.dtype(
    [("prompt", "<i8")]
    + [
        (name, "<i4")
        for name in (
            *("valid", "with_citation", "with_pawc", "reporting", "failed", "refused"),
            *("own_named", "own_cited", "rival_named", "rival_cited", "gaps"),
        )
    ]
)
#: How many valid answers to the prompt name the brand at the rank; at rank 0: cite a page of its domains.
BRANDS = np.dtype([("prompt", "<i8"), ("brand", "<i8"), ("rank", "<i4"), ("answers", "<i4")])
#: What mentions of the brand in valid answers to the prompt say, as a place in SAID: how many do, in how many answers.
MENTIONS = np.dtype([("prompt", "<i8"), ("brand", "<i8"), ("said", "<i1"), ("mentions", "<i4"), ("answers", "<i4")])
#: A mention is judged or waits for that, a judged one has one of three sentiments, and any one at most one role.
SAID = ("judged", "recommended", "neutral", "negative", "waiting", "compared", "listed", "only_named")
#: How many valid answers to the prompt have the brand at the place of a list: its best one, where there are several.
PLACES = np.dtype([("prompt", "<i8"), ("brand", "<i8"), ("place", "<i4"), ("answers", "<i4")])
#: How many valid answers to the prompt cite the domain, retrieved it, cite it and are gaps; its summed citation share
#: and position-adjusted word count. `domain` is the `key` of its name; a list beside the table has the names in the
#: order of their keys.
DOMAINS = np.dtype(
    [
        *(("domain", "<i8"), ("prompt", "<i8"), ("cited", "<i4"), ("retrieved", "<i4"), ("gaps", "<i4")),
        *(("share", "<f8"), ("pawc", "<f8")),
    ]
)
#: A domain that an answer cites; 0 for an answer that cites none. `answer` counts the run's answers in their order.
ANSWERS = np.dtype([("answer", "<i4"), ("prompt", "<i8"), ("domain", "<i8")])
#: As DOMAINS for single pages; `used` answers retrieved it and cite it.
PAGES = np.dtype([("page", "<i8"), ("prompt", "<i8"), ("cited", "<i4"), ("retrieved", "<i4"), ("used", "<i4")])
#: One response each: -1 where a figure is not known. `micros` are millionths of a dollar; `error` and `model` are
#: places in a list of names beside the table.
CALLS = np.dtype(
    [
        *(("prompt", "<i8"), ("answered", "?"), ("valid", "?"), ("truncated", "?"), ("searched", "?")),
        *(("latency_ms", "<i4"), ("first_text_ms", "<i4"), ("output_tokens", "<i4"), ("tries", "<i4")),
        *(("micros", "<i8"), ("error", "<i4"), ("model", "<i4")),
    ]
)


def key(name: str) -> int:
    """A number for a name, the same in every table: tables are put together without a look at the names."""
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") >> 1


def pack(rows: Iterable[tuple[Any, ...]], columns: np.dtype[Any]) -> bytes:
    """The rows of a table as bytes; the same rows in the same order are always the same bytes."""
    return _squeezed(np.array(list(rows), columns).tobytes())


def unpack(packed: bytes | memoryview | None, columns: np.dtype[Any]) -> Table:
    """The table again, read-only; of what was not counted yet, one without rows."""
    return np.frombuffer(b"" if packed is None else _unsqueezed(packed), columns)


def pack_texts(texts: Sequence[Any]) -> bytes:
    """Texts, or lists of them, as bytes."""
    return _squeezed(json.dumps(texts, ensure_ascii=False, separators=(",", ":")).encode())


def unpack_texts(packed: bytes | memoryview) -> list[Any]:
    found: list[Any] = json.loads(_unsqueezed(packed))
    return found


def _squeezed(content: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(content)


def _unsqueezed(packed: bytes | memoryview) -> bytes:
    return zstandard.ZstdDecompressor().decompress(bytes(packed))
