"""Prompts as a model's tokens: the conversation's own marks stand where its format says, and nowhere in what is said.

Nothing that a text holds becomes one of the marks by which a model knows who speaks: they are broken up as text, read
as plain text, and left out should a tokenizer still make one. Does not know how tokens are computed on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from inference import chat_format, model_folder
from inference.model_folder import ModelFolder, UnusableFolder


class PromptTokens:
    """The tokenizer of a model folder with the format of its conversations."""

    def __init__(self, folder: ModelFolder, tokenizer: Any) -> None:
        """Raises UnusableFolder where the folder's chat template cannot be used."""
        self.tokenizer = tokenizer
        template = model_folder.chat_template(folder.path)
        named = {name: str(token) for name, token in tokenizer.special_tokens_map.items() if isinstance(token, str)}
        try:
            self._format = chat_format.read(template, named) if template else chat_format.PLAIN
        except chat_format.UnusableTemplate as error:
            raise UnusableFolder(str(error)) from None
        marks = {token: number for number, token in tokenizer.added_tokens_decoder.items() if _is_mark(token)}
        self._marks = frozenset(marks.values())
        longest_first = sorted((token.content for token in marks), key=len, reverse=True)
        self._any_mark = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")
        begin = tokenizer.bos_token_id if template is None else None
        self._before = ([] if begin is None else [begin]) + self._piece(self._format.before)
        self._between = self._piece(self._format.between or "\n\n")
        self._after = self._piece(self._format.after)
        known = (tokenizer.pad_token_id, tokenizer.eos_token_id, 0)
        self.padding = int(next(token for token in known if token is not None))

    def encode(self, system: str, text: str) -> tuple[list[int], int]:
        """The prompt's tokens, and how many of them come before the text."""
        head = [*self._before, *self._said(system), *self._between]
        return [*head, *self._said(text), *self._after], len(head)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of generated tokens, without the model's marks."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True))

    def _piece(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"] if text else []
        return ids

    def _said(self, text: str) -> list[int]:
        clean = text.encode("utf-8", "replace").decode("utf-8")
        broken = self._any_mark.sub(lambda mark: f"{mark[0][:1]} {mark[0][1:]}", clean)
        found = self.tokenizer(broken, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        return [token for token in found if token not in self._marks]


def _is_mark(token: Any) -> bool:
    """Special, or written as marks are; blanks and words that were added to save tokens are no marks."""
    return bool(token.special) or bool(re.search(r"[<\[|].*[>\]|]", token.content))
