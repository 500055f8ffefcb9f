"""How the time to read a body grows with its length: twice as long should take about twice the time.

    python -m bench.parsing

For every hostile kind of body and pasted text, the time for eight times the length over that for the length itself
(about 8 when it grows in proportion, 64 when it grows with the square). Prints one JSON line.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from inference.answer import RawBody
from inference.assistants import every

#: Pieces that a pasted text is made of over and over.
PASTED = ("[1]", "[1, ", "[", "[a][1]", "<!--", "\u00b9", "citeturn0a1", "1. http://a.b\n", "```\n", "a\r")
LIST = "\n\nSources\n[1] https://a.example/\n[2] https://b.example/\n"


def main() -> None:
    cases: dict[str, tuple[str, Callable[[int], bytes]]] = {
        "responses": ("openai", responses),
        "chat stream": ("openrouter", chat_stream),
        "one line": ("openai", one_line),
        "markers": ("perplexity", markers),
        "tails of URLs": ("openai", tails),
    }
    for piece in PASTED:
        cases[f"pasted {piece!r}"] = ("pasted", lambda size, piece=piece: pasted(piece, size))  # type: ignore[misc]
    growth = {name: ratio(assistant, made) for name, (assistant, made) in cases.items()}
    print(json.dumps({"bench": "parsing", "times_for_8x": growth, "worst": max(growth.values())}))


def ratio(assistant: str, made: Callable[[int], bytes]) -> float:
    """The time for 120,000 characters over that for 15,000, the best of three each."""
    kind = every()[assistant]

    def seconds(size: int) -> float:
        body = RawBody(made(size))
        times = []
        for _ in range(3):
            began = time.process_time()
            kind.__new__(kind).parse(body)
            times.append(time.process_time() - began)
        return min(times)

    return round(seconds(120_000) / max(seconds(15_000), 1e-4), 1)


def pasted(piece: str, size: int) -> bytes:
    return ((piece * size)[:size] + LIST).encode()


def responses(size: int) -> bytes:
    """Parts, annotations, links and queries, many of each."""
    text = "Words and [a link](https://a.example/p) [1] `code` https://b.example/q. "
    count = size // 400
    output = [
        {
            "type": "web_search_call",
            "action": {"type": "search", "query": f"q{n}", "sources": [{"url": f"https://s.example/{n}"}]},
        }
        for n in range(count // 2)
    ] + [
        {
            "type": "message",
            "content": [
                {
                    "type": "output_text",
                    "text": text,
                    "annotations": [
                        {"type": "url_citation", "start_index": 0, "end_index": 5, "url": f"https://c.example/{n}"}
                    ],
                }
            ],
        }
        for n in range(count // 2)
    ]
    return json.dumps({"object": "response", "output": output}).encode()


def chat_stream(size: int) -> bytes:
    """Deltas of a few words, each with an annotation of its own."""
    return b"".join(
        b"data: "
        + json.dumps(
            {
                "choices": [
                    {
                        "delta": {
                            "content": "Some words [1], `x`. ",
                            "annotations": [{"type": "url_citation", "url": f"https://c.example/{n}"}],
                        }
                    }
                ]
            }
        ).encode()
        + b"\n\n"
        for n in range(size // 160)
    )


def one_line(size: int) -> bytes:
    return json.dumps({"choices": [{"message": {"content": "word " * (size // 5)}}]}).encode()


def markers(size: int) -> bytes:
    text = "Word [1] and `code` [2]. " * (size // 25)
    listed = [{"url": f"https://a.example/{n}"} for n in range(2)]
    return json.dumps({"choices": [{"message": {"content": text}}], "search_results": listed}).encode()


def tails(size: int) -> bytes:
    """A URL with much behind it that is no part of it."""
    text = "https://a.example/" + ")" * (size // 2) + " https://b.example/" + "&amp;" * (size // 10)
    return json.dumps({"choices": [{"message": {"content": text}}]}).encode()


if __name__ == "__main__":
    main()
