"""Reviews: answers drawn at random, which people say are read rightly or correct, so that the reading can be measured.

A draw is made by a seed of the workspace and the draw's number, in proportion to each assistant's answers. Once a
review is confirmed its labels are kept beside what the rules found by themselves. Does not know what is made of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction
from django.db.models import CharField, Count, F, QuerySet, Value
from django.db.models.functions import MD5, Cast, Concat
from django.utils import timezone

from monitor import agreement, matching
from monitor.agreement import Label
from monitor.models import (
    VALID,
    ExtractionStatus,
    Mention,
    Response,
    Review,
    ReviewReading,
    Trigger,
    User,
    Workspace,
)
from monitor.services import mention_rows, reading
from monitor.services.errors import Problem

SIZE = 20


def draw(*, workspace: Workspace, after: int) -> int:
    """Draw twenty more answers after the draw of this number (0 for none yet); how many. Again, it changes nothing."""
    with transaction.atomic():
        list(Workspace.objects.filter(pk=workspace.pk).select_for_update(no_key=True).values_list("pk", flat=True))
        if _last_draw(workspace) != after:
            return 0
        rows = list(_drawn(workspace, after + 1))
        # those of the assistants are mixed, for whoever stops half-way
        for place, (_, response_id) in enumerate(sorted(rows), start=1):
            Review.objects.create(workspace=workspace, response_id=response_id, draw=after + 1, place=place)
    return len(rows)


def confirm(*, review: Review, seen: str, by: User) -> bool:
    """Say that an answer's mentions are right as they stand now; False where somebody did before.

    `seen` is the fingerprint of what was looked at. Problem where that is no longer what stands.
    """
    with transaction.atomic():
        extractions = reading.active_extractions([review.workspace_id])[review.workspace_id]
        mention_rows.hold([review.response])
        review = Review.objects.for_workspace(review.workspace_id).select_for_update(of=("self",)).get(pk=review.pk)
        if review.reviewed_at is not None:
            return False
        current = next((each for each in extractions if each.status == ExtractionStatus.CURRENT), None)
        if current is None:
            raise Problem("These answers have not been read for brands yet. Add a brand first.")
        rows = Mention.objects.for_workspace(review.workspace_id).filter(
            extraction=current, response=review.response_id
        )
        labels = [Label(row.brand_id, row.start, row.end, row.sentiment) for row in rows]
        if agreement.fingerprint(labels) != seen:
            raise Problem("The mentions have changed since you opened this answer. Look again, then confirm.")
        review.labels = [[each.brand_id, each.start, each.end, each.sentiment] for each in labels]
        review.brands = sorted(matching.brand_ids(current.brand_set))
        review.reviewed_by, review.reviewed_at = by, timezone.now()
        review.save(update_fields=["labels", "brands", "reviewed_by", "reviewed_at"])
        for extraction in extractions:
            mention_rows.read_reviewed(extraction=extraction, reviews=[review])
    return True


def reopen(*, review: Review) -> bool:
    """Take a confirmation back; False where there is none."""
    with transaction.atomic():
        rows = Review.objects.for_workspace(review.workspace_id).filter(pk=review.pk).exclude(reviewed_at=None)
        opened = rows.update(labels=[], brands=[], reviewed_by=None, reviewed_at=None)
        if opened:
            ReviewReading.objects.for_workspace(review.workspace_id).filter(review=review.pk).delete()
    return bool(opened)


# --- inside --------------------------------------------------------------------------------------------------


def _last_draw(workspace: Workspace) -> int:
    return Review.objects.for_workspace(workspace).order_by("-draw").values_list("draw", flat=True).first() or 0


def _drawn(workspace: Workspace, number: int) -> Iterator[tuple[str, int]]:
    """Responses by the order that the seed gives them."""
    left = _answers(workspace)
    sizes = dict(left.order_by().values_list("assistant").annotate(count=Count("pk")))
    seed = f"{workspace.pk}-{number}-"
    order = MD5(Concat(Value(seed), Cast(F("pk"), CharField())))
    for assistant, count in agreement.allocated(sizes, SIZE).items():
        yield from left.filter(assistant=assistant).order_by(order, "pk").values_list(order, "pk")[:count]


def _answers(workspace: Workspace) -> QuerySet[Response]:
    """Answers that count and that no draw has taken."""
    counted = Response.objects.for_workspace(workspace).filter(VALID, prompt__isnull=False).exclude(text="")
    return counted.exclude(run__trigger=Trigger.ASK).filter(review=None)
