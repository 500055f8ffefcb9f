"""The mentions of one answer as rows, what people said of it applied; and what a reading finds there by itself.

`hold` keeps corrections from coming in between: whoever writes an answer's mentions after its first reading holds the
answer. Does not know who may correct what, nor when history is read anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from monitor import extract, roles
from monitor.corrections import Said, Told
from monitor.matching import corrected, matcher, said_of
from monitor.models import Correction, Extraction, Mention, Response, Review, ReviewReading
from monitor.roles import Part
from monitor.services import bulk


def hold(responses: Sequence[Response]) -> dict[int, list[Said]]:
    """What is said of these answers, which nobody corrects until the transaction ends."""
    workspace_ids = {response.workspace_id for response in responses}
    rows = Response.objects.unscoped().filter(workspace__in=workspace_ids, pk__in=[r.pk for r in responses])
    list(rows.order_by("pk").select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
    said: dict[int, list[Said]] = defaultdict(list)
    for correction in Correction.objects.unscoped().filter(response__in=responses, undone_at=None).order_by("pk"):
        said[correction.response_id].append(said_of(correction))
    return said


def rows_of(*, extraction: Extraction, response: Response, said: Sequence[Said] = ()) -> list[bulk.Row]:
    """Rows of Mention, not yet written."""
    return [_row(extraction, response, told, part) for told, part in _told(extraction, response, said)]


def rewrite(*, extraction: Extraction, response: Response, said: Sequence[Said]) -> None:
    """Make the answer's rows under an extraction what they are now; call it while holding the answer.

    What stays keeps its sentiment. Where a mention came or went, the others of the answer are judged anew, for a
    sentence that names two is told apart by both; until then they keep what was found.
    """
    rows = Mention.objects.for_workspace(response.workspace_id).filter(extraction=extraction, response=response)
    wanted = {(told.brand_id, told.start, told.end): (told, part) for told, part in _told(extraction, response, said)}
    there = {(row.brand_id, row.start, row.end): row for row in rows.select_for_update(no_key=True).order_by("pk")}
    gone = [row.pk for place, row in there.items() if place not in wanted]
    new = [each for place, each in wanted.items() if place not in there]
    rows.filter(pk__in=gone).delete()
    bulk.insert(Mention, [_row(extraction, response, *each) for each in new])
    kept = [_told_again(row, *wanted[place]) for place, row in there.items() if place in wanted]
    for row in kept if gone or new else ():
        row.judge = 0
    Mention.objects.for_workspace(response.workspace_id).bulk_update(
        kept, ["rank", "role", "place", "sentiment", "by_hand", "judged", "judge"]
    )


def read_reviewed(*, extraction: Extraction, reviews: Iterable[Review] | None = None) -> None:
    """Keep what the rules of now find by themselves in reviewed answers, or in these, under an extraction's brands."""
    if reviews is None:
        known = Review.objects.for_workspace(extraction.workspace_id).exclude(reviewed_at=None)
        reviews = known.select_related("response").defer("response__search")
    rows = [
        {
            "workspace_id": review.workspace_id,
            "review_id": review.pk,
            "rule_version": extract.RULE_VERSION,
            "brand_set_id": extraction.brand_set_id,
            "found": [
                [each.brand_id, each.start, each.end]
                for each in matcher(extraction.brand_set_id).mentions(review.response.text)
            ],
        }
        for review in reviews
    ]
    bulk.insert(ReviewReading, rows, skip_known=True)


def _told(extraction: Extraction, response: Response, said: Sequence[Said]) -> list[tuple[Told, Part]]:
    """The mentions that count, each with its part among them."""
    mentions = corrected(extraction=extraction, response=response, said=said).mentions
    return list(zip(mentions, roles.parts(response.text, mentions), strict=True))


def _row(extraction: Extraction, response: Response, told: Told, part: Part) -> bulk.Row:
    return {
        "workspace_id": response.workspace_id,
        "extraction_id": extraction.pk,
        "response_id": response.pk,
        "brand_id": told.brand_id,
        "start": told.start,
        "end": told.end,
        "text": told.text,
        "rank": told.rank,
        "role": part.role,
        "place": part.place,
        "sentiment": told.sentiment,
        "by_hand": told.sentiment is not None,
    }


def _told_again(row: Mention, told: Told, part: Part) -> Mention:
    row.rank, (row.role, row.place) = told.rank, part
    if told.sentiment is None and row.by_hand:
        row.sentiment, row.judged, row.by_hand = row.judged, None, False
    elif told.sentiment is not None:
        row.judged = row.judged if row.by_hand else row.sentiment
        row.sentiment, row.by_hand = told.sentiment, True
    return row
