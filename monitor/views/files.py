"""Files as responses, read piece by piece: a large one is never held as a whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import IO

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

PIECE = 256 * 1024


def attachment(file: IO[bytes], *, name: str, content_type: str) -> StreamingHttpResponse:
    """The file from its beginning, to be saved under that name; it is closed when it is sent."""
    size = file.seek(0, 2)
    file.seek(0)
    response = StreamingHttpResponse(_pieces(file), content_type=content_type)
    response["Content-Length"] = str(size)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := await sync_to_async(file.read)(PIECE):
            yield piece
