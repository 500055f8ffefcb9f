"""The Overview: what changed, the series, and the table behind it, under the filter of the URL."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.vary import vary_on_headers

from monitor import charts
from monitor.chart_theme import Spec
from monitor.models import Brand, BrandKind, Panel, Prompt, Run, Workspace
from monitor.queries import alerts, dashboard, filters, next_steps
from monitor.queries.dashboard import Measure, Overview, Point, Section
from monitor.views.access import WorkspaceRequest, access


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart and the id of its place; `short` ones are as high as their rows."""

    key: str
    title: str
    spec: Spec
    short: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A section with its charts, if it has anything to draw. `a_point`: the usual number of answers behind a point.

    `alike` and `flat`: whether its table has an interval where all prompts agree on none or all, or on another rate.
    """

    section: Section
    series: tuple[Chart, ...] = ()
    comparisons: tuple[Chart, ...] = ()
    legend: charts.Legend | None = None
    a_point: int = 0
    alike: bool = False
    flat: bool = False

    @property
    def days(self) -> list[tuple[Point, ...]]:
        """The points of all brands, day by day, the latest first."""
        return list(zip(*(series.points for series in self.section.series), strict=True))[::-1]


@dataclass(frozen=True, slots=True)
class Hint:
    """What to do first where there is nothing to show."""

    text: str
    href: str
    action: str


@access()
@vary_on_headers("HX-Request")
def overview(request: WorkspaceRequest) -> HttpResponse:
    bar = filters.read(request.workspace, request.GET)
    page = dashboard.overview(request.workspace, bar.filter)
    context = {
        "bar": bar,
        "page": page,
        "parts": cache(partial(parts, page)),  # called where the template has not kept what it wrote of them
        "steps": next_steps.next_steps(request.workspace, page),
        "hint": None if bar.is_measured else _hint(request.workspace),
        "nothing": f"No answers were counted from {bar.filter.period.start:%-d %b %Y} to "
        f"{bar.filter.period.end:%-d %b %Y} under this filter.",
    }
    if request.htmx:
        return render(request, "_overview_content.html", context)
    context["alerts"] = alerts.newest_unseen(request.workspace)
    return render(request, "overview.html", context)


MEASURES: tuple[tuple[Measure, str], ...] = (("mention", "Mention rate"), ("citation", "Citation rate"))


def parts(page: Overview) -> list[Part]:
    """Each assistant with its charts."""
    return [_part(section) for section in page.sections]


def _part(section: Section) -> Part:
    if not charts.can_draw(section):
        return Part(section)
    days = section.series[0].points
    over = f"on {days[0].day:%-d %b %Y}" if len(days) == 1 and not section.by_week else "over the period"
    rates = [rate for row in section.brands for rate in (row.mention, row.citation)]
    return Part(
        section,
        series=_series(section) if charts.has_lines(section) else (),
        comparisons=tuple(
            Chart(
                f"comparison-{measure}-{section.key}",
                f"{title} {over}",
                charts.comparison_chart(section, measure),
                short=True,
            )
            for measure, title in MEASURES
        ),
        legend=charts.legend(section),
        a_point=sorted(point.mention.n for point in days)[len(days) // 2],
        alike=any(rate.low is not None and rate.rate in (0, 1) for rate in rates),
        flat=any(rate.low is not None and rate.low == rate.high for rate in rates),
    )


def _series(section: Section) -> tuple[Chart, ...]:
    by = "by week" if section.by_week else "by day"
    return tuple(
        Chart(f"series-{measure}-{section.key}", f"{title} {by}", charts.series_chart(section, measure))
        for measure, title in MEASURES
    )


def _hint(workspace: Workspace) -> Hint:
    """The next step of a workspace without figures."""

    def to(name: str) -> str:
        return reverse(name, args=[workspace.slug])

    if not Brand.objects.for_workspace(workspace).filter(kind=BrandKind.OWN, archived_at=None).exists():
        return Hint(
            "Here you will see how often assistants name and cite you, day by day, beside your competitors. "
            "Begin with your own brand.",
            to("brand_new"),
            "New brand",
        )
    if not Prompt.objects.for_workspace(workspace).filter(archived_at=None).exists():
        return Hint(
            "Add the questions your customers ask: ten or more give figures with intervals.",
            to("suites"),
            "Add prompts",
        )
    if not Panel.objects.for_workspace(workspace).filter(archived_at=None).exists():
        return Hint("A panel asks your prompts on a schedule. Create one and run it.", to("panel_new"), "New panel")
    if not Run.objects.for_workspace(workspace).filter(panel__isnull=False).exists():
        return Hint("Run your panel once, and the first figures stand here.", to("panels"), "Go to panels")
    return Hint(
        "The first run is under way, or none of its prompts was answered. Figures appear when it is done.",
        to("panels"),
        "See the runs",
    )


urlpatterns = [path("", overview, name="overview")]
