"""Static files under ASGI: WhiteNoise finds them and makes their headers, and they are sent in one piece.

Its own middleware hands over an open file, which an ASGI server can send only after Django has read it whole behind
the scenes, with a warning in the log for each file. The largest file here is a few megabytes.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]
    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        """The file, or the part of it that was asked for; nothing but headers for HEAD and what the browser has."""
        found = static_file.get_response(request.method, request.META)
        response = HttpResponse(status=int(found.status))
        if found.file is not None:
            with found.file as file:
                response.content = file.read()
        del response["Content-Type"]
        for name, value in found.headers:
            response[name] = value
        return response
