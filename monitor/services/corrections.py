"""Correcting a reading: a mention that is none, one that was missed, a sentiment; and taking a correction back.

A correction is applied at once under every extraction in use, and the counts of its run are made anew, in one
transaction that holds the answer: of two people the later one counts, and a recompute comes before or after. What was
delivered twice changes nothing the second time. A reviewed answer's labels follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from monitor import matching
from monitor.corrections import NO, SENTIMENT, YES, touching
from monitor.models import (
    Brand,
    CorrectedPart,
    Correction,
    Extraction,
    ExtractionStatus,
    Mention,
    Pointers,
    Response,
    ResponseStatus,
    Review,
    Sentiment,
    User,
)
from monitor.services import mention_rows, reading, rollups
from monitor.services.errors import Problem
from monitor.services.locks import hold_workspaces

#: How long the words of a mention may be, and how many places of the same words are offered.
MOST_WORDS, MOST_PLACES = 200, 20
_VALUES = {CorrectedPart.MENTION: frozenset({YES, NO}), CorrectedPart.SENTIMENT: frozenset(Sentiment.values)}
#: A brand at [start, end) of an answer.
Place = tuple[int | None, int, int]
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Done:
    """What became of it: the correction that stands now, if one is needed, and those whose place it took."""

    made: Correction | None
    replaced: tuple[Correction, ...]


def correct(*, response: Response, brand: Brand, start: int, end: int, what: str, value: str, by: User) -> Done:
    """Say of a brand at [start, end) of an answer whether it is named there, or what is felt there.

    Problem where that cannot be said.
    """
    if value not in _VALUES.get(what, ()):  # type: ignore[call-overload]
        raise Problem("Nothing was changed: choose what is wrong with the mention.")
    if not 0 <= start < end <= min(len(response.text), start + MOST_WORDS) or not response.text[start:end].strip():
        raise Problem("Nothing was changed: there are no such words in this answer. Load the page again.")
    with transaction.atomic():
        extractions = _extractions(response)
        standing = _hold(response)
        known = [matching.said_of(row) for row in standing]
        current = extractions[0]
        if brand.pk not in matching.brand_ids(current.brand_set):
            raise Problem(f"{brand.name} is not looked for in this answer yet. Wait until it has been read for it.")
        found = touching(matching.matcher(current.brand_set_id).mentions(response.text), brand.pk, start, end)
        applied = matching.corrected(extraction=current, response=response, said=known)
        counted = touching(applied.mentions, brand.pk, start, end)
        if what == SENTIMENT and not counted:
            raise Problem(f"Nothing was changed: {brand.name} does not count as named there any more.")
        if value != YES and (meant := counted or found):
            start, end = meant[0].start, meant[0].end  # one mention, as it stands now
        over = [
            row
            for row, said in zip(standing, known, strict=True)
            if row.what == what and touching([said], brand.pk, start, end)
        ]
        if over and all(row.value == value for row in over):
            return Done(over[0], ())
        _take_back(over, by)
        is_news = what == SENTIMENT or bool(found) == (value == NO)
        made = _made(response, brand, start, end, what, value, by) if is_news else None
        if made or over:
            _follow(extractions, response, [(brand.pk, start, end)])
    return Done(made, tuple(over))


def undo(*, correction: Correction, by: User) -> bool:
    """Take a correction back; False where it was already. The reading counts again where nothing else is said."""
    response = (
        Response.objects.for_workspace(correction.workspace_id).select_related("run").get(pk=correction.response_id)
    )
    with transaction.atomic():
        extractions = _extractions(response)
        rows = [row for row in _hold(response) if row.pk == correction.pk]
        _take_back(rows, by)
        if rows:
            _follow(extractions, response, [(row.brand_id, row.start, row.end) for row in rows])
    return bool(rows)


def unnamed(*, response: Response, brand: Brand, words: str) -> list[tuple[int, int]]:
    """Where these words stand in an answer and the brand does not count as named. Problem where it does everywhere.

    Words that stand there once are that place in any case, so that saying it twice is the same.
    """
    found = places(response.text, words)
    current = Pointers.objects.filter(workspace=response.workspace_id).values("extraction")
    rows = Mention.objects.for_workspace(response.workspace_id).filter(
        extraction__in=current, response=response, brand=brand
    )
    named = list(rows.values_list("start", "end"))
    free = [(start, end) for start, end in found if not any(start < e and s < end for s, e in named)]
    if not free and len(found) > 1:
        raise Problem(f"{brand.name} counts as named in all {len(found)} places where these words stand.")
    return free or found


def places(text: str, words: str) -> list[tuple[int, int]]:
    """Where these words stand in an answer, whatever blanks and capitals; as they are written, if they stand so.

    Problem for none, for too many, or for words that cannot be a name.
    """
    parts = _BLANKS.split(words.strip())
    if not any(letter.isalnum() for letter in words):
        raise Problem("Write the words that name the brand, as they stand in the answer.")
    if len(words) > MOST_WORDS:
        raise Problem(f"These are {len(words):,} characters. Write only the words that name the brand.")
    pattern = r"\s+".join(map(re.escape, parts))
    found = [match.span() for match in re.finditer(pattern, text)]
    found = found or [match.span() for match in re.finditer(pattern, text, re.I)]
    if not found:
        raise Problem(f"“{words.strip()[:60]}” does not stand in this answer. Copy the words from it.")
    if len(found) > MOST_PLACES:
        raise Problem(f"These words stand there {len(found):,} times. Write more of the words around them.")
    return found


# --- inside --------------------------------------------------------------------------------------------------


def _extractions(response: Response) -> list[Extraction]:
    """The extractions in use, the current one first. Problem where the answer is not read yet."""
    hold_workspaces([response.workspace_id])
    if response.status != ResponseStatus.ANSWERED:
        raise Problem("There is no answer to correct yet.")
    found = reading.active_extractions([response.workspace_id])[response.workspace_id]
    current = [each for each in found if each.status == ExtractionStatus.CURRENT]
    if not current:
        raise Problem("This answer has not been read for brands yet. Add a brand first.")
    return current + [each for each in found if each.status != ExtractionStatus.CURRENT]


def _hold(response: Response) -> list[Correction]:
    """What is said of the answer, which nobody else corrects until the transaction ends."""
    mention_rows.hold([response])
    rows = Correction.objects.for_workspace(response.workspace_id).filter(response=response, undone_at=None)
    return list(rows.order_by("pk"))


def _take_back(rows: Iterable[Correction], by: User) -> None:
    for row in rows:
        row.undone_at, row.undone_by = timezone.now(), by
        row.save(update_fields=["undone_at", "undone_by"])


def _made(response: Response, brand: Brand, start: int, end: int, what: str, value: str, by: User) -> Correction:
    return Correction.objects.create(
        workspace_id=response.workspace_id,
        response=response,
        brand=brand,
        brand_name=brand.name,
        what=what,
        value=value,
        start=start,
        end=end,
        text=response.text[start:end],
        made_by=by,
        made_at=timezone.now(),
    )


def _follow(extractions: Sequence[Extraction], response: Response, places: Sequence[Place]) -> None:
    """Mentions, counts and a reviewed answer's labels become what they are by the corrections that stand now."""
    said = [matching.said_of(row) for row in _hold(response)]
    for extraction in extractions:
        mention_rows.rewrite(extraction=extraction, response=response, said=said)
    rollups.roll_up(run=response.run, assistant=response.assistant)
    review = Review.objects.for_workspace(response.workspace_id).filter(response=response).exclude(reviewed_at=None)
    for row in review.select_for_update():
        _relabel(row, extractions[0], places)


def _relabel(review: Review, current: Extraction, places: Sequence[Place]) -> None:
    """Only what was said of these places changes: labels that a later reading misses stay true."""
    rows = Mention.objects.for_workspace(review.workspace_id).filter(extraction=current, response=review.response_id)
    now = [[row.brand_id, row.start, row.end, row.sentiment] for row in rows]
    for place in places:
        kept = [label for label in review.labels if not _touches(label, place)]
        review.labels = sorted(kept + [label for label in now if _touches(label, place)], key=lambda label: label[1:3])
    review.save(update_fields=["labels"])


def _touches(label: Sequence[Any], place: Place) -> bool:
    brand_id, start, end = place
    return bool(label[0] == brand_id and label[1] < end and start < label[2])
