"""Brands as their page shows them, with how many answers name each. Reads alone."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from monitor.models import Brand, Job, JobKind, JobStatus, Mention, Pointers, Workspace


@dataclass(frozen=True, slots=True)
class BrandRow:
    """A brand in the list; `answers` name it under the current reading, None while there is no reading."""

    brand: Brand
    answers: int | None


def brand_rows(workspace: Workspace, *, archived: bool = False) -> list[BrandRow]:
    """The own brands first, then the competitors by name."""
    brands = Brand.objects.for_workspace(workspace).filter(archived_at__isnull=not archived)
    extraction = Pointers.objects.filter(workspace=workspace).values_list("extraction_id", flat=True).first()
    if extraction is None:
        return [BrandRow(brand, None) for brand in brands]
    named = Mention.objects.for_workspace(workspace).filter(extraction=extraction).order_by()
    counts = dict(named.values_list("brand_id").annotate(count=Count("response_id", distinct=True)))
    return [BrandRow(brand, counts.get(brand.pk, 0)) for brand in brands]


def archived_count(workspace: Workspace) -> int:
    return Brand.objects.for_workspace(workspace).exclude(archived_at=None).count()


def recompute_under_way(workspace: Workspace) -> Job | None:
    """The job that reads history again, while there is one."""
    jobs = Job.objects.for_workspace(workspace).filter(kind=JobKind.RECOMPUTE)
    return jobs.filter(status__in=(JobStatus.WAITING, JobStatus.RUNNING)).first()
