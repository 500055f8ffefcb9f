"""An answer's markdown as running words, for lists and paper, where its signs would only be in the way.

Loses structure on purpose; whoever needs the answer exactly reads its text. Knows no rows.
"""

from __future__ import annotations

import re
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

#: Blocks that hold words, and what ends each when its own last sign does not.
_ENDS = {"heading_close": ":", "paragraph_close": "", "tr_close": ".", "fence": "", "code_block": ""}
_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n]+\]:\s*https?://.*$", re.MULTILINE)
_ENDED = tuple(".:;,!?…)]”\"'")


def prose(text: str) -> str:
    """Markdown as running words: no signs of emphasis, lists or headings, and links by their words."""
    parts: list[str] = []
    line: list[str] = []
    items = 0
    for token in _parser().parse(_DEFINITION.sub("", text)):  # else [1][2] would be one link, called 1
        items += (token.type == "list_item_open") - (token.type == "list_item_close")
        if token.type == "inline":
            line.append(_words(token))
        elif token.type in ("fence", "code_block"):
            line.append(" ".join(token.content.split()))
        if token.type in _ENDS and line:
            said = ", ".join(cell for cell in line if cell) if token.type == "tr_close" else " ".join(line)
            end = _ENDS[token.type] or ("." if items else "")
            parts.append(said + ("" if not said or said.endswith(_ENDED) else end))
            line = []
    return " ".join(part for part in parts if part)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("gfm-like", {"html": False, "linkify": False})


def _words(inline: Token) -> str:
    """An inline token's text; line breaks are blanks, images their descriptions."""
    words: list[str] = []
    before = ""
    for child in inline.children or []:
        if before == "link_open" and child.content.isdecimal():
            words.append(f"[{child.content}]")  # a marker such as [3], of which markdown made a link
        elif child.type in ("text", "code_inline", "image"):
            words.append(child.content)
        elif child.type == "hardbreak" and words and not words[-1].rstrip().endswith((".", ":", "!", "?")):
            words.append(": ")  # a line of its own, such as a title over its sentence
        elif child.type in ("softbreak", "hardbreak"):
            words.append(" ")
        before = child.type
    return " ".join("".join(words).split())


def beginning(words: str, letters: int) -> str:
    """The first words that fit into so many letters, with a sign where more follow."""
    return words if len(words) <= letters else words[:letters].rsplit(" ", 1)[0] + " …"
