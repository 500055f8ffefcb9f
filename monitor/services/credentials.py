"""Keys to assistants: entered, replaced, tested and deleted by people, opened for workers just before a call.

A secret leaves this module in `Key` alone, whose representation hides it: nothing that is logged, shown, sent as a
task's argument or kept in the database holds it in plain. Each is sealed for its workspace and row.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from inference.answer import AssistantError, KeyField, Question
from monitor import assistants, sealing
from monitor.models import Credential, Gate, RateLimit, TestResult, Workspace
from monitor.services.errors import Problem

log = logging.getLogger(__name__)

LONGEST_VALUE = 20_000
TEST_SECONDS = 25
TEST_QUESTION = "Answer with one word: ready."
TEST_OUTPUT_TOKENS = 256
HIDDEN = "•••"
#: A piece of a secret this long tells too much of it, also where a service quotes it cut short.
TELLING = 8

#: What each kind of error means for somebody who has just entered a key.
MEANING = {
    "auth": "The service refused the key. Check that it is whole, still valid, and allowed to use this model.",
    "quota": "The key is right, but its account has no credit left. Top it up at the service.",
    "rate_limited": "The key is right, but the service asks to slow down. Try again in a minute.",
    "invalid_request": "The service did not accept the request: the model or the endpoint may be wrong.",
    "blocked": "The service blocked the question by its own filter, so the key works.",
    "server": "The service has trouble of its own. Try again later.",
    "malformed": "What came back was not this service's answer. Check the endpoint.",
    "unreachable": "The service could not be reached. Check the endpoint and this machine's way out.",
    "unknown": "The request was sent and no answer came back. Check the endpoint, then try again.",
}


class Key(Mapping[str, str]):
    """What a workspace entered for one assistant, by field. Printing it, or failing beside it, shows nothing."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Any:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Key({', '.join(self._values)})"

    def __reduce__(self) -> Any:
        raise TypeError("A key is never stored or sent.")


@sensitive_variables()
def save(*, workspace: Workspace, assistant: str, values: Mapping[str, str], name: str = "") -> Credential:
    """Seal what was entered, instead of what was there. A secret left empty keeps its earlier value.

    Raises Problem for what is missing or cannot be a key.
    """
    fields = _fields(assistant)
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=workspace.pk)
        row = Credential.objects.for_workspace(workspace).filter(assistant=assistant).first()
        before: Mapping[str, str] = _open_or_nothing(row) if row else {}
        cleaned = _cleaned(fields, values, before)
        if row is None:
            row = Credential.objects.create(workspace=workspace, assistant=assistant)
            Gate.objects.create(workspace=workspace, credential=row)
        else:
            row.replaced_at = timezone.now()
        _seal(row, cleaned)
        row.name = " ".join(name.split())[:80]
        row.last4 = _last4(fields, cleaned)
        row.shown = {field.label: cleaned[field.name] for field in fields if not field.secret and field.name in cleaned}
        row.tested_at, row.test_result, row.test_detail = None, TestResult.NONE, ""
        row.save()
        # a new key owes nothing for what the old one met
        Gate.objects.for_workspace(workspace).filter(credential=row).update(
            cool_until=None, failures=0, opened=0, open_until=None, probe_until=None
        )
    return row


def delete(*, credential: Credential) -> None:
    """Forget a key for good. Questions that wait for its assistant fail when they are asked."""
    with transaction.atomic():
        for model in (RateLimit, Gate):
            model.objects.for_workspace(credential.workspace_id).filter(credential=credential).delete()
        Credential.objects.for_workspace(credential.workspace_id).filter(pk=credential.pk).delete()


def find(*, workspace_id: int, assistant: str) -> Credential | None:
    """The workspace's credential for an assistant."""
    return Credential.objects.for_workspace(workspace_id).filter(assistant=assistant).first()


def key_for(*, workspace_id: int, assistant: str) -> Key | None:
    """The key that a call of this workspace needs; None for an assistant that needs none. Raises Problem.

    To be handed to `assistants.build(name, key=...)` in the same breath, and kept nowhere else.
    """
    if not assistants.key_fields(assistant):
        return None
    row = find(workspace_id=workspace_id, assistant=assistant)
    if row is None:
        raise Problem(
            f"{assistants.label(assistant)} needs a key. An owner enters it under Settings, Assistants and keys."
        )
    return _open(row)


def redact(text: str, key: Mapping[str, str]) -> str:
    """The text without the key's secrets: services quote them in their messages, whole or cut short."""
    for value in sorted(key.values(), key=len, reverse=True):
        text = text.replace(value, HIDDEN) if len(value) >= 4 else text
        start = 0
        while start + TELLING <= len(value):
            piece = value[start : start + TELLING]
            if piece not in text:
                start += 1
                continue
            end = start + TELLING
            while end < len(value) and value[start : end + 1] in text:
                end += 1
            text = text.replace(value[start:end], HIDDEN)
            start = end
    return text


def missing(*, workspace_id: int, names: Iterable[str]) -> list[str]:
    """Which of these assistants need a key that this workspace has not entered."""
    held = set(Credential.objects.for_workspace(workspace_id).values_list("assistant", flat=True))
    return [name for name in names if name not in held and assistants.needs_key(name)]


# --- the test -------------------------------------------------------------------------------------------------------


@sensitive_variables()
def test(*, credential: Credential) -> Credential:
    """Make one small call with the key, and note in plain words what came of it."""
    asked_at = timezone.now()
    try:
        key = _open(credential)
        _call(credential.assistant, key)
        result, detail = TestResult.OK, f"{assistants.label(credential.assistant)} answered."
    except Problem as problem:
        result, detail = TestResult.FAILED, str(problem)
    rows = Credential.objects.for_workspace(credential.workspace_id).filter(pk=credential.pk)
    # a key that was replaced meanwhile has not been tested
    rows.filter(ciphertext=bytes(credential.ciphertext)).update(
        tested_at=asked_at, test_result=result, test_detail=detail
    )
    credential.refresh_from_db()
    return credential


@sensitive_variables()
def _call(assistant: str, key: Key) -> None:
    """Ask the shortest question there is, for `TEST_SECONDS` at most. Raises Problem that says what is wrong."""
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="key-test")
    try:
        future: Future[None] = pool.submit(_ask, assistant, key)
        future.result(timeout=TEST_SECONDS)
    except TooLate:
        raise Problem(f"No answer came within {TEST_SECONDS} seconds. Check the endpoint, then try again.") from None
    except AssistantError as error:
        said = redact(error.message, key).strip()
        quoted = f" It said: {said[:300]}" if said else ""
        raise Problem(f"{MEANING[error.kind]}{quoted}") from None
    except Exception as error:  # noqa: BLE001 - whatever an assistant does with a strange key is what the test is for
        # without its traceback: frames beside the failure hold the key
        log.warning("The test of a key of %s broke: %s", assistant, type(error).__name__)
        raise Problem(
            f"The test broke ({type(error).__name__}). Check that every field is as the service gave it."
        ) from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@sensitive_variables()
def _ask(assistant: str, key: Key) -> None:
    kind = assistants.assistant_class(assistant)
    question = Question(
        text=TEST_QUESTION,
        model=next(iter(kind.models), None),
        options={"max_output_tokens": TEST_OUTPUT_TOKENS, "search": False},
    )
    assistants.build(assistant, key=key).answer(question)


# --- sealing --------------------------------------------------------------------------------------------------------


def rotate() -> int:
    """Put a new key on top of the key file, seal every credential anew under it, and drop the older keys."""
    sealing.add_key()
    moved = 0
    for pk in Credential.objects.unscoped().order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            row = Credential.objects.unscoped().select_for_update().get(pk=pk)
            _seal(row, _open(row))
            row.save(update_fields=["ciphertext", "nonce", "key_id"])
            moved += 1
    if not Credential.objects.unscoped().exclude(key_id=sealing.current_key_id()).exists():
        sealing.drop_old_keys()
    return moved


def _place(row: Credential) -> str:
    """What a ciphertext is bound to: moved to another row, workspace or assistant, it does not open."""
    return f"citescope credential {row.workspace_id}/{row.pk}/{row.assistant}"


def _seal(row: Credential, values: Mapping[str, str]) -> None:
    sealed = sealing.seal(json.dumps(dict(values)).encode(), place=_place(row))
    row.ciphertext, row.nonce, row.key_id = sealed.ciphertext, sealed.nonce, sealed.key_id


@sensitive_variables()
def _open(row: Credential) -> Key:
    sealed = sealing.Sealed(bytes(row.ciphertext), bytes(row.nonce), row.key_id)
    try:
        return Key(json.loads(sealing.unseal(sealed, place=_place(row))))
    except (sealing.CannotOpen, sealing.BadKeyFile) as error:
        raise Problem(
            f"The key of {assistants.label(row.assistant)} cannot be opened: {error} Enter it again under Settings, "
            "Assistants, or bring the key file back."
        ) from None


def _open_or_nothing(row: Credential) -> Mapping[str, str]:
    """For replacing: a key that cannot be opened any more is replaced whole."""
    try:
        return _open(row)
    except Problem:
        return {}


def _fields(assistant: str) -> tuple[KeyField, ...]:
    try:
        fields = assistants.key_fields(assistant)
    except KeyError:
        raise Problem("There is no such assistant here.") from None
    if not fields:
        raise Problem(f"{assistants.label(assistant)} needs no key.")
    return fields


@sensitive_variables()
def _cleaned(fields: Iterable[KeyField], values: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    cleaned = {}
    for field in fields:
        value = values.get(field.name, "").strip() or (before.get(field.name, "") if field.secret else "")
        if not value and field.required:
            raise Problem(f"{field.label} is missing.")
        if len(value) > LONGEST_VALUE:
            raise Problem(f"{field.label} has more than {LONGEST_VALUE:,} characters: this is no key.")
        if any(ord(mark) < 32 and mark not in "\t\r\n" or ord(mark) == 127 for mark in value):
            raise Problem(f"{field.label} has characters that cannot be typed. Copy it again.")
        if value:
            cleaned[field.name] = value
    if not cleaned:
        raise Problem("Enter at least one of the fields.")
    return cleaned


@sensitive_variables()
def _last4(fields: Iterable[KeyField], values: Mapping[str, str]) -> str:
    """The end of the first secret, to tell keys apart; nothing of one that is short or written in lines."""
    for field in fields:
        value = values.get(field.name, "")
        if field.secret and value:
            return value[-4:] if len(value) >= 20 and value[-4:].isalnum() and "\n" not in value else ""
    return ""
