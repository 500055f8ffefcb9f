"""`python -m inference`: what this package can do, by itself, JSON Lines in and out. Errors go to stderr with code 2.

Each command imports what it needs when it runs, so that light ones start at once.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def urls(arguments: argparse.Namespace) -> None:
    """One URL a line, cut at line feeds only -> its page identity and registrable domain."""
    from inference.pages import identify

    for line in sys.stdin.buffer:
        url = line.removesuffix(b"\n").decode("utf-8", "replace")
        identity = identify(url)
        row = {"url": url, "page": identity.page, "domain": identity.domain}
        sys.stdout.buffer.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")


def parse(arguments: argparse.Namespace) -> None:
    """Verbatim bodies -> one line each: the Answer less `raw`, or its error."""
    from inference.answer import Assistant, AssistantError, RawBody
    from inference.assistants import every

    kind: type[Assistant] | None = every().get(arguments.assistant)
    if kind is None:
        raise Refused(f"There is no assistant {arguments.assistant!r}. There are: {', '.join(sorted(every()))}.")
    if len(arguments.files) > 1 and (arguments.status is not None or arguments.headers):
        raise Refused("--status and --headers describe a single body: give one file with them.")
    headers = _headers(arguments.headers) if arguments.headers else {}
    # reading a body needs no key, so that none is asked for
    assistant = kind.__new__(kind)
    for name in arguments.files:
        content = sys.stdin.buffer.read() if name == "-" else _read(name)
        try:
            row = assistant.parse(RawBody(content, arguments.status or 200, headers)).as_json()
        except AssistantError as error:
            row = {"error": error.as_json()}
        sys.stdout.buffer.write(json.dumps(row, ensure_ascii=True).encode() + b"\n")


def _read(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise Refused(f"{name} cannot be read: {error.strerror}.") from None


def _headers(name: str) -> dict[str, str]:
    """Header names to values from a JSON file; a name may come in any case."""
    try:
        known = json.loads(_read(name))
    except ValueError as error:
        raise Refused(f"{name} is not JSON: {error}.") from None
    if not isinstance(known, dict):
        raise Refused(f"{name} must hold one JSON object of header names to values.")
    return {key: ", ".join(map(str, value)) if isinstance(value, list) else str(value) for key, value in known.items()}


class Refused(Exception):
    """Input that cannot be worked on; the message says what to do."""


def main(argv: list[str] | None = None) -> None:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="python -m inference", description="Questions, answers and citations.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("urls", help="page identity and registrable domain of URLs on standard input")
    command.set_defaults(run=urls)
    command = commands.add_parser("parse", help="read recorded bodies of an assistant: JSON, or a stream of events")
    command.add_argument("assistant")
    command.add_argument("files", nargs="+", metavar="FILE", help="a body as it came; - for standard input")
    command.add_argument("--status", type=int, metavar="N", help="the HTTP status of the one body")
    command.add_argument("--headers", metavar="FILE", help="JSON object of the one body's headers")
    command.set_defaults(run=parse)
    arguments = parser.parse_args(argv)
    try:
        arguments.run(arguments)
        sys.stdout.flush()
    except Refused as refused:
        print(refused, file=sys.stderr)
        raise SystemExit(2) from None
    except BrokenPipeError:
        # the reader has had enough; keep the interpreter from complaining when it flushes on exit
        sys.stderr.close()
        raise SystemExit(0) from None


if __name__ == "__main__":
    main()
