"""Pages, scripts and data go out compressed to browsers that take it: a page with many charts is a tenth of its length.

zstd where it is taken, else gzip, both at levels that cost less than sending the rest would. What is streamed, small
or a part of a file goes out as it is. To guess a secret by the length of what comes back, somebody else's page must
ask with the visitor's cookies, which stay at home (`SameSite`), and Django masks the CSRF token anew in every page.
Knows nothing of what is sent.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator

import zstandard
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

#: Bytes that fit into one packet with the headers, about.
SMALL = 1200
_PACKED_BY_ITSELF = ("image/png", "application/pdf", "application/zip", "application/vnd", "application/octet-stream")
_WITHOUT_WEIGHT = {"q=0", "q=0.0", "q=0.00", "q=0.000"}

#: By the name of the encoding, the preferred first.
_COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda content: zstandard.ZstdCompressor(level=3).compress(content),
    "gzip": lambda content: gzip.compress(content, compresslevel=1, mtime=0),
}


class CompressionMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if _is_worth_it(response):
            patch_vary_headers(response, ["Accept-Encoding"])
            taken = set(_taken(request.headers.get("Accept-Encoding", "")))
            encoding = next((name for name in _COMPRESSORS if name in taken), None)
            if encoding:
                _compress(response, encoding)
        return response


def _is_worth_it(response: HttpResponseBase) -> bool:
    return (
        not response.streaming
        and response.status_code == 200
        and not response.has_header("Content-Encoding")
        and len(response.content) > SMALL  # type: ignore[attr-defined]
        and not response.get("Content-Type", "").startswith(_PACKED_BY_ITSELF)
    )


def _taken(header: str) -> Iterator[str]:
    """The encodings of an Accept-Encoding header, without those that it rules out."""
    for part in header[:500].lower().split(","):
        name, _, weight = part.partition(";")
        if weight.replace(" ", "") not in _WITHOUT_WEIGHT:
            yield name.strip()


def _compress(response: HttpResponseBase, encoding: str) -> None:
    response.content = _COMPRESSORS[encoding](response.content)  # type: ignore[attr-defined]
    response["Content-Encoding"] = encoding
    response["Content-Length"] = str(len(response.content))  # type: ignore[attr-defined]
    del response["ETag"]  # a file's, for its bytes as they are; its date says as well whether it is still the same
