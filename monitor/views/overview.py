"""The Overview: what changed, the series, and the table behind it, under the filter of the URL."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.vary import vary_on_headers

from monitor import charts
from monitor.models import Brand, Panel, Prompt, Run, Workspace
from monitor.queries import dashboard, filters
from monitor.queries.dashboard import Measure, Section
from monitor.views.access import WorkspaceRequest, access


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart and the id of its place; `short` ones are as high as their rows."""

    key: str
    title: str
    spec: charts.Spec
    short: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A section with its charts, if it has anything to draw. `a_point`: the usual number of answers behind a point."""

    section: Section
    series: tuple[Chart, ...]
    comparisons: tuple[Chart, ...]
    a_point: int
    greyed: int


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
        "parts": [_part(section) for section in page.sections],
        "hint": None if page.sections else _hint(request.workspace),
        "nothing": f"No answers were counted from {bar.filter.period.start:%-d %b %Y} to "
        f"{bar.filter.period.end:%-d %b %Y} under this filter.",
    }
    return render(request, "_overview_content.html" if request.htmx else "overview.html", context)


MEASURES: tuple[tuple[Measure, str], ...] = (("mention", "Mention rate"), ("citation", "Citation rate"))


def _part(section: Section) -> Part:
    if not charts.can_draw(section):
        return Part(section, (), (), 0, 0)
    by = "by week" if section.by_week else "by day"
    sizes = sorted(point.mention.n for point in section.series[0].points)
    return Part(
        section,
        series=tuple(
            Chart(f"series-{measure}-{section.key}", f"{title} {by}", charts.series_chart(section, measure))
            for measure, title in MEASURES
        ),
        comparisons=tuple(
            Chart(
                f"comparison-{measure}-{section.key}",
                f"{title} over the period",
                charts.comparison_chart(section, measure),
                short=True,
            )
            for measure, title in MEASURES
        ),
        a_point=sizes[len(sizes) // 2],
        greyed=len(section.series) - charts.coloured_count(section),
    )


def _hint(workspace: Workspace) -> Hint | None:
    """The next step of a workspace without figures; None when it has some, only not under this filter."""

    def to(name: str) -> str:
        return reverse(name, args=[workspace.slug])

    if filters.last_measured_day(workspace):
        return None
    if not Brand.objects.for_workspace(workspace).filter(archived_at=None).exists():
        return Hint(
            "Here you will see how often assistants name and cite you, day by day, beside your competitors. "
            "Begin with your own brand.",
            to("brand_new"),
            "Add your brand",
        )
    if not Prompt.objects.for_workspace(workspace).filter(archived_at=None).exists():
        return Hint(
            "Add the questions your customers ask: ten or more give figures with intervals.",
            to("suites"),
            "Add prompts",
        )
    if not Panel.objects.for_workspace(workspace).filter(archived_at=None).exists():
        return Hint("A panel asks your prompts on a schedule. Make one, and run it.", to("panel_new"), "New panel")
    if not Run.objects.for_workspace(workspace).filter(panel__isnull=False).exists():
        return Hint("Run your panel once, and the first figures stand here.", to("panels"), "Go to panels")
    return Hint(
        "The first run is under way, or none of its prompts was answered. Figures appear when it is done.",
        to("panels"),
        "See the runs",
    )


urlpatterns = [path("", overview, name="overview")]
