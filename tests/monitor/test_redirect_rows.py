"""Following redirects on rows alone: it comes to what the rows had been, had the provider given the pages at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from inference.answer import Answer, Citation, Source
from inference.draft import Draft
from inference.pages import identify
from monitor.services import bulk
from monitor.services.redirects import Target, resolved

WORKSPACE = 7
TEXT = "Ferns like shade and rain."
HIDDEN = "https://vertexaisearch.cloud.google.com/grounding-api-redirect/{}"
PLACES = ("https://fern.example/a", "https://www.fern.example/a/", "https://moss.example/b", "http://moss.example/c")

#: Of each source: where it leads, whether it hides behind a redirect, and the spans it is cited at, if any.
Given = tuple[str, bool, list[tuple[int, int]]]
span = st.tuples(st.integers(0, 20), st.integers(1, 5)).map(lambda both: (both[0], both[0] + both[1]))
source = st.tuples(st.sampled_from(PLACES), st.booleans(), st.lists(span, max_size=3))


def answer_of(sources: Sequence[Given], *, direct: bool) -> Answer:
    """An answer as a provider gives it: all that was consulted first, then what is cited, by position in the text."""
    draft = Draft()
    draft.add(TEXT)
    urls = [HIDDEN.format(n) if hides and not direct else place for n, (place, hides, _) in enumerate(sources)]
    for url in urls:
        draft.consult(url)
    for url, (_, _, spans) in zip(urls, sources, strict=True):
        for start, end in spans:
            draft.cite(url, start, end)
    return draft.answer(b"")


def rows_of(answer: Answer) -> list[bulk.Row]:
    """Rows as reading makes them: cited pages in order, then those only consulted."""
    cited = {found.page or found.url for found in answer.citations}
    only = [found for found in answer.retrieved or () if (found.page or found.url) not in cited]
    every: list[Citation | Source] = [*answer.citations, *only]
    owner = {"workspace_id": WORKSPACE, "extraction_id": 1, "response_id": 1, "title": "", "retrieved": True}
    return [
        owner
        | {"sequence": sequence, "url": found.url, "page": found.page or "", "domain": found.domain or ""}
        | {"cited": sequence < len(answer.citations), "via": getattr(found, "via", "")}
        | {"spans": list(getattr(found, "spans", ()))}
        for sequence, found in enumerate(every)
    ]


def told(rows: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What counts of the rows; their URLs stay those of the redirects."""
    columns = ("sequence", "page", "domain", "cited", "retrieved", "via", "spans")
    return [tuple(row[name] for name in columns) for row in rows]


def targets_of(sources: Sequence[Given]) -> dict[tuple[int, str], Target]:
    return {
        (WORKSPACE, HIDDEN.format(n)): Target(identify(place).page or "", identify(place).domain or "")
        for n, (place, hides, _) in enumerate(sources)
        if hides
    }


@given(st.lists(source, max_size=8))
def test_it_is_as_if_the_pages_had_been_given(sources: list[Given]) -> None:
    targets = targets_of(sources)
    after = resolved(rows_of(answer_of(sources, direct=False)), targets)
    assert told(after) == told(rows_of(answer_of(sources, direct=True)))
    assert resolved(after, targets) == after, "twice is as once"


@given(st.lists(source, max_size=8), st.randoms(use_true_random=False))
def test_the_order_in_which_they_become_known_does_not_matter(sources: list[Given], chance: Any) -> None:
    targets = targets_of(sources)
    rows = rows_of(answer_of(sources, direct=False))
    at_once = resolved(rows, targets)
    known: dict[tuple[int, str], Target] = {}
    for place in chance.sample(sorted(targets), len(targets)):
        known[place] = targets[place]
        rows = resolved(rows, known)
    columns = ("url", "page", "cited", "spans")
    cited = [[row[name] for name in columns] for row in rows if row["cited"]]
    assert cited == [[row[name] for name in columns] for row in at_once if row["cited"]]
    assert {row["page"] for row in rows} == {row["page"] for row in at_once}
