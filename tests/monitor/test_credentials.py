"""Keys to assistants: sealed for their place, tested in plain words, replaced, deleted, and found nowhere in plain.

The search for leaks first shows that it finds a key that lies somewhere in plain.
"""

from __future__ import annotations

import base64
import io
import json
import logging
import os
import stat
import time
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from inference.answer import AssistantError, RawBody
from inference.http import Client as Http
from monitor import assistants, sealing
from monitor.models import Credential, Gate, Job, JobKind, Role, Workspace
from monitor.services import credentials, spool
from monitor.services.errors import Problem
from tests.asgi import streamed
from tests.factories import make_member, make_workspace
from tests.inference.loopback import loopback
from tests.monitor.oracle import Oracle, oracle

__all__ = ["oracle"]

pytestmark = pytest.mark.django_db

SECRET = "sk-Tq7vZpL2mXw9RbN4cY8dKfH3jGsA6eU1"


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def owner(workspace: Workspace, client: Client) -> Client:
    client.force_login(make_member(workspace, Role.OWNER))
    return client


@pytest.fixture
def credential(workspace: Workspace, oracle: type[Oracle]) -> Credential:
    return credentials.save(workspace=workspace, assistant="oracle", values={"api_key": SECRET})


def at(name: str, workspace: Workspace, *args: int) -> str:
    return reverse(name, args=[workspace.slug, *args])


def key_of(workspace: Workspace) -> credentials.Key | None:
    return credentials.key_for(workspace_id=workspace.pk, assistant="oracle")


# --- sealing ----------------------------------------------------------------------------------------------------------


def test_what_is_sealed_opens_in_its_place_alone() -> None:
    sealed = sealing.seal(b"secret", place="here")
    assert sealing.unseal(sealed, place="here") == b"secret"
    with pytest.raises(sealing.CannotOpen):
        sealing.unseal(sealed, place="there")
    changed = sealing.Sealed(sealed.ciphertext[:-1] + bytes([sealed.ciphertext[-1] ^ 1]), sealed.nonce, sealed.key_id)
    with pytest.raises(sealing.CannotOpen):
        sealing.unseal(changed, place="here")


def test_the_key_file_is_made_once_for_its_owner_alone(settings: Any) -> None:
    assert not settings.KEY_FILE.exists()
    first = sealing.current_key_id()
    assert stat.S_IMODE(settings.KEY_FILE.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.KEY_FILE.parent.stat().st_mode) == 0o700
    assert sealing.current_key_id() == first
    assert [path.name for path in settings.KEY_FILE.parent.iterdir()] == [settings.KEY_FILE.name]


@pytest.mark.parametrize(("content", "said"), [("", "is empty"), ("rubbish\n", "no key"), ("c2hvcnQ=\n", "no key")])
def test_a_damaged_key_file_is_never_replaced_by_a_fresh_one(settings: Any, content: str, said: str) -> None:
    settings.KEY_FILE.parent.mkdir(parents=True)
    settings.KEY_FILE.write_text(content)
    with pytest.raises(sealing.BadKeyFile, match=said):
        sealing.seal(b"secret", place="here")
    assert settings.KEY_FILE.read_text() == content


def test_a_ciphertext_moved_to_another_row_or_workspace_does_not_open(credential: Credential) -> None:
    other = credentials.save(workspace=make_workspace(), assistant="oracle", values={"api_key": "another long key 123"})
    stolen = {"ciphertext": credential.ciphertext, "nonce": credential.nonce, "key_id": credential.key_id}
    Credential.objects.unscoped().filter(pk=other.pk).update(**stolen)
    with pytest.raises(Problem, match="cannot be opened"):
        key_of(other.workspace)
    Gate.objects.unscoped().filter(credential=credential).delete()  # it would not let the row leave
    Credential.objects.unscoped().filter(pk=credential.pk).update(workspace=other.workspace, assistant="renamed")
    with pytest.raises(Problem, match="cannot be opened"):
        credentials._open(Credential.objects.unscoped().get(pk=credential.pk))


def test_rotating_seals_everything_anew_and_drops_the_old_key(credential: Credential, settings: Any) -> None:
    before = credential.key_id
    call_command("rotate_key", stdout=io.StringIO())
    credential.refresh_from_db()
    assert credential.key_id != before
    assert len(settings.KEY_FILE.read_text().split()) == 1
    assert dict(key_of(credential.workspace) or {}) == {"api_key": SECRET}


def test_a_lost_key_file_is_said_and_the_key_can_be_entered_again(credential: Credential, settings: Any) -> None:
    settings.KEY_FILE.unlink()
    with pytest.raises(Problem, match="There is no key file"):
        key_of(credential.workspace)
    credentials.save(workspace=credential.workspace, assistant="oracle", values={"api_key": "fresh key, long enough"})
    assert (key_of(credential.workspace) or {"api_key": ""})["api_key"] == "fresh key, long enough"


# --- the service ------------------------------------------------------------------------------------------------------


def test_a_replaced_key_keeps_what_was_left_empty_and_forgets_its_test(credential: Credential) -> None:
    credentials.test(credential=credential)
    Gate.objects.unscoped().filter(credential=credential).update(failures=9)
    values = {"api_key": "", "endpoint": "https://oracle.example"}
    again = credentials.save(workspace=credential.workspace, assistant="oracle", values=values)
    assert again.pk == credential.pk and again.test_result == "" and again.last4 == SECRET[-4:]
    assert dict(key_of(credential.workspace) or {}) == {"api_key": SECRET, "endpoint": "https://oracle.example"}
    assert again.shown == {"Endpoint": "https://oracle.example"}
    assert Gate.objects.unscoped().get(credential=credential).failures == 0


@pytest.mark.parametrize(
    ("values", "said"),
    [({}, "API key is missing"), ({"api_key": "x" * 20_001}, "20,000 characters"), ({"api_key": "a\x00b"}, "typed")],
)
def test_what_cannot_be_a_key_is_refused(
    workspace: Workspace, oracle: type[Oracle], values: dict[str, str], said: str
) -> None:
    with pytest.raises(Problem, match=said):
        credentials.save(workspace=workspace, assistant="oracle", values=values)
    assert not Credential.objects.for_workspace(workspace).exists()


def test_short_keys_show_no_end(workspace: Workspace, oracle: type[Oracle]) -> None:
    assert credentials.save(workspace=workspace, assistant="oracle", values={"api_key": "short"}).last4 == ""


def test_an_assistant_without_its_key_says_so(workspace: Workspace, oracle: type[Oracle]) -> None:
    with pytest.raises(Problem, match="The Oracle needs a key"):
        key_of(workspace)
    assert credentials.key_for(workspace_id=workspace.pk, assistant="local") is None
    assert credentials.missing(workspace_id=workspace.pk, names=["local", "oracle"]) == ["oracle"]


@pytest.mark.parametrize("kind", sorted(credentials.MEANING))
def test_a_test_says_what_is_wrong_without_the_key(credential: Credential, kind: Any) -> None:
    Oracle.result = AssistantError(kind, f"Incorrect key {SECRET} or {SECRET[:12]}**** given.")
    tested = credentials.test(credential=credential)
    assert tested.test_result == "failed" and tested.tested_at
    assert tested.test_detail.startswith(credentials.MEANING[kind]) and "Incorrect key •••" in tested.test_detail
    assert SECRET[:8] not in tested.test_detail


def test_a_test_that_works_breaks_or_hangs_is_said(credential: Credential, monkeypatch: pytest.MonkeyPatch) -> None:
    assert credentials.test(credential=credential).test_result == "ok"
    assert dict(Oracle.keys[-1]) == {"api_key": SECRET}
    Oracle.result = ValueError(f"bad header {SECRET}")
    assert "The test broke (ValueError)" in credentials.test(credential=credential).test_detail
    monkeypatch.setattr(credentials, "TEST_SECONDS", 0.05)
    Oracle.result = lambda key: time.sleep(0.5)
    assert "No answer came within 0.05 seconds" in credentials.test(credential=credential).test_detail


@given(st.text(min_size=8, max_size=60), st.text(max_size=40), st.text(max_size=40), st.integers(0, 52))
def test_no_telling_piece_of_a_key_is_left(secret: str, before: str, after: str, start: int) -> None:
    text = credentials.redact(f"{before}{secret}{after}{secret[start : start + 8]}", {"api_key": secret})
    pieces = [secret[i : i + 8] for i in range(len(secret) - 7)]
    assert not [piece for piece in pieces if piece in text and "•" not in piece]


# --- the page ---------------------------------------------------------------------------------------------------------


def test_a_key_is_entered_tested_and_deleted_on_the_page(
    owner: Client, workspace: Workspace, oracle: type[Oracle]
) -> None:
    assert "The Oracle" in owner.get(at("assistants", workspace)).content.decode()
    posted = {"assistant": "oracle", "oracle-api_key": SECRET}
    page = owner.post(at("credential_save", workspace), posted, follow=True).content.decode()
    assert "is saved" in page and f"ends in {SECRET[-4:]}" in page and SECRET[:10] not in page
    row = Credential.objects.for_workspace(workspace).get()
    assert "works" in owner.post(at("credential_test", workspace, row.pk), follow=True).content.decode()
    limits = {f"limits-{row.pk}-{name}": value for name, value in (("requests", 60), ("max_in_flight", 4))}
    owner.post(at("credential_limits", workspace, row.pk), limits)
    assert [str(limit) for limit in row.rate_limits.all()] == ["60 requests a minute"]
    assert "is deleted" in owner.post(at("credential_delete", workspace, row.pk), follow=True).content.decode()
    assert not Credential.objects.for_workspace(workspace).exists()


def test_a_wrong_form_comes_back_without_what_was_secret(
    owner: Client, workspace: Workspace, oracle: type[Oracle]
) -> None:
    long = SECRET * 700
    reply = owner.post(
        at("credential_save", workspace),
        {"assistant": "oracle", "oracle-api_key": long, "oracle-endpoint": "https://oracle.example"},
    )
    page = reply.content.decode()
    assert reply.status_code == 422 and SECRET not in page and "https://oracle.example" in page
    unknown = owner.post(at("credential_save", workspace), {"assistant": "nobody"}, follow=True)
    assert "no such assistant" in unknown.content.decode()


# --- the search for leaks ---------------------------------------------------------------------------------------------


def spellings(secret: str) -> set[bytes]:
    """How a secret might lie somewhere: plain, as hex, in any of base64's three alignments, quoted."""
    raw = secret.encode()
    found = {raw, raw.hex().encode(), quote(secret).encode()}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        found.add(encoded[4 if shift else 0 : -4])
    return found


def holds(content: bytes, secret: str) -> bool:
    return any(spelling in content for spelling in spellings(secret))


def database_dump() -> bytes:
    """Every row of every table as text, as a dump would have it."""
    rows = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT schemaname, tablename FROM pg_tables WHERE schemaname = 'public'")
        for schema, table in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{schema}"."{table}" t')  # noqa: S608
            rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows).encode()


def files(*folders: Path) -> dict[str, bytes]:
    """Every file of the product's folders, packed ones unpacked."""
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and "postgres" not in str(path):
                found[str(path)] = unpacked(path.read_bytes())
    return found


def unpacked(content: bytes) -> bytes:
    if not content.startswith(b"PK"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())


def leaks(secret: str, *, log: str, tmp_path: Path, pages: dict[str, bytes]) -> list[str]:
    """Where the secret is found."""
    folders = (tmp_path, Path(os.environ["DATA_DIR"]) / "broker")
    places = {"database": database_dump(), "log": log.encode(), **pages, **files(*folders)}
    return sorted(name for name, content in places.items() if holds(content, secret))


def exports(client: Client, workspace: Workspace) -> dict[str, bytes]:
    return {
        f"export {form}": unpacked(streamed(client.get(at("report_download", workspace), {"format": form})))
        for form in ("csv", "xlsx", "json")
    }


@pytest.fixture
def debug_client(owner: Client, settings: Any) -> Client:
    """Errors as a developer sees them, with every variable of every frame that is not hidden."""
    settings.DEBUG = True
    owner.raise_request_exception = False
    return owner


def test_the_search_finds_a_key_that_lies_in_plain(
    workspace: Workspace, owner: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    for spelling in ("plain", "hex", "base64"):
        text = {
            "plain": SECRET,
            "hex": SECRET.encode().hex(),
            "base64": base64.b64encode(f"x{SECRET}".encode()).decode(),
        }
        Job.objects.create(workspace=workspace, kind=JobKind.RANK, input={"key": text[spelling]})
        assert holds(database_dump(), SECRET), spelling
        Job.objects.for_workspace(workspace).delete()
    assert not holds(database_dump(), SECRET)
    session = owner.session
    session["key"] = SECRET
    session.save()
    with spool.BatchSpool() as batch:
        batch.append(spool.Record(1, 1, 1, RawBody(SECRET.encode())))
        logging.getLogger("monitor").warning("the key is %s", SECRET)
        (tmp_path / "book.xlsx").write_bytes(_zip_of(SECRET))
        found = leaks(SECRET, log=caplog.text, tmp_path=tmp_path, pages={"page": SECRET.encode()})
    assert {"log", "page", str(tmp_path / "book.xlsx")} <= set(found)
    assert [place for place in found if "spool" in place]


def _zip_of(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet.xml", text)
    return packed.getvalue()


def test_the_error_page_would_show_a_secret_that_is_not_hidden(debug_client: Client, monkeypatch: Any) -> None:
    """The proof that looking for it there can find it: a view without the marks shows what was posted."""

    def breaks(**fields: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("monitor.services.brands.save_brand", breaks)
    workspace = Workspace.objects.get()
    reply = debug_client.post(at("brand_new", workspace), {"name": SECRET, "kind": "own"})
    assert reply.status_code == 500 and holds(reply.content, SECRET)


@pytest.mark.parametrize("broken", ["credentials.save", "credentials._seal", "credentials._last4", "sealing.seal"])
def test_no_error_page_shows_a_key(
    debug_client: Client,
    workspace: Workspace,
    oracle: type[Oracle],
    monkeypatch: Any,
    caplog: pytest.LogCaptureFixture,
    broken: str,
) -> None:
    def breaks(*args: Any, **fields: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(f"monitor.services.{broken}" if "credentials" in broken else f"monitor.{broken}", breaks)
    posted = {"assistant": "oracle", "oracle-api_key": SECRET}
    reply = debug_client.post(at("credential_save", workspace), posted)
    assert reply.status_code == 500 and b"RuntimeError" in reply.content
    assert not holds(reply.content, SECRET) and not holds(caplog.text.encode(), SECRET)


def test_a_real_key_is_found_nowhere(
    workspace: Workspace,
    owner: Client,
    oracle: type[Oracle],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    posted = {"assistant": "oracle", "oracle-api_key": SECRET}
    pages = {"saved": owner.post(at("credential_save", workspace), posted, follow=True).content}
    row = Credential.objects.for_workspace(workspace).get()
    results: list[Any] = [
        Oracle.result,
        AssistantError("auth", f"{SECRET} is wrong"),
        RuntimeError(SECRET),
        lambda key: AssistantError("server", f"{key!r} {key}"),
    ]
    for number, result in enumerate(results):
        Oracle.result = result
        pages[f"test {number}"] = owner.post(at("credential_test", workspace, row.pk), follow=True).content
    pages["assistants"] = owner.get(at("assistants", workspace)).content
    pages |= exports(owner, workspace)
    pages["session"] = repr(dict(owner.session.items())).encode()
    assert dict(Oracle.keys[-1]) == {"api_key": SECRET}, "the key is there and was used"
    printed = capfd.readouterr()
    log = caplog.text + printed.out + printed.err
    assert leaks(SECRET, log=log, tmp_path=tmp_path, pages=pages) == []
    assert leaks(SECRET[:-4], log=log, tmp_path=tmp_path, pages=pages) == []


@pytest.mark.parametrize("status", [200, 401, 500])
def test_a_real_key_goes_over_the_wire_and_into_no_log(
    workspace: Workspace,
    owner: Client,
    settings: Any,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
) -> None:
    caplog.set_level(logging.DEBUG)
    with loopback() as service:
        monkeypatch.setattr(assistants, "client", lambda: Http(allowed_hosts=frozenset({"127.0.0.1"})))
        choices = [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Ready."}}]
        said = (
            {"error": {"message": f"Incorrect API key provided: {SECRET}"}} if status >= 400 else {"choices": choices}
        )
        service.will_answer(json.dumps(said).encode(), status=status)
        posted = {"assistant": "openai_compatible", "openai_compatible-base_url": f"{service.url}/v1"}
        pages = {
            "saved": owner.post(
                at("credential_save", workspace), {**posted, "openai_compatible-api_key": SECRET}, follow=True
            ).content
        }
        row = Credential.objects.for_workspace(workspace).get()
        pages["tested"] = owner.post(at("credential_test", workspace, row.pk), follow=True).content
        assert SECRET in service.received[0].headers["authorization"]
    row.refresh_from_db()
    assert (row.test_result == "ok") == (status == 200), row.test_detail
    assert leaks(SECRET, log=caplog.text, tmp_path=tmp_path, pages=pages) == []
