"""The environment variables Citescope reads, each with its default and meaning; nothing else reads `os.environ`.

Bad values end the start with one sentence that names the variable. `ENVIRONMENT` is the list that the README's table
is tested against.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from inference.generator import read_address

ROOT = Path(__file__).resolve().parent.parent
#: Requests that a web server's process works for at once: more would only be in each other's way at one interpreter.
WEB_TURNS = 4
#: Connections to the database that it lends them: a download under way keeps its own after its turn.
WEB_CONNECTIONS = 16


@dataclass(frozen=True)
class Variable:
    name: str
    default: str
    meaning: str
    read: Callable[[str], Any]

    def value(self) -> Any:
        raw = os.environ.get(self.name, "").strip() or self.default
        try:
            return self.read(raw)
        except ValueError as error:
            refuse(f"{self.name}={raw!r}: {error}")


def refuse(reason: str) -> NoReturn:
    """End the start with one clear sentence and exit code 2."""
    print(f"citescope: {reason}", file=sys.stderr)
    raise SystemExit(2)


def folder(path: Path) -> Path:
    """The folder, made where it is missing; ends the start when that cannot be done."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        refuse(f"DATA_DIR cannot be used ({error.strerror}): {path}")
    return path


def _port(raw: str) -> int:
    if not raw.isdigit() or not 1 <= int(raw) <= 65535:
        raise ValueError("give a port number from 1 to 65535.")
    return int(raw)


def _whole(raw: str) -> int:
    if not raw.isdigit():
        raise ValueError("give a whole number.")
    return int(raw)


def _count(raw: str) -> int:
    if not raw.isdigit() or int(raw) < 1:
        raise ValueError("give a whole number of at least 1.")
    return int(raw)


def _flag(raw: str) -> bool:
    if raw.lower() not in {"0", "1", "true", "false", "yes", "no"}:
        raise ValueError("give 1 or 0.")
    return raw.lower() in {"1", "true", "yes"}


def _words(raw: str) -> list[str]:
    return [word.strip() for word in raw.split(",") if word.strip()]


def _folder(raw: str) -> Path:
    path = Path(raw).expanduser()
    return path if path.is_absolute() else ROOT / path


def _file(raw: str) -> Path | None:
    """A file's path; None where none is named."""
    return _folder(raw) if raw else None


def _database(raw: str) -> str:
    if raw and urlsplit(raw).scheme not in {"postgres", "postgresql"}:
        raise ValueError("only PostgreSQL is supported: give postgresql://USER:PASSWORD@HOST:PORT/NAME.")
    return raw


def _broker(raw: str) -> str:
    if raw and urlsplit(raw).scheme not in {"redis", "rediss", "amqp", "amqps", "filesystem"}:
        raise ValueError("give a redis:// or amqp:// URL, or leave it out for the file broker.")
    return raw


def _device(raw: str) -> str:
    if raw not in {"auto", "cpu", "cuda", "mps"}:
        raise ValueError("give auto, cpu, cuda or mps.")
    return raw


def _precision(raw: str) -> str:
    if raw not in {"auto", "fp32", "bf16", "int8"}:
        raise ValueError("give auto, fp32, bf16 or int8.")
    return raw


def _generator(raw: str) -> str:
    """A folder's name, or a server's `URL#MODEL`."""
    if "://" in raw:
        read_address(raw)
    return raw


def _contact(raw: str) -> str:
    if not (raw.isascii() and raw.isprintable()) or set(raw) & set("() "):
        raise ValueError("give a URL or an e-mail address.")
    return raw


def _addresses(raw: str) -> dict[str, str]:
    """{assistant: address} of `NAME=URL` by commas."""
    found = {}
    for word in _words(raw):
        name, _, url = word.partition("=")
        if not name or urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise ValueError("give NAME=URL by commas, such as openai=https://gateway.example.com/v1.")
        found[name.strip()] = url.strip()
    return found


def _web_address(raw: str) -> str:
    if raw and (urlsplit(raw).scheme not in {"http", "https"} or not urlsplit(raw).hostname):
        raise ValueError("give an address such as https://citescope.example.com.")
    return raw.rstrip("/")


ENVIRONMENT: tuple[Variable, ...] = (
    Variable("PORT", "8000", "Port of the web server.", _port),
    Variable("HOST", "127.0.0.1", "Address the web server listens on.", str),
    Variable(
        "DATA_DIR",
        "data",
        "Folder of everything kept on disk: database, broker, indexes, spool, keys.",
        _folder,
    ),
    Variable("DATABASE_URL", "", "PostgreSQL server; empty: the embedded PostgreSQL under DATA_DIR.", _database),
    Variable("CELERY_BROKER_URL", "", "redis:// or amqp:// broker; empty: a file broker under DATA_DIR.", _broker),
    Variable("SECRET_KEY", "", "Signs sessions; empty: made once and kept under DATA_DIR.", str),
    Variable("KEY_FILE", "", "File of the keys that seal assistants' keys; empty: made under DATA_DIR.", _file),
    Variable("PRICES_FILE", "", "Prices of your own (TOML), before the built-in ones.", _file),
    Variable(
        "ALLOWED_HOSTS",
        "localhost,127.0.0.1,[::1]",
        "Host names the web server answers to, by commas.",
        _words,
    ),
    Variable("CSRF_TRUSTED_ORIGINS", "", "Origins such as https://citescope.example.com behind a proxy.", _words),
    Variable("HTTPS", "0", "1 where people reach it by HTTPS: secure cookies, HSTS.", _flag),
    Variable("DEBUG", "0", "1 shows errors in the browser; never in production.", _flag),
    Variable("SIGN_UP", "0", "1 lets anybody make an account; 0: owners invite.", _flag),
    Variable("DEMO", "1", "1 loads the demo workspace at the first `make run`.", _flag),
    Variable("EMBEDDING_MODEL", "", "Model directory for embeddings; empty: the MiniLM that is installed.", str),
    Variable(
        "EMBEDDING_PRECISION",
        "auto",
        "What embeddings are computed in: auto (bf16 where the processor has it, else fp32), fp32, bf16 or int8.",
        _precision,
    ),
    Variable("MODEL_DEVICE", "auto", "Where models run: auto, cpu, cuda or mps.", _device),
    Variable(
        "MODEL_ROOT",
        "",
        "Folder that language models' and rerankers' folders lie in; empty: models under DATA_DIR.",
        _file,
    ),
    Variable(
        "RERANK_MODEL",
        "",
        "Cross-encoder that orders the best 50 passages of each question anew: a folder's name under MODEL_ROOT; "
        "empty: none.",
        str,
    ),
    Variable(
        "GENERATOR_MODEL",
        "",
        "Language model that writes answers: a folder's name under MODEL_ROOT, or a server's URL#MODEL; empty: none.",
        _generator,
    ),
    Variable(
        "GENERATOR_PRECISION",
        "auto",
        "What a language model of a folder computes in: auto (bf16 where the processor has it, else fp32), fp32, bf16 "
        "or int8.",
        _precision,
    ),
    Variable(
        "GENERATOR_DRAFT",
        "",
        "Small language model with the same tokens that guesses ahead for it: a folder's name under MODEL_ROOT; "
        "empty: guesses are copied from the prompt.",
        str,
    ),
    Variable("GENERATOR_KEY", "", "Key that the server of GENERATOR_MODEL asks for, sent as a bearer token.", str),
    Variable(
        "ALLOWED_MODEL_HOSTS",
        "",
        "Hosts of your own that models run on (HOST or HOST:PORT, by commas), such as Ollama's; else only public ones.",
        _words,
    ),
    Variable(
        "ALLOWED_CRAWL_HOSTS",
        "",
        "Hosts of your own network that may be crawled (HOST or HOST:PORT, by commas); else only public ones.",
        _words,
    ),
    Variable(
        "ASSISTANT_URLS",
        "",
        "Gateways to send an assistant's calls through instead: NAME=URL, by commas.",
        _addresses,
    ),
    Variable(
        "CRAWLER_CONTACT",
        "",
        "Address (URL or e-mail) that the crawler names itself with, so that owners of sites can reach you.",
        _contact,
    ),
    Variable("CALLS_IN_FLIGHT", "256", "Calls to external assistants that one worker keeps in flight.", _count),
    Variable(
        "CALL_SECONDS",
        "300",
        "Seconds that a call to an external assistant may take, to the last byte of its answer.",
        _count,
    ),
    Variable(
        "DATABASE_POOL",
        "0",
        "Connections to PostgreSQL that a process lends its threads, "
        f"{WEB_CONNECTIONS} in web servers; 0: each thread has its own.",
        _whole,
    ),
    Variable("WEB_WORKERS", "2", "Web server processes.", _count),
    Variable("LEASE_SECONDS", "120", "How long a worker may hold a response before another takes it.", _count),
    Variable("MAX_TRIES", "5", "Tries at one response before it counts as failed.", _count),
    Variable("MAX_UPLOAD_MB", "200", "Largest upload of pages or prompts.", _count),
    Variable(
        "EMAIL_URL",
        "",
        "smtp://USER:PASSWORD@HOST:PORT for invitations, resets, alerts and reports; empty: printed to the log.",
        str,
    ),
    Variable("EMAIL_FROM", "", "Sender of e-mails; empty: the user of EMAIL_URL, where that is an address.", str),
    Variable(
        "PUBLIC_URL",
        "",
        "Address that people reach it by, for links in e-mails; empty: CSRF_TRUSTED_ORIGINS' first, or localhost.",
        _web_address,
    ),
    Variable("LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR.", str),
)

_BY_NAME = {variable.name: variable for variable in ENVIRONMENT}


def get(name: str) -> Any:
    """The value of one variable, read and checked; an unknown name is a KeyError."""
    return _BY_NAME[name].value()
