"""Panels: saved with a plan for every revision, paused, archived, restored. Knows nothing of how runs go on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from monitor import assistants, schedule
from monitor.models import Panel, PanelRevision, Persona, Suite, Workspace
from monitor.services.costs import LONGEST_MODEL
from monitor.services.errors import Problem

MAX_NAME = 120
MAX_REPEATS = 50
MAX_TAG = 40
#: Services refuse to answer in fewer tokens, and no model writes more.
LEAST_OUTPUT, MOST_OUTPUT = 16, 200_000
_COUNTRY = re.compile(r"[A-Z]{2}")
_LANGUAGE = re.compile(r"[a-z]{2}(-[a-z]{2,4})?")


class Conflict(Problem):
    """Two people changed the same fields of a panel, each to something else.

    `current` is the panel as the other saved it, `clashes` are the fields in question, and `merged` holds what the
    second typed, with what the first saved where only that one changed something.
    """

    def __init__(self, current: Panel, *, clashes: list[str], merged: Mapping[str, Any]) -> None:
        super().__init__(
            "Somebody else changed this panel while you had it open. Below is what you both changed; nothing of theirs "
            "or yours is lost: save yours over theirs or keep theirs. What only they changed stands in the form."
        )
        self.current, self.clashes, self.merged = current, clashes, merged


def save_panel(*, workspace: Workspace, panel: Panel | None, fields: Mapping[str, Any], revision: int | None) -> Panel:
    """Create a panel or change one, and freeze its plan as a revision; saving what is there already makes none.

    `fields`: name, suite, assistants [{assistant, model, options}], repeats, cron, time_zone; by default adaptive is
    no, tags none (all prompts), and persona None.
    `revision` is the one the change was made from: what others changed since is kept, None replaces it. Raises Conflict
    where both changed the same field, Problem for what is wrong.
    """
    cleaned = _cleaned(workspace, fields)
    try:
        with transaction.atomic():
            lock(workspace)
            if panel is None:
                saved = Panel.objects.create(workspace=workspace, **cleaned)
            else:
                saved = Panel.objects.for_workspace(workspace).select_for_update(of=("self",)).get(pk=panel.pk)
                if revision is not None and saved.revision != revision:
                    cleaned = _cleaned(workspace, _merged(saved, revision, cleaned))
                if all(getattr(saved, key) == value for key, value in cleaned.items()):
                    return saved
                if (saved.cron, saved.time_zone) != (cleaned["cron"], cleaned["time_zone"]):
                    # the new schedule has no past to catch up with
                    saved.last_slot_at = saved.scheduled_from = timezone.now()
                for key, value in cleaned.items():
                    setattr(saved, key, value)
                saved.revision += 1
                saved.save()
            _freeze(saved)
    except IntegrityError:
        raise Problem(f"There is a panel called “{cleaned['name']}” already. Choose another name.") from None
    return saved


def lock(workspace: Workspace) -> None:
    """Wait for others who save panels or personas here, so that each revision has the words that hold."""
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)


def revise(*, workspace: Workspace, persona: Persona) -> None:
    """A new revision of every panel that asks as this persona, for its words changed. Call it within `lock`."""
    for panel in Panel.objects.for_workspace(workspace).filter(persona=persona).select_related("suite", "persona"):
        panel.revision += 1
        panel.save(update_fields=["revision"])
        _freeze(panel)


def plan_of(*, panel: Panel, number: int) -> dict[str, Any] | None:
    """The panel's fields as its revision of that number froze them, rows by their ids; None when there is none."""
    found = PanelRevision.objects.for_workspace(panel.workspace_id).filter(panel=panel, number=number).first()
    if found is None:
        return None
    persona = found.plan.get("persona")
    named = {"suite": found.plan["suite"]["id"], "persona": persona and persona["id"]}
    return {**_OF_OLD, **found.plan, **named}


def fields_of(panel: Panel) -> dict[str, Any]:
    """The panel's fields as plans hold them, the suite and the persona by their ids."""
    return {
        "name": panel.name,
        "suite": panel.suite_id,
        "tags": panel.tags,
        "persona": panel.persona_id,
        "assistants": panel.assistants,
        "repeats": panel.repeats,
        "adaptive": panel.adaptive,
        "cron": panel.cron,
        "time_zone": panel.time_zone,
    }


def current_revision(*, panel: Panel) -> PanelRevision:
    """The frozen plan of the panel as it stands."""
    found = PanelRevision.objects.for_workspace(panel.workspace).filter(panel=panel, number=panel.revision).first()
    return found or _freeze(panel)


def set_paused(*, panel: Panel, paused: bool) -> None:
    """Stop or resume the schedule. Slots that passed in the pause are not caught up with."""
    rows = Panel.objects.for_workspace(panel.workspace).filter(pk=panel.pk, paused=not paused)
    rows.update(paused=paused, **({} if paused else _from_now_on()))


def archive_panel(*, panel: Panel) -> None:
    """Run a panel no more. Runs under way go on, history stays, and it can be restored."""
    rows = Panel.objects.for_workspace(panel.workspace).filter(pk=panel.pk, archived_at=None)
    rows.update(archived_at=timezone.now())


def restore_panel(*, panel: Panel) -> None:
    """Bring an archived panel back. Problem when its name is taken, or its suite or persona is archived."""
    if panel.suite.archived_at:
        raise Problem(f"Its suite “{panel.suite.name}” is archived. Restore the suite first.")
    if panel.persona and panel.persona.archived_at:
        raise Problem(f"Its persona “{panel.persona.name}” is archived. Restore the persona first.")
    try:
        with transaction.atomic():
            rows = Panel.objects.for_workspace(panel.workspace).filter(pk=panel.pk).exclude(archived_at=None)
            rows.update(archived_at=None, **_from_now_on())
    except IntegrityError:
        raise Problem(
            f"There is another panel called “{panel.name}” now. Rename that one, then restore this."
        ) from None


def _from_now_on() -> dict[str, datetime]:
    """A schedule that was interrupted has no past to catch up with."""
    now = timezone.now()
    return {"last_slot_at": now, "scheduled_from": now}


def _cleaned(workspace: Workspace, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as they are kept; Problem for the first that is wrong."""
    name = " ".join(str(fields["name"]).replace("\x00", "").split())
    if not name:
        raise Problem("A panel needs a name.")
    if len(name) > MAX_NAME:
        raise Problem(f"A name may have {MAX_NAME} characters; this has {len(name):,}. Shorten it.")
    suite: Suite = fields["suite"]
    if suite.workspace_id != workspace.pk or suite.archived_at:
        raise Problem("Choose a suite of this workspace that is not archived.")
    persona: Persona | None = fields.get("persona")
    if persona and (persona.workspace_id != workspace.pk or persona.archived_at):
        raise Problem("Choose a persona of this workspace that is not archived.")
    repeats = int(fields["repeats"])
    if not 1 <= repeats <= MAX_REPEATS:
        raise Problem(f"Repeats can be 1 to {MAX_REPEATS}; this is {repeats}.")
    cron, time_zone = " ".join(str(fields["cron"]).split()), str(fields["time_zone"])
    try:
        schedule.validate(cron, time_zone)
    except ValueError as error:
        raise Problem(str(error)) from None
    return {
        "name": name,
        "suite": suite,
        "tags": _tags(fields.get("tags") or ()),
        "persona": persona,
        "assistants": _assistants(fields["assistants"]),
        "repeats": repeats,
        "adaptive": bool(fields.get("adaptive", False)),
        "cron": cron,
        "time_zone": time_zone,
    }


def _tags(asked: Iterable[str]) -> list[str]:
    """Each once and in one order, so that saving what is there changes nothing."""
    found = sorted({tag.strip() for tag in asked} - {""}, key=lambda tag: (tag.casefold(), tag))
    if wrong := [tag for tag in found if len(tag) > MAX_TAG or "\x00" in tag]:
        raise Problem(f"No prompt can have the tag “{wrong[0][:30]}”. Choose among the suite's tags.")
    return found


def _assistants(asked: Any) -> list[dict[str, Any]]:
    items = list(asked)
    names = [item["assistant"] for item in items]
    if not names:
        raise Problem("Choose at least one assistant.")
    if len(set(names)) < len(names):
        raise Problem("An assistant can stand in a panel once. Ask it more often with more repeats.")
    known = {name for name, _ in assistants.choices()}
    if missing := [name for name in names if name not in known]:
        raise Problem(f"There is no assistant called “{missing[0]}” here.")
    return [
        {
            "assistant": item["assistant"],
            "model": clean_model(item.get("model") or ""),
            "options": _options(item["assistant"], item.get("options") or {}),
        }
        for item in items
    ]


def _options(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options in the form services take them; Problem for what this assistant would drop unseen."""
    cleaned = dict(options)
    for option, (attribute, called, clean) in _TAKEN.items():
        if option in cleaned:
            if not getattr(assistants.assistant_class(name), attribute):
                raise Problem(f"{assistants.label(name)} takes no {called}.")
            cleaned[option] = clean(cleaned[option])
    return cleaned


def clean_model(text: str) -> str:
    """The id of a model as it is sent; Problem where it cannot be one."""
    model = text.strip()
    if len(model) > LONGEST_MODEL or any(character.isspace() or ord(character) < 32 for character in model):
        raise Problem(f"A model's id has no blanks and at most {LONGEST_MODEL} characters.")
    return model


def clean_country(text: str) -> str:
    """A country's two letters, as services take them: GB for the United Kingdom, whichever way it is written."""
    country = text.strip().upper()
    if not _COUNTRY.fullmatch(country):
        raise Problem("A country is two letters, such as DE, GB or US.")
    return "GB" if country == "UK" else country


def clean_language(text: str) -> str:
    language = text.strip().lower().replace("_", "-")
    if not _LANGUAGE.fullmatch(language):
        raise Problem("A language is two letters, such as de or en, some with a region, such as pt-br.")
    return language


def clean_output_limit(tokens: Any) -> int:
    if not isinstance(tokens, int) or not LEAST_OUTPUT <= tokens <= MOST_OUTPUT:
        raise Problem(f"Output tokens can be {LEAST_OUTPUT} to {MOST_OUTPUT:,}.")
    return tokens


#: Options that not every assistant takes: what says so, what people call it, and how it is cleaned.
_TAKEN: dict[str, tuple[str, str, Callable[[Any], Any]]] = {
    "country": ("takes_country", "country", clean_country),
    "language": ("takes_language", "language", clean_language),
    "max_output_tokens": ("takes_output_limit", "limit of its output", clean_output_limit),
}


#: What plans of before there was such a thing say of it.
_OF_OLD: dict[str, Any] = {"adaptive": False, "tags": [], "persona": None}


def _merged(saved: Panel, revision: int, typed: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed over that revision, joined with what others saved since; Conflict where the two disagree."""
    opened = plan_of(panel=saved, number=revision)
    merged, clashes = dict(typed), []
    for key, mine in typed.items():
        theirs = getattr(saved, key)
        if mine == theirs:
            continue
        if opened and _plain(mine) == opened[key]:
            merged[key] = theirs
        elif not opened or _plain(theirs) != opened[key]:
            clashes.append(key)
    if clashes:
        raise Conflict(saved, clashes=clashes, merged={key: _plain(value) for key, value in merged.items()})
    return merged


def _plain(value: Any) -> Any:
    """A field's value as plans hold it."""
    return value.pk if isinstance(value, Suite | Persona) else value


def _freeze(panel: Panel) -> PanelRevision:
    """The revision of the panel's present number; written once."""
    # read anew: its words may have changed since the panel was loaded
    persona = Persona.objects.for_workspace(panel.workspace_id).filter(panels=panel).first()
    plan = fields_of(panel) | {
        "suite": {"id": panel.suite_id, "name": panel.suite.name},
        "persona": persona.frozen() if persona else None,
    }
    revision, _ = PanelRevision.objects.for_workspace(panel.workspace).get_or_create(
        panel=panel, number=panel.revision, defaults={"workspace_id": panel.workspace_id, "plan": plan}
    )
    return revision
