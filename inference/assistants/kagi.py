"""Kagi's FastGPT: one answer over Kagi's own search, whose `[n]` point into a list of references beside it.

It always searches, takes neither place, language nor persona, and does not stream.
"""

from __future__ import annotations

from typing import ClassVar

from inference.answer import Question
from inference.draft import Draft
from inference.http import Call
from inference.service import Service
from inference.wire import Payload, malformed, mapping, string


class Kagi(Service):
    name: ClassVar[str] = "kagi"
    label: ClassVar[str] = "Kagi FastGPT"
    models: ClassVar[tuple[str, ...]] = ("fastgpt",)
    base_url: ClassVar[str] = "https://kagi.com/api/v0"
    takes_model: ClassVar[bool] = False
    takes_output_limit: ClassVar[bool] = False

    def call(self, question: Question, *, stream: bool = False) -> Call:
        # a cached answer would repeat an earlier one instead of being asked for
        body = {"query": question.text, "cache": False}
        return Call.of_json(f"{self.address}/fastgpt", body, {"Authorization": f"Bot {self.key['api_key']}"})

    def read(self, payload: Payload) -> Draft:
        data = mapping(mapping(payload.document).get("data"))
        if not isinstance(data.get("output"), str):
            raise malformed("This is no FastGPT answer: it has no output.")
        draft = Draft()
        draft.add_thinking_first(data["output"])
        references = data.get("references")
        listed = [
            (string(mapping(entry).get("url")), string(mapping(entry).get("title")))
            for entry in (references if isinstance(references, list) else [])
        ]
        draft.consult_numbered(listed)
        return draft
