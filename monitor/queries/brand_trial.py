"""What a brand as it is typed, not yet saved, would change in the newest answers. Reads alone.

Both sides are read here from the answers' text, so the difference is the brand's own, also while a recompute is under
way. Does not know forms, and judges no change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from monitor import extract, highlight
from monitor.models import Brand, Response, ResponseStatus, Workspace

#: How many answers are read, and how many places of each kind are listed.
ANSWERS, LISTED = 1000, 20


@dataclass(frozen=True, slots=True)
class Place:
    """A mention in the answer with this position among those compared."""

    answer: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Difference:
    """`before` and `after` count answers that name the brand; places stand in the order of the answers."""

    before: int
    after: int
    gained: tuple[Place, ...]
    lost: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Snippet:
    """The sentence of a mention, marked, and the answer it stands in."""

    response_id: int
    prompt: str
    html: SafeString


@dataclass(frozen=True, slots=True)
class Trial:
    answers: int
    difference: Difference
    gained: tuple[Snippet, ...]
    lost: tuple[Snippet, ...]


def trial(workspace: Workspace, typed: Brand) -> Trial:
    """The workspace's brands as they are against the same with `typed`, which need not be saved, in its place."""
    newest = (
        Response.objects.for_workspace(workspace)
        .filter(status=ResponseStatus.ANSWERED)
        .exclude(text="")
        .order_by("-run__day", "-pk")
        .values_list("pk", "text", "prompt_text")[:ANSWERS]
    )
    answers = list(newest)
    present = list(Brand.objects.for_workspace(workspace).filter(archived_at=None))
    others = [brand for brand in present if brand.pk != typed.pk]
    difference = compare([text for _, text, _ in answers], _matcher(present), _matcher([*others, typed]), _id(typed))

    def snippets(places: Sequence[Place]) -> tuple[Snippet, ...]:
        return tuple(
            Snippet(pk, prompt, highlight.snippet(text, place.start, place.end, typed.name))
            for place in places[:LISTED]
            for pk, text, prompt in [answers[place.answer]]
        )

    return Trial(len(answers), difference, snippets(difference.gained), snippets(difference.lost))


def compare(texts: Iterable[str], before: extract.Matcher, after: extract.Matcher, brand_id: int) -> Difference:
    """What one brand gains and loses; a mention that only grows or shrinks, such as by a longer alias, is neither."""
    named_before = named_after = 0
    gained: list[Place] = []
    lost: list[Place] = []
    for number, text in enumerate(texts):
        old, new = before.places(text, brand_id), after.places(text, brand_id)
        named_before += bool(old)
        named_after += bool(new)
        gained += [Place(number, *span) for span in _apart(new, old)]
        lost += [Place(number, *span) for span in _apart(old, new)]
    return Difference(named_before, named_after, tuple(gained), tuple(lost))


def _apart(spans: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans that touch none of the others."""
    same = set(others)
    rest = [span for span in spans if span not in same]
    return [(start, end) for start, end in rest if not any(left < end and start < right for left, right in others)]


def _matcher(brands: Iterable[Brand]) -> extract.Matcher:
    """In the order in which a brand set keeps them, for what two are called is the first one's."""
    ordered = sorted(brands, key=lambda brand: (brand.kind != "own", brand.pk is None, brand.pk))
    return extract.Matcher(extract.Brand(**{**brand.frozen(), "id": _id(brand)}) for brand in ordered)


def _id(brand: Brand) -> int:
    """What a brand is to the matcher; one that was never saved is 0."""
    return brand.pk or 0
