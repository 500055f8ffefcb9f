"""Tokens of Google's service accounts, fetched through this project's own client. Does not know what they are for."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from google.auth import exceptions, transport
from google.oauth2 import service_account

from inference.answer import AssistantError, RawBody
from inference.http import Call, Client

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


class ServiceAccount:
    """A service account's key file. Raises ValueError, without quoting it, for text that is none."""

    def __init__(self, key_file: str, client: Client) -> None:
        try:
            known = json.loads(key_file)
            self._credentials: Any = service_account.Credentials.from_service_account_info(known, scopes=_SCOPES)  # type: ignore[no-untyped-call]
        except (ValueError, TypeError, AttributeError, exceptions.GoogleAuthError):
            raise ValueError("This is no key file of a Google service account: paste the whole JSON file.") from None
        self.project: str = self._credentials.project_id
        self._fetch = _Fetch(client)
        self._lock = threading.Lock()

    def token(self) -> str:
        """A token that is valid now. Raises AssistantError("auth") where Google gives none."""
        with self._lock:
            if not self._credentials.valid:
                try:
                    self._credentials.refresh(self._fetch)
                except exceptions.GoogleAuthError as error:
                    raise AssistantError("auth", f"Google gave no token for the service account: {error}") from None
            return str(self._credentials.token)


class _Fetched(transport.Response):
    """A body as google-auth reads it."""

    def __init__(self, body: RawBody) -> None:
        self._body = body

    @property
    def status(self) -> int:
        return self._body.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._body.headers

    @property
    def data(self) -> bytes:
        return self._body.content


class _Fetch(transport.Request):
    """google-auth's way out, by the guarded client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: Any,
    ) -> _Fetched:
        content = body.encode() if isinstance(body, str) else body or b""
        try:
            return _Fetched(self._client.send(Call(url, content, headers or {}, deadline=timeout or 30, method=method)))
        except AssistantError as error:
            raise exceptions.TransportError(error.message) from None  # type: ignore[no-untyped-call]
