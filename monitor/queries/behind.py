"""The answers behind a figure: what a count counted, as conditions on the list of answers, and the link that opens it.

A page's count and the list behind it are the same answers: valid ones that the rollups hold, under the same reading.
Knows nothing of how figures are made of counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, Exists, Func, OuterRef, Q, QuerySet, TextField, Value
from django.http import QueryDict
from django.urls import reverse

from monitor.models import (
    VALID,
    BrandKind,
    DayCounts,
    Extraction,
    Mention,
    MentionRole,
    Response,
    ResponseSource,
    Sentiment,
    Workspace,
)
from monitor.ownership import IS_OWN, PAGE_HOST, brand_hosts
from monitor.queries import counts, places
from monitor.queries.filters import Filter

#: What `figure` may say of the answers that it counted; `{}` is whom it is about.
FIGURES = {
    "counted": "counted in figures",
    "named": "names {}",
    "first": "names {} first",
    "top3": "names {} among the first three",
    "listed": "has {} in a list",
    "listed_first": "has {} first in a list",
    "listed_top3": "has {} among the first three of a list",
    "cites": "cites {}",
    "gap": "names or cites competitors alone",
}
#: What `sentiment` and `role` may say of a mention in the answer.
SENTIMENTS = {
    Sentiment.RECOMMENDED.value: "recommends {}",
    Sentiment.NEUTRAL.value: "is neutral about {}",
    Sentiment.NEGATIVE.value: "speaks against {}",
    "waiting": "names {}, not judged yet",
}
ROLES = {
    MentionRole.COMPARED.value: "compares {}",
    MentionRole.LISTED.value: "lists {}",
    MentionRole.NAMED.value: "only names {}",
}


@dataclass(frozen=True, slots=True)
class Behind:
    """What the URL asks for: a figure of FIGURES, a page that is cited, a domain that was retrieved.

    With `sentiment` and `role`, which are of SENTIMENTS and ROLES, one mention of the brand is both.
    """

    figure: str = ""
    source: str = ""
    retrieved: str = ""
    sentiment: str = ""
    role: str = ""

    def __bool__(self) -> bool:
        return bool(self.source or self.retrieved or self.about_brands)

    @property
    def about_brands(self) -> bool:
        """Whether the brands chosen are whom this is about."""
        return bool(self.figure or self.mention)

    @property
    def mention(self) -> dict[str, str | None]:
        """What one mention of the brand has in its columns."""
        felt = {"sentiment": None if self.sentiment == "waiting" else self.sentiment} if self.sentiment else {}
        return felt | ({"role": self.role} if self.role else {})


def read(params: QueryDict) -> Behind:
    """What a URL asks for; what is no figure is left out."""

    def text(name: str, most: int) -> str:
        return params.get(name, "").replace("\x00", "").strip()[:most]

    def one_of(name: str, known: Mapping[str, str]) -> str:
        return value if (value := params.get(name, "")) in known else ""

    return Behind(
        figure=one_of("figure", FIGURES),
        source=text("source", 2000),
        retrieved=text("retrieved", 253).lower(),
        sentiment=one_of("sentiment", SENTIMENTS),
        role=one_of("role", ROLES),
    )


def words(asked: Behind, brands: tuple[str, ...]) -> dict[str, str]:
    """What each parameter narrows to, in words; `brands` are the names of those chosen."""
    whom = " or ".join(brands) or "you"
    return {
        "figure": FIGURES[asked.figure].format(whom) if asked.figure else "",
        "sentiment": SENTIMENTS[asked.sentiment].format(whom) if asked.sentiment else "",
        "role": ROLES[asked.role].format(whom) if asked.role else "",
        "source": f"cites {asked.source}" if asked.source else "",
        "retrieved": f"retrieved {asked.retrieved}" if asked.retrieved else "",
    }


def narrowed(workspace: Workspace, found: QuerySet[Response], chosen: Filter, asked: Behind) -> QuerySet[Response]:
    """Of the answers found, those that the figure counted. Brands are those chosen, or all own ones."""
    extraction = counts.current_extraction(workspace)
    if extraction is None:
        return found.none()
    counted = DayCounts.objects.for_workspace(workspace).filter(
        extraction=extraction, run=OuterRef("run"), assistant=OuterRef("assistant")
    )
    found = found.filter(VALID, Exists(counted.order_by()), prompt__isnull=False)
    if asked.source:
        found = found.filter(_source(extraction, page=asked.source, cited=True))
    if asked.retrieved:
        found = found.filter(_source(extraction, domain=asked.retrieved, retrieved=True))
    listed = extraction.brand_set.brands
    own = [brand for brand in listed if brand["kind"] == BrandKind.OWN]
    about = [brand for brand in listed if brand["id"] in chosen.brands] if chosen.brands else own
    if asked.mention:
        found = found.filter(_names(extraction, about, **asked.mention))
    condition = _figure(extraction, about, own, asked.figure)
    return found if condition is None else found.filter(condition)


def _figure(extraction: Extraction, about: list[dict[str, Any]], own: list[dict[str, Any]], figure: str) -> Any:
    match figure:
        case "named":
            return _names(extraction, about)
        case "first":
            return _names(extraction, about, rank=1)
        case "top3":
            return _names(extraction, about, rank__lte=3)
        case "listed":
            return _names(extraction, about, place__isnull=False)
        case "listed_first":
            return _names(extraction, about, place__lte=places.FIRST)
        case "listed_top3":
            return _names(extraction, about, place__lte=places.TOP)
        case "cites":
            return _cites(extraction, about)
        case "gap":
            rivals = [brand for brand in extraction.brand_set.brands if brand not in own]
            return (_names(extraction, rivals) | Q(_cites(extraction, rivals))) & ~(
                _names(extraction, own) | Q(_cites(extraction, own))
            )
    return None


def _names(extraction: Extraction, brands: list[dict[str, Any]], **conditions: Any) -> Q:
    mentions = Mention.objects.for_workspace(extraction.workspace_id).filter(
        extraction=extraction, response=OuterRef("pk"), brand__in=[brand["id"] for brand in brands], **conditions
    )
    return Q(Exists(mentions.order_by()))


def _source(extraction: Extraction, **conditions: Any) -> Exists:
    sources = ResponseSource.objects.for_workspace(extraction.workspace_id)
    return Exists(sources.filter(extraction=extraction, response=OuterRef("pk"), **conditions).order_by())


def _cites(extraction: Extraction, brands: list[dict[str, Any]]) -> _CitesHost:
    hosts = [host for _, host in brand_hosts(brands)]
    return _CitesHost("pk", Value(hosts, ArrayField(TextField())), Value(extraction.pk))


class _CitesHost(Func):
    """Whether a response, by its key, cites a page on one of the hosts under an extraction."""

    template = """EXISTS (
        SELECT 1 FROM (SELECT %(expressions)s) AS asked (response, hosts, extraction)
        JOIN monitor_responsesource s ON s.response_id = asked.response AND s.extraction_id = asked.extraction
        CROSS JOIN {page_host} JOIN unnest(asked.hosts::text[]) AS hosts (host) ON {is_own}
        WHERE s.cited)""".format(page_host=PAGE_HOST, is_own=IS_OWN.replace("%", "%%"))  # noqa: S608 - constants
    output_field = BooleanField()


def link(workspace: Workspace, chosen: Filter, figure: str, **values: Any) -> str:
    """The list of the answers behind a figure of the page with this filter; `values` narrow it further."""
    query = {
        "from": chosen.period.start.isoformat(),
        "to": chosen.period.end.isoformat(),
        "panel": chosen.panel or "",
        "assistant": chosen.assistants,
        "stratum": chosen.strata,
        "tag": chosen.tags,
        "figure": figure,
        **values,
    }
    asked = {name: value for name, value in query.items() if value}
    return f"{reverse('answers', args=[workspace.slug])}?{urlencode(asked, doseq=True)}"
