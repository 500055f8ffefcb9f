"""How a model wants a conversation written, as the fixed pieces around what is said in it.

A chat template is a program that came with the model. It is run once, in a process of its own that may use little
memory and time, on placeholders; what it writes around them is all that is kept. So no template is run on a question,
and nothing that a page says can reach one.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

#: Seconds, of the processor and of the clock, and bytes that a template may take.
PROCESSOR_SECONDS, SECONDS, MEMORY = 5, 30, 3 * 1024**3
LONGEST_PIECE = 20_000
#: What no template says of its own accord.
_SYSTEM, _USER = "zqSYSTEMqz", "zqUSERqz"


class UnusableTemplate(ValueError):  # noqa: N818 - a state of the template
    """The chat template does not write a conversation; the message says what happened."""


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """What stands before the instructions, between them and the question, and after it.

    `between` is None for a model without a place for instructions: they then lead the question.
    """

    before: str
    between: str | None
    after: str


#: For a model that was never taught to converse.
PLAIN = ChatFormat("", "\n\n", "\n\nAnswer:\n")


def read(template: str, tokens: dict[str, str]) -> ChatFormat:
    """The pieces that a template writes; `tokens` are the model's special tokens by name. Raises UnusableTemplate."""
    work = {"template": template, "tokens": tokens, "system": _SYSTEM, "user": _USER}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "inference.chat_format"],
            input=json.dumps(work).encode(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UnusableTemplate(f"The chat template ran for more than {SECONDS} seconds.") from None
    if done.returncode:
        raise UnusableTemplate("The chat template took too much time or memory.")
    found = json.loads(done.stdout)
    for error, text in (found["both"], found["alone"]):
        if error is None and (pieces := _pieces(text)):
            return pieces
    reason = str(found["alone"][0] or "the question is lost").rstrip(". ")
    raise UnusableTemplate(f"The chat template writes no conversation: {reason}.")


def _pieces(text: str) -> ChatFormat | None:
    """The pieces around the placeholders, None where one of them is missing, doubled or out of place."""
    parts = re.split(f"({_SYSTEM}|{_USER})", text)
    if sum(map(len, parts)) > LONGEST_PIECE:
        return None
    if parts[1::2] == [_SYSTEM, _USER]:
        return ChatFormat(parts[0], parts[2], parts[4])
    return ChatFormat(parts[0], None, parts[2]) if parts[1::2] == [_USER] else None


def _render(work: dict[str, Any]) -> dict[str, list[str | None]]:
    """Both conversations, each as (error, text)."""
    from transformers.utils import chat_template_utils

    system, user = ({"role": role, "content": work[role]} for role in ("system", "user"))
    found: dict[str, list[str | None]] = {}
    for name, messages in (("both", [system, user]), ("alone", [user])):
        try:
            rendered: Any = chat_template_utils.render_jinja_template(
                conversations=[messages],
                chat_template=work["template"],
                add_generation_prompt=True,
                **work["tokens"],
            )
            found[name] = [None, str(rendered[0][0])[: 2 * LONGEST_PIECE]]
        except Exception as error:  # noqa: BLE001 - a template can raise anything
            found[name] = [f"{type(error).__name__}: {error}"[:300], None]
    return found


def main() -> None:
    """The process that runs a template: JSON in and out."""
    work = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    json.dump(_render(work), sys.stdout)


if __name__ == "__main__":
    main()
