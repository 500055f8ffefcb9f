"""Template filters and tags: numbers, times, icons and links as the product writes them.

Every page uses them (they are built in, no `{% load %}`). What is `None` is "not measured": a dash, never a zero.
Knows how a figure is written, not how it is made.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.template import Context
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from monitor.drawings import ICONS, PICTURES
from monitor.models.saved_views import PLACES
from monitor.queries.behind import link

register = template.Library()

SPACE = "\u00a0"  # no line break between a figure and its unit


# --- numbers -------------------------------------------------------------------------------------------------


def unmeasured(reason: str = "") -> SafeString:
    """The dash for what was not measured, with the reason for those who hover and those who listen."""
    said = f"Not measured: {reason}" if reason else "Not measured"
    return format_html('<span class="unmeasured" title="{}">–<span class="sr"> {}</span></span>', said, said)


@register.filter
def dash(value: Any, reason: str = "") -> Any:
    """The value, or a dash with the reason where there is none: `{{ x|dash:"no citations" }}`."""
    return unmeasured(reason) if value is None or value == "" else value


def whole_percent(rate: float) -> str:
    """A rate in whole percent, but never 0 or 100 for what is only close to it."""
    points = rate * 100
    if 0 < points < 0.5:
        return "<\u200a1"
    if 99.5 < points < 100:
        return ">\u200a99"
    return f"{points:.0f}"


@register.filter
def percent(rate: Any, reason: str = "") -> SafeString:
    """`38 %` of a number between 0 and 1; `38 % (32–44)` of a `metrics.Rate` with an interval."""
    interval = rate if hasattr(rate, "low") else None
    value = rate.rate if interval is not None else rate
    if value is None:
        return unmeasured(reason or getattr(rate, "reason", None) or "")
    written = format_html("{}" + SPACE + "%", whole_percent(value))
    return written if interval is None else format_html("{} {}", written, bounds(interval))


@register.filter
def bounds(rate: Any) -> SafeString:
    """The `(32–44)` of a `metrics.Rate`, or why it has none; of a `metrics.Change`, `(−45 to +2)`."""
    if rate.low is None or rate.high is None:
        return format_html('<span class="interval">({})</span>', getattr(rate, "reason", None) or "too thin")
    if hasattr(rate, "difference"):
        said = f"({_signed(rate.low)} to {_signed(rate.high)})"
        return format_html('<span class="interval" title="95 % interval of the change">{}</span>', said)
    said = f"({rate.low * 100:.0f}–{rate.high * 100:.0f})"
    return format_html('<span class="interval" title="{}">{}</span>', interval_words(rate), said)


def interval_words(rate: Any) -> str:
    """Where an interval comes from, and what one without width means; some rates say it themselves."""
    if words := getattr(rate, "words", ""):
        return str(words)
    if rate.prompts == 1:
        return "95 % interval of one prompt's answers (Wilson)"
    if rate.rate in (0, 1):
        return f"95 % interval (Wilson): {rate.prompts} prompts that all agree leave this much open"
    if rate.low == rate.high:
        return (
            f"All {rate.prompts} prompts gave this same rate, so resampling them finds no width; that is not certainty"
        )
    return f"95 % interval, from resampling {rate.prompts} prompts"


@register.filter
def points(difference: float | None) -> SafeString:
    """A change between two rates as `+5 pts`; what rounds to nothing has no sign."""
    if difference is None:
        return unmeasured()
    return format_html("{}" + SPACE + "pts", _signed(difference))


def _signed(difference: float) -> str:
    written = f"{difference * 100:+.0f}"
    return "0" if written in ("+0", "-0") else written.replace("-", "−")


@register.filter
def moved(change: Any) -> str:
    """How many of its prompts a change rests on: `3 of 15 prompts rose`, `5 rose and 3 fell of 15 prompts`."""
    rose, fell, of_all = change.rose, change.fell, f"of {change.pairs} prompts"
    if rose and fell:
        return f"{rose} rose and {fell} fell {of_all}"
    if rose or fell:
        return f"{rose or fell} {of_all} {'rose' if rose else 'fell'}"
    return f"none {of_all}"


@register.filter
def n(count: int | None) -> Any:
    """A count with thousands marked: `12,345`."""
    return unmeasured() if count is None else f"{count:,}"


@register.filter
def money(dollars: Decimal | float | None) -> Any:
    """US dollars with two digits; what is positive but under a cent says so."""
    if dollars is None:
        return unmeasured("the assistant reports no cost")
    return f"<{SPACE}$0.01" if 0 < dollars < Decimal("0.005") else f"${dollars:,.2f}"


@register.filter
def price(dollars: Decimal | None) -> Any:
    """A price or the cost of one call, to a hundredth of a cent: `$1.25`, `$0.0105`."""
    if dollars is None:
        return unmeasured("nobody knows")
    if 0 < dollars < Decimal("0.00005"):
        return f"<{SPACE}$0.0001"
    written = f"{dollars:,.4f}"
    return f"${written[:-2]}{written[-2:].rstrip('0')}"


def _short(value: float) -> str:
    """With one decimal where that says something: `2.4`, `30`."""
    return f"{value:.1f}".removesuffix(".0")


@register.filter
def tokens(count: int | None) -> Any:
    """`840`, `12.4 k`, `3.1 M`."""
    if count is None:
        return unmeasured("the assistant reports no tokens")
    for unit, size in (("M", 999_950), ("k", 1000)):
        if count >= size:
            return f"{_short(count / (1_000_000 if unit == 'M' else 1000))}{SPACE}{unit}"
    return f"{count:.0f}"


@register.filter
def size(count: int | None) -> Any:
    """Bytes as `840 B`, `12.4 kB`, `3.1 MB`."""
    if count is None:
        return unmeasured()
    if count < 1000:
        return f"{count}{SPACE}B"
    return f"{_short(count / 1000)}{SPACE}kB" if count < 999_950 else f"{_short(count / 1_000_000)}{SPACE}MB"


@register.filter
def took(milliseconds: float | None) -> Any:
    """A duration: `38 ms`, `2.4 s`, `3 min 20 s`, `2 h 5 min`."""
    if milliseconds is None:
        return unmeasured()
    seconds = milliseconds / 1000
    if 0 < milliseconds < 0.5:
        return f"<\u200a1{SPACE}ms"
    if seconds < 1:
        return f"{milliseconds:.0f}{SPACE}ms"
    if seconds < 60:
        return f"{_short(seconds)}{SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{SPACE}min {rest}{SPACE}s"
    return f"{minutes // 60}{SPACE}h {minutes % 60}{SPACE}min"


# --- days and times, in the workspace's zone (`access` makes it the current one) --------------------------------


@register.filter
def day(moment: date | datetime | None) -> Any:
    """`20 Nov 2026`."""
    if moment is None:
        return unmeasured()
    if isinstance(moment, datetime):
        moment = timezone.localtime(moment)
    return f"{moment.day}{SPACE}{moment:%b}{SPACE}{moment.year}"


@register.filter
def said_day(written: str) -> Any:
    """A day as a page says it: as we write days where it begins with one, else word for word."""
    try:
        return day(date.fromisoformat(written[:10]))
    except ValueError:
        return written


def _absolute(moment: datetime) -> str:
    return f"{day(moment)}, {moment:%H:%M} {moment.tzname()}"


@register.filter
def when(moment: datetime | None) -> SafeString:
    """`20 Nov 2026, 14:05 CET` as a `<time>`."""
    if moment is None:
        return unmeasured()
    local = timezone.localtime(moment)
    return format_html('<time datetime="{}">{}</time>', local.isoformat(timespec="seconds"), _absolute(local))


@register.filter
def plain_when(moment: datetime) -> str:
    """`20 Nov 2026, 14:05 CET`, for plain text."""
    return _absolute(timezone.localtime(moment)).replace(SPACE, " ")


@register.filter
def ago(moment: datetime | None) -> SafeString:
    """`5 min ago` with the absolute time beside it; in the future, `in 5 min`."""
    if moment is None:
        return unmeasured()
    local = timezone.localtime(moment)
    seconds = round((timezone.now() - moment).total_seconds())
    distance = abs(seconds)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if distance >= length:
            words = f"{distance // length}{SPACE}{unit}"
            relative = f"{words} ago" if seconds > 0 else f"in {words}"
            break
    else:
        relative = "just now" if seconds >= 0 else "in a moment"
    return format_html(
        '<time datetime="{}">{} <span class="under">{}</span></time>',
        local.isoformat(timespec="seconds"),
        relative,
        _absolute(local),
    )


# --- charts ----------------------------------------------------------------------------------------------------------


@register.filter
def tabled(spec: dict[str, Any]) -> dict[str, Any]:
    """A chart's spec for the page: the rows of its data without the columns' names, which `charts.js` puts back."""
    return spec | {
        "datasets": {
            name: {"columns": list(rows[0]) if rows else [], "rows": [list(row.values()) for row in rows]}
            for name, rows in spec["datasets"].items()
        }
    }


# --- links, icons, pictures ---------------------------------------------------------------------------------------


@register.simple_tag
def nav_url(name: str, *arguments: Any) -> str:
    """The address of one of the frame's places."""
    return reverse(name, args=arguments)


@register.simple_tag(takes_context=True)
def behind(context: Context, figure: str, of: Any = None, **values: Any) -> str:
    """The address of the answers behind a figure of this page, of one assistant in one stratum: `of` knows which.

    `{% behind "named" of=section brand=row.brand.pk as href %}`
    """
    if "bar" not in context:
        return ""  # a page for people outside, which leads nowhere
    who = {"assistant": of.assistant, "stratum": of.stratum} if of is not None else {}
    return link(context["workspace"], context["bar"].filter, figure, **who, **values)


@register.simple_tag(takes_context=True)
def leaf(context: Context, number: int, name: str) -> str:
    """The address of this page with another leaf of one of its lists."""
    params = context["request"].GET.copy()
    params[name] = str(number)
    return f"?{params.urlencode()}"


@register.simple_tag(takes_context=True)
def alone(context: Context, of: Any) -> str:
    """The address of this page with one assistant in one stratum alone: `of` knows which. Its lists begin anew."""
    params = context["request"].GET.copy()
    for name in PLACES:
        params.pop(name, None)  # it counts the leaves of another assistant's list
    params["assistant"], params["stratum"] = of.assistant, of.stratum
    return f"?{params.urlencode()}"


@register.filter
def breakable(address: str) -> SafeString:
    """A page's address that may go over to the next line after each of its parts, not within a word."""
    parts = re.findall(r"[^/?&=._-]*[/?&=._-]|[^/?&=._-]+", address)
    return format_html_join(mark_safe("<wbr>"), "{}", ((part,) for part in parts))


@register.filter
def safe_link(url: str) -> str:
    """The URL when it is http(s), else nothing: what assistants cite is not ours to trust."""
    return url if url.lower().startswith(("http://", "https://")) else ""


@register.simple_tag
def icon(name: str) -> SafeString:
    """A 16 px line drawing, hidden from screen readers: the words beside it say the same."""
    return format_html(
        '<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">{}</svg>',
        mark_safe(ICONS[name]),  # noqa: S308 - our own constants
    )


@register.simple_tag
def picture(name: str) -> SafeString:
    """The small drawing of an empty state: what will stand there."""
    return format_html(
        '<svg viewBox="0 0 120 72" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round" '
        'aria-hidden="true">{}</svg>',
        mark_safe(PICTURES[name]),  # noqa: S308 - our own constants
    )
