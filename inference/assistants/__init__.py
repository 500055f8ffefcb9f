"""One file per assistant, found by scanning this folder: a file added here is an assistant everywhere."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from inference.answer import Assistant


@cache
def every() -> dict[str, type[Assistant]]:
    """Every assistant of this folder by its name."""
    found: dict[str, type[Assistant]] = {}
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        for item in vars(module).values():
            if isinstance(item, type) and issubclass(item, Assistant) and item.__module__ == module.__name__:
                found[item.name] = item
    return found
