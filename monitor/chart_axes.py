"""Where things stand in a chart: the top and ticks of an axis, and names moved apart. Knows numbers and days alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

#: So much higher than the highest value is an axis of rates at least.
HEADROOM = 1.05


def share_axis(values: Iterable[float | None]) -> tuple[float, list[float]]:
    """The top of an axis of rates and its ticks, six at most: the tick above the highest value with some room to it.

    Near 100 % it ends a little above, where nothing is ever drawn and no tick stands: what touches the edge looks cut
    off.
    """
    highest = max((value for value in values if value is not None), default=0.0)
    needed = max(0.1, highest * HEADROOM)
    step = next((step for step in (2, 5, 10) if needed * 100 <= 5 * step), 20)
    steps = min(math.ceil(needed * 100 / step - 1e-9), 100 // step)
    ticks = [step * place / 100 for place in range(steps + 1)]
    return max(ticks[-1], round(needed, 4)), ticks


def axis_of_pair(own: Iterable[float | None], other: Iterable[float | None]) -> tuple[float, list[float]]:
    """One axis for both of two charts side by side, unless the lower one would lie in the bottom half of it."""
    mine, theirs = share_axis(own), share_axis(other)
    return theirs if mine[0] < theirs[0] < 2 * mine[0] else mine


def days_marked(first: date, last: date) -> list[date]:
    """About five days, evenly apart, the last one among them."""
    step = max(1, math.ceil((last - first).days / 4))
    return [day for k in range(5) if (day := last - timedelta(days=k * step)) >= first][::-1]


def spread(places: Sequence[float], gap: float, top: float) -> list[float]:
    """Rising places moved apart to at least `gap`, within 0 to `top` where they fit, each as little as is simple."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + gap) if moved else place)
    ceiling = top
    for index in range(len(moved) - 1, -1, -1):
        moved[index] = min(moved[index], ceiling)
        ceiling = moved[index] - gap
    return [max(0.0, place) for place in moved]
