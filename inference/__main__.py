"""`python -m inference`: what this package can do, by itself, JSON Lines in and out. Errors go to stderr with code 2.

Each command imports what it needs when it runs, so that light ones start at once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from inference.model_files import DEVICES, PRECISIONS
from inference.pipes import NoInput, read_while_wanted, standard_input


def urls(arguments: argparse.Namespace) -> None:
    """One URL a line, cut at line feeds only -> its page identity and registrable domain."""
    from inference.pages import identify

    for line in standard_input():
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
        content = standard_input().read() if name == "-" else _read(name)
        try:
            row = assistant.parse(RawBody(content, arguments.status or 200, headers)).as_json()
        except AssistantError as error:
            row = {"error": error.as_json()}
        sys.stdout.buffer.write(json.dumps(row, ensure_ascii=True).encode() + b"\n")


def ask(arguments: argparse.Namespace) -> None:
    """A live question -> the Answer. What the assistant needs is read from the environment."""
    from inference.answer import Answer, AssistantError, Question
    from inference.assistants import every
    from inference.http import Client
    from inference.service import Service

    kind = every().get(arguments.assistant)
    if kind is None or not issubclass(kind, Service):
        known = ", ".join(sorted(name for name, kind in every().items() if issubclass(kind, Service)))
        raise Refused(f"{arguments.assistant!r} cannot be asked. There are: {known}.")
    variables = {field.name: f"{kind.name}_{field.name}".upper() for field in kind.key_fields}
    key = {name: os.environ[variable] for name, variable in variables.items() if os.environ.get(variable)}
    hosts = frozenset(filter(None, os.environ.get("ALLOWED_MODEL_HOSTS", "").split(",")))
    try:
        assistant = kind(key, client=Client(allowed_hosts=hosts))
    except ValueError as error:
        raise Refused(f"{error} Set {', '.join(variables.values())} in the environment.") from None
    question = Question(
        arguments.question,
        model=arguments.model,
        country=arguments.country,
        language=arguments.language,
        persona=arguments.persona,
    )
    try:
        for item in assistant.stream(question) if arguments.stream else [assistant.answer(question)]:
            row = item.as_json() if isinstance(item, Answer) else {"delta": item.text}
            print(json.dumps(row, ensure_ascii=True), flush=True)
    except AssistantError as error:
        print(json.dumps({"error": error.as_json()}, ensure_ascii=True))
        raise Refused(error.message) from None


def models(arguments: argparse.Namespace) -> None:
    """Models -> rows of size, speed on this machine, quality on a small set."""
    from inference.embed import UnusableModel
    from inference.models import as_line, survey

    directories: list[Path | None] = [None, *arguments.directories]
    try:
        for row in survey(
            directories, device=arguments.device, precision=arguments.precision, writing=arguments.precision, say=_say
        ):
            print(as_line(row), flush=True)
    except UnusableModel as error:
        raise Refused(str(error)) from None


def distill(arguments: argparse.Namespace) -> None:
    """A model -> a static one in a new folder; prints what it is worth."""
    from inference.distill import distill
    from inference.embed import UnusableModel, get_embedder
    from inference.models import as_line, measured

    def progress(done: int, total: int) -> None:
        if done == total or not done % 5000:
            _say(f"{done} of {total} tokens")

    try:
        embedder = get_embedder(arguments.model, arguments.device)
        distill(embedder, arguments.directory, dimension=arguments.dimension, progress=progress)
        print(as_line(measured(arguments.directory, "cpu", "fp32")))
    except (UnusableModel, OSError) as error:
        raise Refused(str(error)) from None


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _dimension(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("give a whole number of at least 1")
    return int(text)


def _read(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise Refused(f"{name} cannot be read: {error.strerror}.") from None


def _headers(name: str) -> dict[str, str]:
    """Header names to values from a JSON file; a name may come in any case."""
    try:
        known = json.loads(_read(name))
    except (ValueError, RecursionError) as error:
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
    command = commands.add_parser("ask", help="put a live question to an assistant; its key comes by the environment")
    command.add_argument("assistant")
    command.add_argument("question")
    command.add_argument("--model", help="the provider's id; else the assistant's first one")
    command.add_argument("--country", help="two letters, for assistants that take one")
    command.add_argument("--language", help="two letters, for assistants that take one")
    command.add_argument("--persona", help="what the asker says of themselves, for assistants that take it")
    command.add_argument("--stream", action="store_true", help="print text as it comes, then the Answer")
    command.set_defaults(run=ask)
    command = commands.add_parser("models", help="models of all kinds: size, speed on this machine, quality")
    command.add_argument("directories", nargs="*", type=Path, metavar="DIR", help="models beside the installed MiniLM")
    command.add_argument("--device", choices=DEVICES, default="auto")
    command.add_argument("--precision", choices=PRECISIONS, default="auto", help="the one in use, measured first")
    command.set_defaults(run=models)
    command = commands.add_parser("distill", help="make a static model, hundreds of times quicker, out of a model")
    command.add_argument("directory", type=Path, metavar="DIR", help="a new folder")
    command.add_argument("--model", type=Path, metavar="DIR", help="what to distill; default: MiniLM")
    command.add_argument("--dimension", type=_dimension, default=256)
    command.add_argument("--device", choices=DEVICES, default="auto")
    command.set_defaults(run=distill)
    arguments = parser.parse_args(argv)
    try:
        with read_while_wanted():
            arguments.run(arguments)
    except (Refused, NoInput) as refused:
        print(refused, file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
