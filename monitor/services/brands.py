"""Brands people look for, and the frozen versions of the whole set that runs and readings refer to.

A changed set starts a recompute, so that history follows it. Of how brands are found in answers it knows only which
names are the same there, and which words a name brings with it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import Any, Literal
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from inference.pages import registrable_domain
from monitor import ownership
from monitor.extract import RULE_VERSION, always_near, name_keys
from monitor.models import (
    Brand,
    BrandKind,
    BrandSet,
    Job,
    JobKind,
    JobStatus,
    Mention,
    Pointers,
    Response,
    ResponseStatus,
    Workspace,
)
from monitor.nearby import is_findable
from monitor.services import jobs
from monitor.services.errors import Problem

COLOURS = 8
#: The embeddings, overrides and isolates of bidirectional text.
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
MAX_NAME = 120
#: Lists longer than these are pasted by mistake.
MAX_ALIASES, MAX_DOMAINS, MAX_WORDS = 50, 50, 50


#: How two brands can be called alike.
SHARED = (
    "Two brands may share a name, each listing it under other names, once words that must or must not stand near tell"
    " them apart."
)


class Taken(Problem):
    """Something of a brand that another one has already: `other`."""

    def __init__(self, said: str, other: Brand) -> None:
        super().__init__(said)
        self.other = other


class NameTaken(Taken):
    """A name that would be found for two brands; `name` as it was given."""

    def __init__(self, said: str, other: Brand, name: str) -> None:
        super().__init__(said, other)
        self.name = name


class DomainTaken(Taken):
    """A domain whose citations would count for two brands."""


class BadRule(Problem):
    """A word of a brand's rules that cannot be meant; `field` is where it stands."""

    def __init__(self, said: str, field: Literal["needs", "excludes"]) -> None:
        super().__init__(said)
        self.field = field


def save_brand(*, workspace: Workspace, brand: Brand | None, fields: Mapping[str, Any]) -> Brand:
    """Create a brand or change one; `fields` and what is raised are those of `draft`."""
    with transaction.atomic():
        _lock(workspace)
        saved = draft(workspace=workspace, brand=brand, fields=fields)
        saved.save()
        _follow(workspace)
    return saved


def draft(*, workspace: Workspace, brand: Brand | None, fields: Mapping[str, Any]) -> Brand:
    """A brand as it would be saved, and nothing written.

    `fields`: name, aliases, domains (URLs are taken too), kind, colour (None: chosen), and needs, excludes and
    exact_case, which stay as they are where they are not given.
    Raises Problem where a name is missing or taken, or a domain is none; DomainTaken where another brand has it;
    BadRule for a word that would let nothing or everything count.
    """
    kind = BrandKind(fields.get("kind") or BrandKind.COMPETITOR)
    name = clean_name(fields["name"])
    if not name:
        raise Problem("A brand needs a name.")
    aliases = [alias for alias in clean_names(fields.get("aliases", ())) if alias.casefold() != name.casefold()]
    domains = clean_domains(fields.get("domains", ()))
    others = Brand.objects.for_workspace(workspace).filter(archived_at=None)
    others = others.exclude(pk=brand.pk) if brand else others
    _refuse_taken_domains(domains, others)
    made = copy(brand) if brand else Brand(workspace=workspace)
    made.name, made.aliases, made.domains, made.kind = name, aliases, domains, kind
    made.needs = clean_words(fields.get("needs", made.needs))
    made.excludes = clean_words(fields.get("excludes", made.excludes))
    made.exact_case = bool(fields.get("exact_case", made.exact_case))
    _refuse_taken_names(made, others)
    refuse_idle_words(names=[name, *aliases], needs=made.needs, excludes=made.excludes)
    if fields.get("colour") is not None:
        made.colour = int(fields["colour"]) % COLOURS
    elif brand is None:
        made.colour = free_colour(kind, others)
    return made


def archive_brand(*, brand: Brand) -> None:
    """Stop looking for a brand. Its history stays, and it can be restored."""
    with transaction.atomic():
        _lock(brand.workspace)
        rows = Brand.objects.for_workspace(brand.workspace).filter(pk=brand.pk, archived_at=None)
        if rows.update(archived_at=timezone.now()):
            _follow(brand.workspace)


def restore_brand(*, brand: Brand) -> None:
    """Look for an archived brand again. Problem when another has taken its name or a domain meanwhile."""
    with transaction.atomic():
        _lock(brand.workspace)
        others = Brand.objects.for_workspace(brand.workspace).filter(archived_at=None).exclude(pk=brand.pk)
        _refuse_taken_names(brand, others)
        _refuse_taken_domains(brand.domains, others)
        if Brand.objects.for_workspace(brand.workspace).filter(pk=brand.pk).update(archived_at=None):
            _follow(brand.workspace)


def delete_brand(*, brand: Brand) -> Literal["deleted", "archived"]:
    """Delete a brand that no answer was ever read for; archive one that has history."""
    workspace = brand.workspace
    with transaction.atomic():
        _lock(workspace)
        frozen = BrandSet.objects.for_workspace(workspace).filter(brands__contains=[{"id": brand.pk}])
        if not frozen.exists() and not Mention.objects.for_workspace(workspace).filter(brand=brand).exists():
            Brand.objects.for_workspace(workspace).filter(pk=brand.pk).delete()
            return "deleted"
        archive_brand(brand=brand)
    return "archived"


def current_brand_set(*, workspace: Workspace) -> BrandSet:
    """The version of the brand set that stands for the active brands; a new one only when they changed."""
    content, latest = _content(workspace), _latest(workspace)
    if latest is not None and latest.brands == content:
        return latest
    with transaction.atomic():
        _lock(workspace)
        content, latest = _content(workspace), _latest(workspace)
        if latest is not None and latest.brands == content:
            return latest
        return BrandSet.objects.create(workspace=workspace, number=latest.number + 1 if latest else 1, brands=content)


# --- what people type ----------------------------------------------------------------------------------------


def clean_name(name: str) -> str:
    """A name as it is kept: control characters and doubled spaces gone. Problem when it is too long."""
    cleaned = " ".join("".join(letter for letter in name if _is_plain(letter)).split())
    if len(cleaned) > MAX_NAME:
        raise Problem(f"A name may have {MAX_NAME} characters; “{cleaned[:40]}…” has {len(cleaned):,}. Shorten it.")
    return cleaned


def _is_plain(letter: str) -> bool:
    """No control character, which charts cannot draw, and none that turns the direction of what follows."""
    return letter.isspace() or (unicodedata.category(letter) != "Cc" and letter not in _DIRECTIONS)


def clean_names(names: Iterable[str]) -> list[str]:
    """Names in their order, each once whatever its case. Problem when one is too long or they are too many."""
    found: dict[str, str] = {}
    for name in names:
        if cleaned := clean_name(name):
            found.setdefault(cleaned.casefold(), cleaned)
    if len(found) > MAX_ALIASES:
        raise Problem(f"A brand may have {MAX_ALIASES} aliases; these are {len(found)}. Keep the ones people write.")
    return list(found.values())


def clean_words(words: Iterable[str]) -> list[str]:
    """Words and phrases of a rule in their order, each once. Problem when one is too long or none, or they are many."""
    found: dict[str, str] = {}
    for word in map(clean_name, words):
        if word and not is_findable(word):
            raise Problem(f"“{word}” has no letter or digit to look for. Write a word.")
        if word:
            found.setdefault(word.casefold(), word)
    if len(found) > MAX_WORDS:
        raise Problem(f"There may be {MAX_WORDS} words or phrases; these are {len(found)}. Keep the telling ones.")
    return list(found.values())


def refuse_idle_words(*, names: Sequence[str], needs: Iterable[str], excludes: Iterable[str]) -> None:
    """A name can't be forbidden to stand beside itself, nor need what it brings along under every name."""
    for word in excludes:
        name = next((name for name in names if always_near(word, name)), None)
        if name is not None:
            part = "is" if word.casefold() == name.casefold() else f"is part of “{name}”,"
            raise BadRule(
                f"“{word}” {part} a name of this brand, which would then never count. Write the whole phrase in which"
                " it means something else, as “Apple pie” does.",
                "excludes",
            )
    for word in needs:
        if all(always_near(word, name) for name in names):
            raise BadRule(
                f"“{word}” stands in every name of this brand, so it would always be near. Write a word that tells this"
                " brand from others, such as what it makes.",
                "needs",
            )


def clean_domains(entries: Iterable[str]) -> list[str]:
    """Registrable domains of what was typed or pasted, each once. Problem names the first entry that has none."""
    found: dict[str, None] = {}
    for entry in entries:
        if not (entry := entry.strip()):
            continue
        domain = domain_of(entry)
        if domain is None:
            raise Problem(f"“{entry[:80]}” is no domain. Write it like acme.com, or paste a page's address.")
        found[domain] = None
    if len(found) > MAX_DOMAINS:
        raise Problem(f"A brand may have {MAX_DOMAINS} domains; these are {len(found)}. Keep its own.")
    return list(found)


def domain_of(entry: str) -> str | None:
    """The registrable domain of a host name or a pasted URL, with or without its scheme."""
    entry = entry.strip()
    try:
        host = urlsplit(entry if "://" in entry else f"//{entry}").hostname
    except ValueError:
        return None
    domain = registrable_domain(host) if host else None
    return domain if domain and len(domain) <= 253 else None


def free_colour(kind: BrandKind, others: Iterable[Brand]) -> int:
    """The least used colour; 0 is kept for the own brand while another is free."""
    used = Counter(brand.colour for brand in others)
    order: Sequence[int] = range(COLOURS) if kind == BrandKind.OWN else (*range(1, COLOURS), 0)
    return min(order, key=lambda colour: used[colour])


# --- inside --------------------------------------------------------------------------------------------------


def _refuse_taken_names(brand: Brand, others: Iterable[Brand]) -> None:
    """One name under two brands, however each writes it, would be found for the first of them only, but where the
    words around it tell them apart.
    """
    others = [other for other in others if not _are_told_apart(brand, other)]
    taken = {key: other for other in others for name in (*other.aliases, other.name) for key in _keys(name)}
    for name in (brand.name, *brand.aliases):
        other = next((taken[key] for key in sorted(_keys(name)) if key in taken), None)
        if other is not None:
            whose = f"a brand called “{other.name}”"
            is_alias = name.casefold() in {alias.casefold() for alias in other.aliases}
            if is_alias or not _keys(name) & _keys(other.name):
                whose = f"the brand “{other.name}”, as an alias"
            said = f"“{name}” already belongs to {whose}. Change it there, or use another here. {SHARED}"
            raise NameTaken(said, other, name)


def _are_told_apart(one: Brand, other: Brand) -> bool:
    """Whether both may be called by one name, beside the name by which people here know each."""
    both_ruled = (one.needs or one.excludes) and (other.needs or other.excludes)
    return bool(both_ruled and (one.needs or other.needs)) and one.name.casefold() != other.name.casefold()


def _refuse_taken_domains(domains: Iterable[str], others: Iterable[Brand]) -> None:
    """Citations of a domain under two brands, or of one below another's, would count for both."""
    taken = [(theirs, other) for other in others for theirs in other.domains]
    for domain in domains:
        for theirs, other in taken:
            if ownership.clash(domain, theirs):
                lies = "" if domain == theirs else f" with {theirs}"
                raise DomainTaken(
                    f"{domain} already belongs to the brand “{other.name}”{lies}. Take it out of one of the two, or its"
                    " citations would count for both.",
                    other,
                )


def _keys(name: str) -> frozenset[str]:
    return name_keys(name) or frozenset({name.casefold()})


def _lock(workspace: Workspace) -> None:
    """One change of the set at a time; rows that only refer to the workspace are not held up."""
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)


def _latest(workspace: Workspace) -> BrandSet | None:
    return BrandSet.objects.for_workspace(workspace).order_by("-number").first()


def _content(workspace: Workspace) -> list[dict[str, Any]]:
    active = Brand.objects.for_workspace(workspace).filter(archived_at=None).order_by("-kind", "pk")
    return [brand.frozen() for brand in active]


def _follow(workspace: Workspace) -> None:
    """Where answers were read before, read them again under the brands as they are now."""
    before = _latest(workspace)
    if before is None or current_brand_set(workspace=workspace).pk == before.pk:
        return
    if Response.objects.for_workspace(workspace).filter(status=ResponseStatus.ANSWERED).exists():
        # After the commit: a job that waits already will then see this change, one that runs will not and is followed.
        transaction.on_commit(lambda: _recompute(workspace))


def _recompute(workspace: Workspace) -> None:
    jobs.start_once(workspace=workspace, kind=JobKind.RECOMPUTE)


def follow_missed() -> int:
    """Start the recomputes that are due though nobody asked; how many. Called at every tick.

    After a change of brands: where the process did not live to start one. After an upgrade: once for each workspace
    whose answers were read by older rules.
    """
    started = 0
    for pointers in Pointers.objects.filter(extraction__isnull=False).select_related("workspace", "extraction"):
        if _missed(pointers) is not None and _start_missed(pointers.workspace):
            started += 1
    return started


def _start_missed(workspace: Workspace) -> bool:
    """Start it unless another tick did so meanwhile."""
    with transaction.atomic():
        list(Workspace.objects.select_for_update(no_key=True).filter(pk=workspace.pk))
        pointers = Pointers.objects.filter(workspace=workspace).select_related("workspace", "extraction").first()
        missed = _missed(pointers) if pointers else None
        if missed is not None:
            jobs.start_once(workspace=workspace, kind=JobKind.RECOMPUTE, input=missed)
        return missed is not None


def _missed(pointers: Pointers) -> dict[str, Any] | None:
    """The input of the recompute that the workspace should have had; None when none is due."""
    latest, current = _latest(pointers.workspace), pointers.extraction
    if latest is None or current is None:
        return None
    recomputes = Job.objects.for_workspace(pointers.workspace).filter(kind=JobKind.RECOMPUTE)
    if latest.pk != current.brand_set_id and not recomputes.filter(created_at__gte=latest.created_at).exists():
        return {}
    if _numbers(current.rule_version) < _numbers(RULE_VERSION):
        under_way_or_tried = Q(status__in=(JobStatus.WAITING, JobStatus.RUNNING)) | Q(input__rules=RULE_VERSION)
        if not recomputes.filter(under_way_or_tried).exists():
            return {"rules": RULE_VERSION}
    return None


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]
