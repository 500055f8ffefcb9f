"""How right the reading is: reviewed answers, and the precision and recall they give. Reads alone.

Only answers that a draw took count, for those that people came upon are no sample. Each version of the rules and brands
is held against the same labels, over the brands that were looked for when the answer was reviewed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from django.db.models import Count, Max, Q, QuerySet
from django.utils.safestring import SafeString

from monitor import agreement, assistants, extract, highlight
from monitor.agreement import Compared, Felt, Label, Measured
from monitor.models import BrandSet, Extraction, Mention, Response, Review, ReviewReading, Sentiment, Workspace
from monitor.queries import answers, counts
from monitor.queries.answers import AnswerPage
from monitor.queries.counts import BrandInfo

#: How many errors the page lists with their sentences; the CSV has all.
LISTED = 25
RIGHT, WRONG, MISSED = "right", "found wrongly", "missed"
Version = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Progress:
    """How many answers were drawn and looked through; `draws` so far, and the review that is next."""

    drawn: int
    reviewed: int
    draws: int
    upcoming: int | None

    @property
    def left(self) -> int:
        return self.drawn - self.reviewed


@dataclass(frozen=True, slots=True)
class BrandFigures:
    brand: BrandInfo
    measured: Measured


@dataclass(frozen=True, slots=True)
class VersionFigures:
    """One version of the rules with one set of brands, over the reviewed answers that it has read."""

    rules: str
    brands: int
    in_use: bool
    answers: int
    measured: Measured


@dataclass(frozen=True, slots=True)
class Found:
    """A mention in a reviewed answer: what the reading made of it, and what it is."""

    review: Review
    brand: str
    place: Label
    outcome: str
    said: str | None
    heard: str | None

    @property
    def is_error(self) -> bool:
        return self.outcome != RIGHT or self.is_misheard

    @property
    def is_misheard(self) -> bool:
        return bool(self.said and self.heard and self.said != self.heard)


@dataclass(frozen=True, slots=True)
class Error:
    """A mistake with its sentence, which leads to its answer."""

    found: Found
    says: str
    badge: str
    assistant: str
    html: SafeString


@dataclass(frozen=True, slots=True)
class HowRight:
    """Everything of the page. Figures are of the reading in use."""

    progress: Progress
    overall: Measured
    brands: tuple[BrandFigures, ...]
    felt: Felt
    versions: tuple[VersionFigures, ...]
    errors: tuple[Error, ...]
    error_count: int

    @property
    def confusion(self) -> list[tuple[str, list[int]]]:
        """Rows of what people say, each with how often what was found, in the order of `Sentiment`."""
        return [(Sentiment(said).label, list(row.values())) for said, row in self.felt.counts.items()]


@dataclass(frozen=True, slots=True)
class AnswerReview:
    """One drawn answer as the review shows it."""

    review: Review
    answer: AnswerPage
    progress: Progress
    seen: str


def progress(workspace: Workspace, after: Review | None = None) -> Progress:
    """`after`: the review from which to look for the next one; the first that is left where none follows it."""
    rows = Review.objects.for_workspace(workspace)
    found = rows.aggregate(
        drawn=Count("pk"), reviewed=Count("pk", filter=~Q(reviewed_at=None)), draws=Max("draw", default=0)
    )
    left = rows.filter(reviewed_at=None).order_by("draw", "place")
    upcoming = None
    if after is not None:
        left = left.exclude(pk=after.pk)
        upcoming = left.filter(Q(draw__gt=after.draw) | Q(draw=after.draw, place__gt=after.place)).first()
    upcoming = upcoming or left.first()
    return Progress(**found, upcoming=upcoming.pk if upcoming else None)


def answer_review(review: Review, *, listed: int = answers.MENTIONS_LISTED) -> AnswerReview:
    """A review with its answer, and the fingerprint of its mentions, of which so many are shown one by one."""
    page = answers.answer_page(review.response, listed=listed)
    here = Mention.objects.for_workspace(review.workspace_id).filter(
        response=review.response, extraction=page.extraction
    )
    labels = (Label(row.brand_id, row.start, row.end, row.sentiment) for row in here)
    return AnswerReview(review, page, progress(review.workspace, review), agreement.fingerprint(labels))


def how_right(workspace: Workspace) -> HowRight:
    """The figures of the reading in use and of those before, with its errors, the latest reviewed first."""
    extraction = counts.current_extraction(workspace)
    reviews = list(_reviewed(workspace).defer("response__text", "response__prompt_text"))
    readings = _readings(workspace)
    compared = _compared(reviews, _in_use(readings, extraction), _heard(workspace, extraction))
    brands = counts.brands_of(workspace, extraction) if extraction else []
    found = list(_found(compared, {brand.pk: brand.name for brand in brands}))
    errors = [each for each in found if each.is_error]
    everything = [each for _, each in compared]
    return HowRight(
        progress=progress(workspace),
        overall=agreement.measured(everything),
        brands=tuple(
            BrandFigures(brand, agreement.measured([each.of(brand.pk) for each in everything])) for brand in brands
        ),
        felt=agreement.felt(everything, Sentiment.values),
        versions=tuple(_versions(workspace, reviews, readings, extraction)),
        errors=tuple(_errors(errors[:LISTED])),
        error_count=len(errors),
    )


def labels(workspace: Workspace) -> list[Found]:
    """Every mention in a reviewed answer, found by the reading in use or named, in order of review and place."""
    extraction = counts.current_extraction(workspace)
    if extraction is None:
        return []
    in_use = _in_use(_readings(workspace), extraction)
    compared = _compared(list(_reviewed(workspace)), in_use, _heard(workspace, extraction))
    return list(_found(compared, {brand.pk: brand.name for brand in counts.brands_of(workspace, extraction)}))


# --- inside --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a version found in one answer, and the brands it looked for."""

    found: tuple[Label, ...]
    brands: frozenset[int]


Readings = dict[Version, dict[int, _Reading]]


def _reviewed(workspace: Workspace) -> QuerySet[Review]:
    """The latest first."""
    rows = Review.objects.for_workspace(workspace).exclude(reviewed_at=None)
    of_response = ("run__day", "assistant", "prompt_text", "text")
    shown = ("labels", "brands", "reviewed_at", "reviewed_by__email", *(f"response__{name}" for name in of_response))
    return rows.select_related("response__run", "reviewed_by").only(*shown).order_by("-reviewed_at", "-pk")


def _readings(workspace: Workspace) -> Readings:
    """By version and review."""
    rows = ReviewReading.objects.for_workspace(workspace)
    sets = BrandSet.objects.for_workspace(workspace).filter(pk__in=rows.values("brand_set"))
    brands = {pk: frozenset(brand["id"] for brand in frozen) for pk, frozen in sets.values_list("pk", "brands")}
    found: Readings = defaultdict(dict)
    for rules, brand_set, review, mentions in rows.values_list("rule_version", "brand_set", "review", "found"):
        found[rules, brand_set][review] = _Reading(tuple(Label(*place) for place in mentions), brands[brand_set])
    return found


def _versions_in_use(extraction: Extraction | None) -> list[Version]:
    """The extraction's own, and the rules of now: after an upgrade they read new answers before history follows."""
    if extraction is None:
        return []
    return [(rules, extraction.brand_set_id) for rules in (extraction.rule_version, extract.RULE_VERSION)]


def _in_use(readings: Readings, extraction: Extraction | None) -> dict[int, _Reading]:
    """By review; the rules of now where both have read it."""
    return {pk: reading for key in _versions_in_use(extraction) for pk, reading in readings.get(key, {}).items()}


def _heard(workspace: Workspace, extraction: Extraction | None) -> dict[tuple[int, int, int], str | None]:
    """What the classifier found, by response, brand and start, in reviewed answers."""
    reviewed = Review.objects.for_workspace(workspace).exclude(reviewed_at=None)
    here = Mention.objects.for_workspace(workspace).filter(
        extraction=extraction, response__in=reviewed.values("response")
    )
    rows = here.order_by().values_list("response_id", "brand_id", "start", "by_hand", "judged", "sentiment")
    return {
        (response_id, brand_id, start): judged if by_hand else sentiment
        for response_id, brand_id, start, by_hand, judged, sentiment in rows
    }


def _compared(
    reviews: Sequence[Review],
    readings: dict[int, _Reading],
    heard: dict[tuple[int, int, int], str | None],
) -> list[tuple[Review, Compared]]:
    """Each reviewed answer that the version has read, over the brands that were looked for both times."""
    found = []
    for review in reviews:
        if (reading := readings.get(review.pk)) is None:
            continue
        both = reading.brands & set(review.brands)
        named = [Label(*label) for label in review.labels]
        mentions = [
            replace(each, sentiment=heard.get((review.response_id, each.brand_id, each.start)))
            for each in reading.found
        ]
        found.append((review, agreement.compare(_of(mentions, both), _of(named, both))))
    return found


def _of(mentions: Iterable[Label], brands: frozenset[int]) -> list[Label]:
    return [each for each in mentions if each.brand_id in brands]


def _versions(
    workspace: Workspace, reviews: Sequence[Review], readings: Readings, extraction: Extraction | None
) -> Iterator[VersionFigures]:
    """The one in use first, then the latest."""
    sets = BrandSet.objects.for_workspace(workspace).filter(pk__in={brand_set for _, brand_set in readings})
    numbers = dict(sets.values_list("pk", "number"))
    used = _versions_in_use(extraction)
    order = sorted(readings, key=lambda version: (version in used, numbers[version[1]], version[0]), reverse=True)
    for version in order:
        compared = [each for _, each in _compared(reviews, readings[version], {})]
        yield VersionFigures(
            version[0], numbers[version[1]], version in used, len(compared), agreement.measured(compared)
        )


def _found(compared: Iterable[tuple[Review, Compared]], names: dict[int, str]) -> Iterator[Found]:
    for review, each in compared:
        rows = [
            Found(review, names[said.brand_id], said, RIGHT, said.sentiment, heard.sentiment)
            for heard, said in each.right
        ]
        rows += [Found(review, names[label.brand_id], label, WRONG, None, label.sentiment) for label in each.wrong]
        rows += [Found(review, names[label.brand_id], label, MISSED, label.sentiment, None) for label in each.missed]
        yield from sorted(rows, key=lambda row: (row.place.start, row.place.end, row.brand))


def _errors(found: Sequence[Found]) -> Iterator[Error]:
    responses = [each.review.response_id for each in found]
    workspace = found[0].review.workspace_id if found else 0
    texts = dict(Response.objects.for_workspace(workspace).filter(pk__in=responses).values_list("pk", "text"))
    for each in found:
        html = highlight.snippet(texts[each.review.response_id], each.place.start, each.place.end, each.brand)
        yield Error(each, *_described(each), assistants.label(each.review.response.assistant), html)


def _described(found: Found) -> tuple[str, str]:
    if found.outcome == WRONG:
        return "Found, but is no mention of it", "bad"
    if found.outcome == MISSED:
        return "Named, but not found", "warn"
    return f"Judged {_feeling(found.heard)}, is {_feeling(found.said)}", "accent"


def _feeling(value: str | None) -> str:
    return Sentiment(value).label.lower() if value else "not judged"
