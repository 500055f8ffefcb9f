"""Alibaba's Qwen by DashScope: its own search, whose `[n]` point into a list of results beside the answer.

Written after the documentation; no recording was at hand.
"""

from __future__ import annotations

from typing import ClassVar

from inference.answer import KeyField, Question, Usage
from inference.draft import Draft
from inference.http import Call
from inference.service import API_KEY, Service, bearer, conversation
from inference.wire import Json, Payload, integer, items, malformed, mapping, string, total


class Qwen(Service):
    name: ClassVar[str] = "qwen"
    label: ClassVar[str] = "Qwen (DashScope)"
    models: ClassVar[tuple[str, ...]] = ("qwen-plus", "qwen-max")
    base_url: ClassVar[str] = "https://dashscope-intl.aliyuncs.com/api/v1"
    key_fields: ClassVar[tuple[KeyField, ...]] = (
        API_KEY,
        KeyField("base_url", "Address", secret=False, required=False, hint="of another region's API"),
    )
    takes_persona: ClassVar[bool] = True

    def call(self, question: Question, *, stream: bool = False) -> Call:
        parameters = {
            "result_format": "message",
            "enable_search": True,
            "search_options": {"enable_source": True, "enable_citation": True, "citation_format": "[<number>]"},
            "temperature": question.temperature,
            "seed": None if question.seed is None else question.seed % 2**31,
            "max_tokens": question.options.get("max_output_tokens"),
        }
        body = {
            "model": question.model or self.models[0],
            "input": {"messages": conversation(question)},
            "parameters": {key: value for key, value in parameters.items() if value is not None},
        }
        url = f"{self.address}/services/aigc/text-generation/generation"
        return Call.of_json(url, body, bearer(self.key["api_key"]))

    def read(self, payload: Payload) -> Draft:
        document = mapping(payload.document)
        output = mapping(document.get("output"))
        choice = next(iter(items(output.get("choices"))), None)
        if choice is None:
            raise malformed("This is no generation: it has no choice.")
        draft = Draft(finish="truncated" if choice.get("finish_reason") == "length" else "complete")
        draft.add_thinking_first(string(mapping(choice.get("message")).get("content")))
        _read_search(draft, mapping(output.get("search_info")))
        usage = mapping(document.get("usage"))
        search = mapping(mapping(usage.get("plugins")).get("search"))
        draft.usage = Usage(
            total(usage.get("input_tokens")), total(usage.get("output_tokens")), total(search.get("count"))
        )
        return draft


def _read_search(draft: Draft, search: Json) -> None:
    """The results that were consulted, in the order that markers count by."""
    if not isinstance(search.get("search_results"), list):
        return
    results = items(search["search_results"])
    numbered = {integer(row.get("index")): row for row in results}
    listed = [numbered.get(number, {}) for number in range(1, len(results) + 1)]
    draft.consult_numbered([(string(row.get("url")), string(row.get("title"))) for row in listed])
