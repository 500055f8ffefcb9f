"""Two answers of one assistant to one prompt, side by side: what came, what went, and what both have. Reads alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from monitor.models import VALID, Response
from monitor.queries.answers import AnswerPage, answer_page

#: Earlier answers that are offered, the latest first.
OFFERED = 120
#: What an answer is put beside where nobody says: one of the week before, if there is one.
USUAL = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Moves:
    """What only the later answer has, only the earlier one, and both, in the order of the answers."""

    came: tuple[str, ...]
    went: tuple[str, ...]
    stayed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """`sides` are the earlier and the later answer; `other` is one of those `offered`, which stand newest first."""

    sides: tuple[AnswerPage, AnswerPage]
    offered: tuple[Response, ...]
    other: Response
    brands: Moves
    pages: Moves


def compared(response: Response, other: int | None = None) -> Compared | None:
    """The answer beside another, or beside one of about a week before; None where there is no other valid one."""
    same = Response.objects.for_workspace(response.workspace).filter(
        VALID, prompt=response.prompt_id, assistant=response.assistant, stratum=response.stratum
    )
    # one of each run: repeats of a run are tabs of the answer's own page
    firsts = same.exclude(run=response.run_id).order_by("-run__day", "-run_id", "repeat").distinct("run__day", "run_id")
    offered = list(firsts.defer("search").select_related("workspace", "run__panel", "prompt")[:OFFERED])
    if response.prompt_id is None or not offered:
        return None
    chosen = next((row for row in offered if row.pk == other), None) or _usual(response, offered)
    earlier, later = map(answer_page, sorted((response, chosen), key=lambda row: (row.run.day, row.pk)))
    return Compared(
        sides=(earlier, later),
        offered=tuple(offered),
        other=chosen,
        brands=_moves(_names(earlier), _names(later)),
        pages=_moves(_cited(earlier), _cited(later)),
    )


def _usual(response: Response, offered: list[Response]) -> Response:
    """The latest of those at least a week older; else the oldest before it; else the nearest after it."""
    before = [row for row in offered if row.run.day < response.run.day]
    old = [row for row in before if row.run.day <= response.run.day - USUAL]
    return old[0] if old else before[-1] if before else offered[-1]


def _names(page: AnswerPage) -> list[str]:
    return [named.brand.name for named in page.named]


def _cited(page: AnswerPage) -> list[str]:
    return [source.row.page or source.row.url for source in page.cited]


def _moves(before: Iterable[str], after: Iterable[str]) -> Moves:
    earlier, later = dict.fromkeys(before), dict.fromkeys(after)
    return Moves(
        came=tuple(name for name in later if name not in earlier),
        went=tuple(name for name in earlier if name not in later),
        stayed=tuple(name for name in later if name in earlier),
    )
