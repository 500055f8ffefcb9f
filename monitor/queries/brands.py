"""Brands as their page shows them, with how many answers name each. Reads alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, QuerySet, Sum

from monitor.models import Brand, DayCounts, Job, JobKind, JobStatus, Pointers, Workspace
from monitor.queries.kept import kept


@dataclass(frozen=True, slots=True)
class BrandRow:
    """A brand in the list; `answers` of ended runs name it under the current reading, None while there is none."""

    brand: Brand
    answers: int | None


def brand_rows(workspace: Workspace, *, archived: bool = False) -> list[BrandRow]:
    """The own brands first, then the competitors by name."""
    brands = Brand.objects.for_workspace(workspace).filter(archived_at__isnull=not archived)
    extraction = Pointers.objects.filter(workspace=workspace).values_list("extraction_id", flat=True).first()
    if extraction is None:
        return [BrandRow(brand, None) for brand in brands]
    counted = DayCounts.objects.for_workspace(workspace).filter(extraction=extraction)
    made_of = counted.aggregate(rows=Count("pk"), ids=Sum("pk"))  # a row that is written again has another id
    named = kept(("named", extraction, *made_of.values()), lambda: _named(counted))
    return [BrandRow(brand, named[str(brand.pk)]) for brand in brands]


def _named(counted: QuerySet[DayCounts]) -> Counter[str]:
    """How many answers name each brand, by its id."""
    total = Counter[str]()
    for named in counted.values_list("named", flat=True):
        total.update(named)
    return total


def archived_count(workspace: Workspace) -> int:
    return Brand.objects.for_workspace(workspace).exclude(archived_at=None).count()


def recompute_under_way(workspace: Workspace) -> Job | None:
    """The job that reads history again, while there is one; a paused one too, where no later one goes on."""
    jobs = Job.objects.for_workspace(workspace).filter(kind=JobKind.RECOMPUTE)
    return jobs.filter(status__in=(JobStatus.WAITING, JobStatus.RUNNING, JobStatus.PAUSED)).first()
