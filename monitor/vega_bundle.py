"""The charts' JavaScript as a static file: Vega, Vega-Lite and vega-embed, written out of the vl-convert wheel.

A staticfiles finder, so that the web server, `collectstatic` and tests find the file like any other. It is written once
a version under DATA_DIR, with its gzip form beside it, when somebody first asks. Nothing is fetched.
"""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

NAME = "monitor/vega.js"


class VegaBundleFinder(BaseFinder):
    """Finds `monitor/vega.js`."""

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        if path not in _names():
            return []
        found = str(ensure() / path)
        return [found] if find_all or kwargs.get("all") else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Any:
        storage = FileSystemStorage(location=str(ensure()))
        return [(name, storage) for name in _names()]


def _names() -> tuple[str, str]:
    return NAME, f"{NAME}.gz"


def folder() -> Path:
    """Where this version's file lies."""
    return Path(settings.DATA_DIR) / "static-generated" / f"vl-convert-{version('vl-convert-python')}"


def ensure() -> Path:
    """The folder, with the files in it; two processes may write them at once."""
    plain, packed = (folder() / name for name in _names())
    if not packed.exists():
        import vl_convert

        content = vl_convert.javascript_bundle().encode()  # type: ignore[call-arg]  # its stub forgets the default
        plain.parent.mkdir(parents=True, exist_ok=True)
        _write(plain, content)
        _write(packed, gzip.compress(content, mtime=0))
    return folder()


def _write(path: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)
