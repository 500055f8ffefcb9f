"""Title and text of one page, or why it has none. Runs in processes without Django's models, so it imports none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.assistants import crawler
from monitor.services.guarded import Failed
from monitor.services.page_rows import PageRow

if TYPE_CHECKING:
    from rag.extract import PageText


def read_page(row: PageRow) -> PageText | Failed:
    try:
        text = crawler.extract_page(row.html, row.url)
    except ValueError as error:
        return Failed(str(error))
    except RecursionError:
        return Failed("Its elements are nested too deeply to be read.")
    return text if text.text.strip() else Failed("No text was found in it.")
