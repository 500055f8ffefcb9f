"""Whether cited pages say what answers cite them for: one answer's check, and the means by assistant. Reads alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
from django.db.models import Count, Max, Q

from monitor import assistants, metrics
from monitor.metrics import Rate
from monitor.models import Extraction, Response, Run, SupportCheck, SupportVerdict, Workspace
from monitor.queries import counts
from monitor.queries.filters import STRATA, Filter
from monitor.queries.kept import kept

State = Literal["supported", "partly", "not", "unknown", "unplaced"]
#: Each state's badge and words.
SHOWN: dict[State, tuple[str, str]] = {
    "supported": ("ok", "Supported"),
    "partly": ("warn", "Partly supported"),
    "not": ("bad", "Not supported"),
    "unknown": ("muted", "Page text not known"),
    "unplaced": ("muted", "No sentence to check"),
}


@dataclass(frozen=True, slots=True)
class SourceSupport:
    """One cited page: how many of the sentences that cite it, and could be checked, it fully says."""

    state: State
    supported: int = 0
    checked: int = 0
    seen_at: datetime | None = None

    @property
    def badge(self) -> str:
        return SHOWN[self.state][0]

    @property
    def words(self) -> str:
        return SHOWN[self.state][1]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence beside a page it cites; `supported` is None where the page's text is not known."""

    text: str
    url: str
    page: str
    supported: bool | None
    score: float | None


@dataclass(frozen=True, slots=True)
class AnswerSupport:
    """The check of one answer, and what it says of each cited URL."""

    check: SupportCheck
    sources: dict[str, SourceSupport]
    sentences: tuple[Sentence, ...]

    def of(self, url: str) -> SourceSupport:
        return self.sources.get(url, SourceSupport("unplaced"))

    @property
    def judged_nothing(self) -> bool:
        """Whether no citation could be judged, for want of the pages' texts."""
        return not self.check.citations


def of_answer(response: Response) -> AnswerSupport | None:
    """What was checked of an answer; None while it was not."""
    workspace = response.workspace
    check = SupportCheck.objects.for_workspace(workspace).filter(response=response).first()
    if check is None:
        return None
    rows = SupportVerdict.objects.for_workspace(workspace).filter(of_check=check).select_related("version")
    by_url: dict[str, list[SupportVerdict]] = {}
    for row in (found := list(rows.defer("version__html", "version__text", "version__structured"))):
        by_url.setdefault(row.url, []).append(row)
    return AnswerSupport(
        check=check,
        sources={url: _of_source(verdicts) for url, verdicts in by_url.items()},
        sentences=tuple(
            Sentence(response.text[row.start : row.end].strip(), row.url, row.page, row.supported, row.score)
            for row in found
        ),
    )


def _of_source(verdicts: Sequence[SupportVerdict]) -> SourceSupport:
    judged = [verdict for verdict in verdicts if verdict.supported is not None]
    supported = sum(bool(verdict.supported) for verdict in judged)
    if not judged:
        return SourceSupport("unknown")
    state: State = "supported" if supported == len(judged) else "partly" if supported else "not"
    return SourceSupport(state, supported, len(judged), judged[0].version.seen_at if judged[0].version else None)


# --- by assistant ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SupportRow:
    """One assistant in one stratum over the period: means of recall and precision, each over the answers it has.

    `citing` counts valid answers that cite something, `checked` those of them that were checked by now, `without` the
    checked ones of which no cited page's text is known.
    """

    assistant: str
    stratum: str
    label: str
    stratum_label: str
    citing: int
    checked: int
    without: int
    recall: Rate
    precision: Rate


def by_assistant(workspace: Workspace, chosen: Filter) -> tuple[SupportRow, ...]:
    """Means over prompts, as every rate; nothing is pooled over assistants or strata.

    Recall is over answers whose cited pages are all known here: where some are not, sentences without a citation would
    weigh too much. Precision is over every citation that could be judged.
    """
    extraction = counts.current_extraction(workspace)
    if extraction is None:
        return ()
    shown = counts.fingerprint(workspace, extraction, chosen)
    return kept(("support", shown, _checked(workspace, chosen)), lambda: _by_assistant(workspace, extraction, chosen))


def _checked(workspace: Workspace, chosen: Filter) -> tuple[Any, ...]:
    """Another one whenever the check of a run of the period is done, or is to be done again."""
    runs = Run.objects.for_workspace(workspace).filter(day__range=(chosen.period.start, chosen.period.end))
    found = runs.aggregate(last=Max("support_checked_at"), open=Count("pk", filter=Q(support_checked_at=None)))
    return found["last"], found["open"]


def _by_assistant(workspace: Workspace, extraction: Extraction, chosen: Filter) -> tuple[SupportRow, ...]:
    values = counts.values_of(workspace, extraction, chosen)
    grouped: dict[tuple[str, str], list[Sequence[Any]]] = {}
    for assistant, stratum, *row in counts.fetch(counts.of_answers(_SUPPORT, chosen), values):
        grouped.setdefault((assistant, stratum), []).append(row)
    return tuple(_row(assistant, stratum, rows) for (assistant, stratum), rows in grouped.items())


def _row(assistant: str, stratum: str, rows: Iterable[Sequence[Any]]) -> SupportRow:
    # [prompts, 7]: citing, checked, without, recall's n and sum, precision's n and sum
    table = np.array([row[1:] for row in rows], np.float64)
    citing, checked, without = (int(total) for total in table[:, :3].sum(axis=0))
    return SupportRow(
        assistant=assistant,
        stratum=stratum,
        label=assistants.label(assistant),
        stratum_label=STRATA.get(stratum, stratum),
        citing=citing,
        checked=checked,
        without=without,
        recall=metrics.rates(table[:, 4:5], table[:, 3])[0],
        precision=metrics.rates(table[:, 6:7], table[:, 5])[0],
    )


_SUPPORT = """
WITH r AS ({responses})
SELECT r.assistant, r.stratum, r.prompt_id, count(*), count(k.id), count(*) FILTER (WHERE k.citations = 0),
       count(k.recall) FILTER (WHERE k.citations > 0 AND k.unknown = 0),
       coalesce(sum(k.recall) FILTER (WHERE k.citations > 0 AND k.unknown = 0), 0),
       count(k.precision), coalesce(sum(k.precision), 0)
FROM r LEFT JOIN monitor_supportcheck k ON k.response_id = r.id
WHERE EXISTS (
    SELECT 1 FROM monitor_responsesource s
    WHERE s.response_id = r.id AND s.extraction_id = r.extraction_id AND s.cited)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
