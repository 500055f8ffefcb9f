"""Prompts for which an assistant began, or ceased, to cite a brand's pages, as seen after each run of a period.

An assistant cites now this page and now that, so one run says little. A prompt's citations are won when none of the
answers of some runs cited the brand and at least half of those of as many later ones do, and lost the other way round;
and only where Fisher's exact test, weighed over all prompts that were cited at all, calls that more than noise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

import numpy as np

from monitor import assistants, metrics
from monitor.firings import Firing
from monitor.models import AlertRule, Prompt
from monitor.plain import days as days_words
from monitor.queries import counts
from monitor.queries.counts import Row
from monitor.queries.filters import Filter, Period

#: Runs of a prompt that lie further back are no longer what it is compared with.
MOST_DAYS_BACK = 120
ENOUGH = 0.5


@dataclass(frozen=True, slots=True)
class Seen:
    """One prompt of one assistant: how many answers cited the brand in the earlier runs, and in the latest ones."""

    assistant: str
    stratum: str
    prompt: int
    since: date
    end: date
    cited_before: int
    answers_before: int
    cited: int
    answers: int

    @property
    def p(self) -> float:
        return metrics.fisher(self.cited_before, self.answers_before, self.cited, self.answers)

    @property
    def news(self) -> str:
        """`won`, `lost`, or nothing."""
        if not self.cited_before and self.cited >= ENOUGH * self.answers:
            return "won"
        return "lost" if not self.cited and self.cited_before >= ENOUGH * self.answers_before else ""


def citations(rule: AlertRule, period: Period) -> list[Firing]:
    by_day: dict[date, list[Seen]] = defaultdict(list)
    for seen in _seen(rule, period):
        by_day[seen.end].append(seen)
    told = []
    for listed in by_day.values():
        weighed = metrics.benjamini_hochberg([seen.p for seen in listed])
        told += [
            (seen, q)
            for seen, q in zip(listed, weighed, strict=True)
            if q <= metrics.FALSE_DISCOVERIES and seen.news in rule.watches
        ]
    prompts = Prompt.objects.for_workspace(rule.workspace).filter(pk__in={seen.prompt for seen, _ in told})
    texts = dict(prompts.values_list("pk", "text"))
    return [_firing(rule, seen, q, texts[seen.prompt]) for seen, q in told]


def _seen(rule: AlertRule, period: Period) -> Iterator[Seen]:
    """Every prompt after each day with a run, where the brand was cited in either of the two sets of runs."""
    extraction = counts.current_extraction(rule.workspace)
    if extraction is None or rule.brand_id is None:
        return
    span = Period(period.start - timedelta(days=MOST_DAYS_BACK), period.end)
    chosen = Filter(span, compare="none", panel=rule.panel_id, assistants=tuple(rule.assistants))
    for (assistant, stratum), rows in counts.rows_of(rule.workspace, extraction, chosen, "cells", "brands").items():
        for prompt, days, answers, cited in runs_citing(rows, rule.brand_id, period.start, 2 * rule.runs):
            last_of_day = {day: place for place, day in enumerate(days)}
            for day, last in last_of_day.items():
                middle, first = last + 1 - rule.runs, last + 1 - 2 * rule.runs
                if day in period and first >= 0 and any(cited[first : last + 1]):
                    before, after = slice(first, middle), slice(middle, last + 1)
                    yield Seen(
                        assistant,
                        stratum,
                        prompt,
                        days[middle],
                        day,
                        *_sums(cited, answers, before),
                        *_sums(cited, answers, after),
                    )


def runs_citing(
    rows: Sequence[Row], brand: int, since: date, most: int
) -> Iterator[tuple[int, list[date], list[int], list[int]]]:
    """Prompts whose answers cite the brand: (prompt, days, valid answers, those citing it), the runs in order.

    Of the runs before `since` only the latest, so many that with the first one after it there are `most`.
    """
    prompts = counts.prompts_of(rows)
    answers, cited = np.zeros((2, len(rows), len(prompts)), np.int64)
    for place, row in enumerate(rows):
        cells, hits = row.tables["cells"], row.tables["brands"]
        answers[place, np.searchsorted(prompts, cells["prompt"])] = cells["valid"]
        hits = hits[(hits["brand"] == brand) & (hits["rank"] == 0)]
        cited[place, np.searchsorted(prompts, hits["prompt"])] = hits["answers"]
    earlier = sum(row.day < since for row in rows)
    for place in np.flatnonzero(cited.any(axis=0)).tolist():
        measured = np.flatnonzero(answers[:, place])
        before, after = np.split(measured, [np.searchsorted(measured, earlier)])
        wanted = np.concatenate([before[1 - most :], after])
        if cited[wanted, place].any():
            days = [rows[run].day for run in wanted.tolist()]
            yield int(prompts[place]), days, answers[wanted, place].tolist(), cited[wanted, place].tolist()


def _sums(cited: Sequence[int], answers: Sequence[int], runs: slice) -> tuple[int, int]:
    return sum(cited[runs]), sum(answers[runs])


def _firing(rule: AlertRule, seen: Seen, q: float, prompt: str) -> Firing:
    who, brand = assistants.label(seen.assistant), rule.brand.name if rule.brand else ""
    now, before = f"{seen.cited} of {seen.answers}", f"{seen.cited_before} of {seen.answers_before}"
    began = "began" if seen.news == "won" else "ceased"
    given = {
        "prompt": seen.prompt,
        "assistant": seen.assistant,
        "panel": rule.panel_id,
        "from": seen.since.isoformat(),
        "to": seen.end.isoformat(),
    }
    return Firing(
        subject=f"{seen.news} {seen.assistant} {seen.stratum} {seen.prompt}",
        start=seen.since,
        end=seen.end,
        words=f"{days_words(seen.since, seen.end)}: {who} {began} to cite {brand} for “{prompt}”, in {now} answers "
        f"of {rule.runs} runs and in {before} of the {rule.runs} runs before.",
        page="answers",
        query=urlencode({name: value for name, value in given.items() if value}),
        good=(seen.news == "won") if rule.brand and rule.brand.kind == "own" else None,
        figures={
            "cited": seen.cited,
            "answers": seen.answers,
            "cited_before": seen.cited_before,
            "answers_before": seen.answers_before,
            "p": seen.p,
            "q": q,
        },
    )
