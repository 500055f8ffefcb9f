"""An answer's corrections as its page lists them: what was said, by whom, and whether it counts. Reads alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.safestring import SafeString

from monitor import highlight, matching
from monitor.corrections import NO
from monitor.models import CorrectedPart, Correction, Extraction, Response, Sentiment

#: How many are listed, the latest first.
LISTED = 40


@dataclass(frozen=True, slots=True)
class Row:
    """A correction. `lapsed` says why it has no effect now; `html` is its sentence, None where its words are gone."""

    correction: Correction
    says: str
    lapsed: str
    html: SafeString | None

    @property
    def is_undone(self) -> bool:
        return self.correction.undone_at is not None


@dataclass(frozen=True, slots=True)
class Corrections:
    """`total` counts those not listed too."""

    rows: tuple[Row, ...] = ()
    total: int = 0


def of_answer(response: Response, extraction: Extraction | None) -> Corrections:
    """What people said of an answer, under the reading shown."""
    found = Correction.objects.for_workspace(response.workspace_id).filter(response=response)
    known = list(found.select_related("made_by", "undone_by").order_by("pk"))
    if not known:
        return Corrections()
    standing = [row for row in known if row.undone_at is None]
    lapsed: Mapping[int, str] = {}
    if extraction is not None and standing:
        said = [matching.said_of(row) for row in standing]
        applied = matching.corrected(extraction=extraction, response=response, said=said)
        lapsed = {standing[number].pk: why for number, why in applied.lapsed.items()}
    shown = sorted(known, key=lambda row: (row.undone_at is not None, -row.pk))[:LISTED]
    return Corrections(tuple(_row(response, row, lapsed.get(row.pk, "")) for row in shown), len(known))


def _row(response: Response, row: Correction, lapsed: str) -> Row:
    stands = response.text[row.start : row.end] == row.text
    html = highlight.snippet(response.text, row.start, row.end, row.brand_name) if stands else None
    return Row(row, says(row), lapsed, html)


def says(row: Correction) -> str:
    """The correction in a few words, to stand after the brand's name."""
    if row.what == CorrectedPart.MENTION:
        return "is not named" if row.value == NO else "is named"
    return f"is {Sentiment(row.value).label.lower()}"
