"""The position-adjusted word count, from an answer's sources to the table of domains."""

from __future__ import annotations

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from monitor import metrics
from monitor.models import DayCell, DayDomain, ResponseSource
from monitor.queries import dashboard
from monitor.queries.filters import Filter, Period
from monitor.services import reading, rollups, word_counts
from tests.factories import make_member, make_workspace
from tests.factories_history import LAST_DAY, add_source, make_extraction, make_panel, make_response, make_run

TEXT = "First words about pens here [1]. Then come some more of them [2]. And a last one [1]."
DOMAINS = ("a.example", "b.example", "c.example", "")


def row(domain: str, spans: list[tuple[int, int]], *, response: int = 1, cited: bool = True) -> dict[str, object]:
    return {"extraction_id": 1, "response_id": response, "domain": domain, "cited": cited, "spans": spans}


spans = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), max_size=3)


@given(st.lists(st.tuples(st.sampled_from(DOMAINS), spans, st.booleans()), max_size=6))
def test_the_sources_of_a_domain_sum_up_to_its_share(sources: list[tuple[str, list[tuple[int, int]], bool]]) -> None:
    rows = [row(domain, places, cited=cited) for domain, places, cited in sources]
    weighed = word_counts.weighed(rows, {1: TEXT})
    shares = metrics.pawc(TEXT, [(domain, places) for domain, places, cited in sources if cited]) or {}
    assert [{**item, "pawc": None} for item in weighed] == [item | {"pawc": None} for item in rows]
    for domain in DOMAINS:
        found = [item["pawc"] for item in weighed if item["domain"] == domain and item["pawc"] is not None]
        assert found == ([shares[domain]] if domain in shares else [])
    assert not shares or sum(item["pawc"] or 0 for item in weighed) == pytest.approx(1)


def test_answers_are_weighed_each_by_itself() -> None:
    rows = [row("a.example", [(0, 5)]), row("b.example", [(0, 5)], response=2)]
    assert [item["pawc"] for item in word_counts.weighed(rows, {1: TEXT, 2: TEXT})] == [1, 1]


@pytest.mark.django_db
def test_history_is_counted_when_it_is_read_again_and_shown_by_assistant() -> None:
    workspace = make_workspace()
    extraction = make_extraction(workspace, [])
    panel = make_panel(workspace, prompts=1)
    run, prompt = make_run(panel, extraction, LAST_DAY), panel.suite.prompts.get()
    first = make_response(run, prompt, text=TEXT)
    for page, places in (("a.example/x", [[28, 31]]), ("a.example/y", [[81, 84]]), ("b.example", [[61, 64]])):
        source = add_source(extraction, first, page)
        ResponseSource.objects.for_workspace(workspace).filter(pk=source.pk).update(spans=places)
    unplaced = make_response(run, prompt, repeat=1, text=TEXT)
    listed = add_source(extraction, unplaced, "b.example")
    ResponseSource.objects.for_workspace(workspace).filter(pk=listed.pk).update(spans=[])
    rollups.roll_up(run=run)
    month = Filter(Period(LAST_DAY, LAST_DAY))
    (before,) = dashboard.sections_of(workspace, month)[0]
    assert {domain.pawc for domain in before.domains} == {None}, "nothing is known before history is read again"

    for _ in range(2):
        reading.recompute(workspace=workspace)
    shares = metrics.pawc(TEXT, [("a.example", [(28, 31), (81, 84)]), ("b.example", [(61, 64)])])
    assert shares and shares["a.example"] > shares["b.example"] > 0
    (section,) = dashboard.sections_of(workspace, month)[0]
    assert {domain.domain: domain.pawc for domain in section.domains} == pytest.approx(shares)
    cell = DayCell.objects.for_workspace(workspace).get()
    assert (cell.valid, cell.with_citation, cell.with_pawc) == (2, 2, 1)
    sums = DayDomain.objects.for_workspace(workspace).values_list("domain", "pawc")
    assert dict(sums) == pytest.approx(shares)

    client = Client()
    client.force_login(make_member(workspace))
    page = client.get(f"/w/{workspace.slug}/sources/").content.decode()
    assert "PAWC" in page and f"{shares['a.example'] * 100:.0f}" in page
