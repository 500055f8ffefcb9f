"""What pages say that could be quoted in answer to a question, and what each quotation is worth.

A sentence is worth its page's rank, its nearness to the question in meaning and in words, and the cues of its wording
that fit the kind of question. Beside sentences there are awards ("Best overall: ..."), entries of product lists, and
lists of short items. Knows nothing of how quotations are chosen and written down.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from rag.cues import LINE, Cue, bare, names
from rag.index import Index
from rag.retrieve import products
from rag.words import term, terms

if TYPE_CHECKING:
    from inference.embed import Vectors

Form = Literal["prose", "award", "list"]
Asked = dict[int, float]
Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]

#: Shortest and longest sentence quoted.
CHARACTERS = (30, 420)
#: Sentences looked at closely.
CANDIDATES = 40
#: An award named as such ("Best overall: ...") is what a question for the best asks for.
AWARD = 0.3
#: The same for a product's entry in a list: its heading, within so many sentences, and a sentence that names it again.
ENTRY = 0.12
ENTRY_REACH = 5
#: Items quoted of one list: the fewest that make one, and the most.
ITEMS = (3, 6)
#: For a page whose title or address names what the question is about.
TOPIC = 0.2
#: Of pages that name it, as one does whose share of it is the first, those are left out that reach less than the second
#: share of the best.
NAMES_TOPIC, RIVAL = 0.6, 0.5
#: More capitals than this share of a sentence's longer words make a headline.
HEADLINE = 0.8
#: Spread of the noise on a sentence's worth at temperature 1.
SENTENCE_NOISE = 0.06


class Kind(Enum):
    """What a question asks for, as far as its wording tells. A question may ask for several things."""

    PICK = "pick"
    STEPS = "steps"
    COST = "cost"
    LIST = "list"
    COMPARE = "compare"
    MEANING = "meaning"


_KINDS = {
    Kind.COST: re.compile(r"\bhow much\b|\b(?:costs?|prices?|pricing|fees?)\b", re.IGNORECASE),
    Kind.PICK: re.compile(
        r"^which\b|, which\b|\bbest\b|\brecommend|\btop\b|\bworth\b|\b(?:should|can) i (?:buy|get|use|try|trust)\b|"
        r"\b(?:good|better)\b|\bcheapest\b|\blightest\b|\bprefer|\bis there an?\b|\bwhere can\b",
        re.IGNORECASE,
    ),
    Kind.LIST: re.compile(
        r"\b(?:checklist|list|belongs?|pack|equipment|gear|types|kinds|what should i bring)\b", re.IGNORECASE
    ),
    Kind.STEPS: re.compile(
        r"\bhow (?:do|can|should|would|to)\b|\bsteps?\b|\bwhat (?:can|should)\b(?! i (?:buy|get))|"
        r"\bdo i need\b|\btips\b",
        re.IGNORECASE,
    ),
    Kind.COMPARE: re.compile(r"\bcompared?\b|\bdifferences?\b|\bversus\b|\bvs\b", re.IGNORECASE),
    Kind.MEANING: re.compile(
        r"^what (?:is|are) (?!an? (?:good|cheap)|the (?:\w+est|main|types|kinds)\b)|"
        r"\bhow (?:do|does|did)\b.*\bworks?\b|\bhow does\b",
        re.IGNORECASE,
    ),
}
#: Never quoted: no statement, or one about the page itself.
_UNFIT = Cue.HEADING | Cue.QUESTION | Cue.FRAGMENT | Cue.BOILERPLATE | Cue.SHOUT | Cue.TABLE | Cue.MARKUP | Cue.LEAD_IN
_NO_AWARD = Cue.QUESTION | Cue.SHOUT | Cue.BOILERPLATE | Cue.TABLE | Cue.MARKUP | Cue.AGAINST
_NO_ITEM = _NO_AWARD | Cue.HEADING | Cue.LEAD_IN | Cue.VAGUE
_NO_REASON = _UNFIT | Cue.DANGLING | Cue.VAGUE | Cue.PERSONAL | Cue.AGAINST
_IS_AWARD = Cue.VERDICT | Cue.LABEL
#: What a cue adds for each kind of question; where a question is of several kinds the highest counts.
_BONUS: dict[Kind, dict[int, float]] = {
    Kind.PICK: {
        Cue.CHOICE: 0.14,
        Cue.PICK: 0.06,
        Cue.NAMED: 0.16,
        Cue.AGAINST: -0.2,
        Cue.STEP: -0.08,
        Cue.PERSONAL: 0.0,
    },
    Kind.LIST: {Cue.ENUMERATION: 0.16, Cue.STEP: 0.06, Cue.BULLET: 0.04},
    Kind.STEPS: {Cue.STEP: 0.16, Cue.BULLET: 0.03},
    Kind.COST: {Cue.MONEY: 0.26, Cue.NUMBER: 0.04, Cue.STEP: -0.06},
    Kind.COMPARE: {},
    Kind.MEANING: {Cue.DEFINITION: 0.1, Cue.STEP: -0.04, Cue.PICK: -0.02, Cue.NUMBER: 0.02},
}
_ALWAYS: dict[int, float] = {Cue.VAGUE: -0.2, Cue.PERSONAL: -0.1, Cue.DANGLING: -0.05}
#: The cues that show a sentence to serve a kind of question.
SIGN: dict[Kind, int] = {
    Kind.PICK: Cue.CHOICE | _IS_AWARD,
    Kind.STEPS: Cue.STEP,
    Kind.COST: Cue.MONEY,
    Kind.LIST: Cue.ENUMERATION,
    Kind.COMPARE: 0,
    Kind.MEANING: Cue.DEFINITION,
}
#: A line that can only be a name: "Niu Kqi3 Max".
_HOLDER = re.compile(
    r"(?![^:]*:\s)"
    r"(?!(?:The|Understanding|What|Why|Who|How|When|Where|Pros|Cons|Read|See|Check|Key|Best|Our|Rating|Price|Image|Photo)\b)"
    r"(?=.{3,80}$)(?:[A-Z][\w&'\u2019.+/-]*|\d[\w-]*)(?:\s+\S+){0,9}?\s+\(?[A-Z\d]\S*"
)
#: The first name in the short heading of an entry: "3. Niu Kqi3 Max".
_ENTRY = re.compile(
    r"(?:#?\d{1,2}[.):]?\s+)?"
    r"(?!(?:The|What|Why|Who|How|When|Where|Which|Is|Are|Do|Does|Can|Should|Best|Top|Our|My|Your|Key|Pros|Cons|Features?|"
    r"Pricing|Price|Benefits?|Conclusion|Final|Other|More|All|For|In|On|If|A|An|And|To|Types?|Step|Choosing|"
    r"Understanding|Compare|Overview)\b)"
    r"([A-Z][\w&\u2019'+-]+)\S*(?:\s+\S+){0,6}\s*$"
)
_NAME_PARTS = re.compile(r"[^\W_]+")
_OPENING = re.compile(
    r"^(?:(?:what|which|who|where|when|how|is|are|do|does|did|can|should|much|many|there|i|a|an|the|my|in)\b\s*)+",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"[,;?]|\b(?:for|under|on|with|without|at|if|when|that|than|less|can|to|from|should|right|and|as|per)\b",
    re.IGNORECASE,
)
_WISH = re.compile(
    r"\b(?:best|good|better|cheap|cheapest|lightest|main|types?|kinds?|choose|choosing|buy|get|need|recommend\w*|costs?|"
    r"worth|start|use|create|values?|this|last|year|complete|beginners?|simple|is|are|do|does|i)\b",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"[-_/.+]")
#: Ends the heading of a part of a page that is about no one thing, whatever name it begins with.
_PART = re.compile(
    r"\b(?:homepage|features?|definitions?|considerations?|numbers|overview|summary|pros|cons|pricing|prices?|specs|"
    r"specifications|details|faqs?|conclusion|transformation|benefits|comparison|explained|results|terms|resources|"
    r"works?|matters|tips|guide|basics)\W*$",
    re.IGNORECASE,
)
#: Of lower-case text. Furniture in the shape of a statement: headlines, captions, what a page says of itself.
_FURNITURE = re.compile(
    r"^(?:(?:the |our )?(?:\d+ )?(?:best|top|how|why|guide|more)\b[^.!]*$)|"
    r"^an? (?:series|video|collection|selection|list|roundup|look|guide|screenshot|picture|close-?up|photo)\b|"
    r"^(?:listen to|watch|read|download|introduction to|results from|join|follow|keep this|bookmark|by hiring)\b|"
    r"\b(?:top picks and|expert advice|ha(?:s|ve) (?:all )?your .{0,30}covered|more details|can be found in|"
    r"award(?:ed|-winning)|satisfied (?:\w+ )*(?:clients|customers)|years of (?:\w+ )*experience|"
    r"track record of|trusted by|reviews on|rabbit hole|continues? to expand|we don[\u2019']t favou?r|"
    r"led by|founder|grow faster|read the|was founded|were founded|actual customer reviews|"
    r"wants? (?:zero|no) )|^(?:jan|febr?|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)\w* \d{1,2}, 20\d\d|"
    r"\bthis (?:chart|list|guide|checklist|table|video|book|course|infographic)\b|[a-z]\d+\.$|"
    r"\u2714|\u2705|\u2b50",
)
#: A vendor of itself; testers say these words of their tests and picks.
_OWN = re.compile(
    r"\b(?:[Oo]ur|us|[Ww]e)\b(?! (?:\w+ )?(?:recommend|like|love|found|tested|tests?|testing|picks?|favou?rites?|"
    r"choices?|chose|think))",
)
_QUOTED = re.compile(r"^[\"\u201c\u2018'].*\b(?:I|my|me|we|our)\b")
#: Of lower-case text. Says how matters stand before the page comes to the point.
_INTRODUCES = re.compile(
    r"overwhelm|can be (?:challenging|hard|difficult)|^(?:even as|ultimately|in 20\d\d,|"
    r"heading into|with (?:rising|so many)|many people|once you|well,|"
    r"in truth)\b|"
    r"\b(?:important chapter|can seem|no wonder|rising|increasingly|becomes a necessity|powerful (?:database|tool)|"
    r"plays? a (?:\w+ )?role|an important (?:feature|part)|it'?s important to|market is|aren[\u2019']t just|"
    r"factors that|clear benefits)\b",
)
#: Advice, where it does not begin with its verb.
_ADVICE = re.compile(
    r"\b(?:should|needs? to|must|make sure|ensure|can|try|by \w+ing|includes?|requires?)\b", re.IGNORECASE
)
#: A name that begins a sentence: "Wix is the best ...".
_SUBJECT = re.compile(r"^([A-Z]\w+) (?:is|has|offers|remains|makes|costs) (?:the|an?|our|one|my)\b")
_LEARNED = re.compile(r"\b[A-Za-z]\w{3,}")
#: What a question asks for, and what then is not for whoever asks.
_RIVALS = (
    (
        re.compile(r"\b(?:small|freelanc\w*|self-employed)\b", re.IGNORECASE),
        re.compile(r"\b(?:enterprises?|large (?:compan|business|organi[sz])\w*)\b", re.IGNORECASE),
    ),
    (
        re.compile(r"\b(?:beginners?|first)\b", re.IGNORECASE),
        re.compile(r"\badvanced (?:\w+ers|users)\b", re.IGNORECASE),
    ),
    (re.compile(r"\b(?:cheap|budget)\b", re.IGNORECASE), re.compile(r"\b(?:luxury|high-end|premium)\b", re.IGNORECASE)),
)
_TITLED = re.compile(r"\b[A-Z]\w+(?: [A-Z]\w+)*")
_I = re.compile(r"\b(?:I|my|me)\b")
_HISTORY = re.compile(
    r"^in (?:19|20)\d\d\b|\b(?:(?:19|20)\d\d,|origins|early days|"
    r"renamed|acquired|purchased|founded|launched|segment|revenue)\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"[$\u00a3\u20ac]\s?\d|\d\s?(?:%|percent\b|dollars\b)")
_DEFINES = re.compile(
    r"^(?:an?|the)?\s?([\w'\u2019() -]{2,60}?)\s(?:is|are|means?|refers? to|works? by|uses?)\s", re.IGNORECASE
)
#: Capitals that name no product.
_COMMON = frozenset(
    """
    ai api b2b bluetooth crm diy ecommerce english erp ev evs gb gps hdmi hr hrms i ip it lcd led llc mx nyc ny oled os
    pbt pc pcs ram rgb saas seo smb smbs ssd ssds suv tv uk us usa usb vpn wifi wi fi android ios iphone the a an for
    best top new january february march april may june july august september october november december amazon google
    internet america american usd
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Page:
    """A page in the answer's context, by its document's number. `number` is its marker's, None when it is not cited."""

    document: int
    score: float
    number: int | None
    passages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """What is quoted together of one page: a sentence, or two that only make sense so; an award; items of a list."""

    document: int
    rows: tuple[int, ...]
    score: float
    form: Form = "prose"

    @property
    def size(self) -> int:
        """How many sentences of an answer it counts for."""
        return (len(self.rows) + 1) // 2 if self.form == "list" else 1


def kinds_of(question: str) -> tuple[Kind, ...]:
    """What the question asks for; MEANING when nothing else shows."""
    found = tuple(kind for kind, pattern in _KINDS.items() if pattern.search(question)) or (Kind.MEANING,)
    # "how do they compare" asks for no steps, "what is the best" for no definition
    if Kind.COMPARE in found:
        return (Kind.COMPARE,)
    return tuple(kind for kind in found if kind is not Kind.MEANING or Kind.PICK not in found)


def asked_terms(index: Index, question: str) -> Asked:
    """The question's terms and how rare each is."""
    return {term: float(index.idf[term]) for term in set(index.term_numbers(question))}


def subject_terms(index: Index, question: str) -> Asked:
    """The terms of what the question is about: those before its first condition, else all."""
    subject = _WISH.sub(" ", _CONDITION.split(_OPENING.sub("", question.strip()), maxsplit=1)[0])
    return asked_terms(index, subject) or asked_terms(index, question)


def about(index: Index, document: int) -> set[int]:
    """The terms of a document's title and of the path of its address."""
    path = index.documents[document].url.split("?")[0].split("//")[-1].partition("/")[2]
    return {*index.title_terms(document), *index.term_numbers(_SEPARATOR.sub(" ", path))}


def share(asked: Asked, terms: Iterable[int]) -> float:
    """How much of the question's weight these terms hold."""
    total = sum(asked.values())
    return sum(asked[term] for term in set(terms) if term in asked) / total if total else 0.0


def find_quotes(
    index: Index, question: str, vector: Vectors, pages: Sequence[Page], noise: np.random.Generator, temperature: float
) -> list[Quote]:
    """The quotations of the pages that are worth most, best first."""
    kinds, asked = kinds_of(question), asked_terms(index, question)
    rows, page_of = _sentences(index, pages)
    if not len(rows):
        return []
    sentences = index.sentences[rows]
    flags, length = sentences["cues"], sentences["end"] - sentences["start"]
    subject = subject_terms(index, question)
    titles = np.array([share(asked, index.title_terms(page.document)) for page in pages])[page_of]
    topics_of = np.array([share(subject, about(index, page.document)) for page in pages])
    topics = topics_of[page_of]
    covered = _covered(index, sentences, asked)
    worth: Floats = products(index.sentence_vectors[rows], vector)
    worth = worth + 0.25 * covered + 0.25 * np.maximum(covered, titles)
    worth += 0.3 * np.array([page.score for page in pages])[page_of] + TOPIC * topics
    for cue, value in _bonuses(kinds).items():
        worth += value * ((flags & cue) != 0)
    if temperature > 0:
        worth += noise.normal(0.0, SENTENCE_NOISE * temperature, len(rows))
    best = float(topics_of.max())
    same = topics >= RIVAL * best if best >= NAMES_TOPIC else np.ones(len(rows), bool)
    fit = same & ((flags & _UNFIT) == 0) & (length >= CHARACTERS[0]) & (length <= CHARACTERS[1])
    if Kind.PICK in kinds:
        award = same & ((flags & _IS_AWARD) != 0) & ((flags & _NO_AWARD) == 0)
        worth += AWARD * award
        fit |= award
    documents = np.array([page.document for page in pages])[page_of]
    quotes = (
        _lists(index, rows, np.where(same, flags, Cue.HEADING), length, worth - 0.5 * covered, documents)
        if Kind.LIST in kinds
        else []
    )
    worth = np.where(fit, worth, -np.inf).round(5)
    said = _parts(question) | set(terms(question))
    named = {name.split()[0].lower() for name in _TITLED.findall(question.partition(" ")[2])}
    rivals = tuple(said_so for asks, said_so in _RIVALS if asks.search(question) and not said_so.search(question))
    reading = _Reading(kinds, said, subject, named, rivals)
    for at in np.lexsort((rows, -worth))[:CANDIDATES].tolist():
        if not fit[at]:
            break
        quote = _quote(index, int(documents[at]), int(rows[at]), float(worth[at]), reading)
        if quote is not None:
            quotes.append(quote)
    return sorted(quotes, key=lambda quote: (-quote.score, quote.rows))


def _sentences(index: Index, pages: Sequence[Page]) -> tuple[Integers, Integers]:
    """The sentences of the pages' passages, and the page that each is of, by its place in `pages`."""
    passages = np.array([passage for page in pages for passage in page.passages], np.int64)
    owners = np.repeat(np.arange(len(pages)), [len(page.passages) for page in pages])
    first, last = index.passages["first"][passages], index.passages["last"][passages]
    ranges = [np.arange(a, b) for a, b in zip(first.tolist(), last.tolist(), strict=True)]
    return np.concatenate([*ranges, np.empty(0, np.int64)]), np.repeat(owners, last - first)


def _covered(index: Index, sentences: npt.NDArray[np.void], asked: Asked) -> Floats:
    """The share of the question's weight that each sentence's own words hold."""
    weights = np.zeros(len(index.idf), np.float32)
    for number, weight in asked.items():
        weights[number] = weight
    lengths = sentences["terms_end"] - sentences["terms_start"]
    owner = np.repeat(np.arange(len(sentences)), lengths)
    offset = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    terms = index.terms[np.repeat(sentences["terms_start"], lengths) + offset]
    hit = weights[terms] > 0
    # a word said twice in a sentence counts once
    pairs = np.unique(owner[hit].astype(np.int64) * len(weights) + terms[hit])
    shares = np.bincount(pairs // max(len(weights), 1), weights[pairs % max(len(weights), 1)], len(sentences))
    found: Floats = shares / (sum(asked.values()) or 1.0)
    return found


def _bonuses(kinds: Sequence[Kind]) -> dict[int, float]:
    found = dict(_ALWAYS)
    for cue in {cue for kind in kinds for cue in _BONUS[kind]}:
        found[cue] = max(_BONUS[kind].get(cue, _ALWAYS.get(cue, 0.0)) for kind in kinds)
    return found


def _lists(
    index: Index, rows: Integers, flags: Integers, length: Integers, worth: Floats, documents: Integers
) -> list[Quote]:
    """Runs of short lines, worth their mean and something for being a list.

    `worth` is less for lines that repeat the question: those lead to other pages, real items are named things.
    """
    item = (length <= LINE) & ((flags & _NO_ITEM) == 0) & ((flags & (Cue.FRAGMENT | Cue.BULLET | Cue.STEP)) != 0)
    quotes = []
    at = 0
    while at < len(rows):
        end = at
        while end < len(rows) and item[end] and rows[end] - rows[at] == end - at and documents[end] == documents[at]:
            end += 1
        if end - at >= ITEMS[0]:
            run = slice(at, min(end, at + ITEMS[1]))
            score = round(float(worth[run].mean()) + 0.2 + 0.02 * min(end - at, 5), 5)
            items = tuple(rows[run].tolist())
            if not _contents(index, items):
                quotes.append(Quote(int(documents[at]), items, score, "list"))
        at = max(end, at + 1)
    return quotes


@dataclass(frozen=True, slots=True)
class _Reading:
    """The question as its candidates are read against it: kinds, words, subject, and the names it gives."""

    kinds: Sequence[Kind]
    said: set[str]
    subject: Asked
    named: set[str]
    rivals: Sequence[re.Pattern[str]]


def _contents(index: Index, items: Sequence[int]) -> bool:
    """Whether the lines lead to parts of the page or to other pages: half of them have a word in common."""
    counts = Counter(term for row in items for term in index.terms_of(row, row + 1))
    return max(counts.values(), default=0) * 2 >= len(items)


def _quote(index: Index, document: int, row: int, score: float, reading: _Reading) -> Quote | None:
    """What to quote for one sentence; None where it cannot stand alone."""
    flags = index.sentence(row).cues
    pick = Kind.PICK in reading.kinds
    if pick and flags & _IS_AWARD:
        award = _award(index, row, reading.said)
        return Quote(document, award, score, "award") if award else None
    text = bare(index.sentence_text(row))
    worth = _read(index, row, text, reading)
    if worth is None:
        return None
    score = round(score + worth, 5)
    if pick and (entry := _entry(index, row, reading.said)) is not None:
        return Quote(document, (entry, row), score + ENTRY, "award")
    unit = _unit(index, row)
    return Quote(document, unit, score) if unit else None


def _read(index: Index, row: int, text: str, reading: _Reading) -> float | None:
    """What a closer look adds to a sentence's worth; None for furniture."""
    look = _look(text)
    if look is None:
        return None
    flags = index.sentence(row).cues
    kinds = reading.kinds
    worth = look
    if any(rival.search(text) for rival in reading.rivals):
        worth -= 0.25
    if Kind.PICK in kinds:
        about_it = not index.terms_of(row, row + 1).isdisjoint(reading.subject)
        worth += _favours(text, flags, about_it, reading)
    if not (Kind.PICK in kinds and flags & Cue.CHOICE) and _I.search(text):
        worth -= 0.15
    if kinds[0] is Kind.COST and not (Kind.STEPS in kinds and flags & Cue.STEP) and not _FIGURE.search(text):
        worth -= 0.3 if len(kinds) == 1 else 0.1
    if kinds == (Kind.STEPS,) and not flags & Cue.STEP and not _ADVICE.search(text):
        worth -= 0.12
    if Kind.COMPARE in kinds:
        low = text.lower()
        worth += 0.15 * max(-1, sum(name in low for name in reading.named) - 1)
        worth -= 0.3 if _HISTORY.search(text) else 0.0
    if Kind.MEANING in kinds and (defined := _DEFINES.match(text)):
        worth += 0.2 * share(reading.subject, index.term_numbers(defined.group(1)))
    return worth


@lru_cache(maxsize=50_000)
def _look(text: str) -> float | None:
    """What a sentence is worth less whatever was asked; None for furniture."""
    lower = text.lower()
    if _FURNITURE.search(lower) or _QUOTED.match(text):
        return None
    words = _LEARNED.findall(text)
    if len(words) > 3 and sum(word[0].isupper() for word in words) > HEADLINE * len(words):
        return None
    return (-0.25 if _INTRODUCES.search(lower) else 0.0) + (-0.2 if _OWN.search(text) else 0.0)


def _favours(text: str, flags: int, about_it: bool, reading: _Reading) -> float:
    """What a name adds where something is to be picked, and praise of nothing in particular takes away."""
    if proper(text, reading.said):
        if flags & (Cue.CHOICE | Cue.PICK):
            return 0.08
        return -0.05 if about_it else -0.2
    # it may serve another part of the question
    lost = 0.35 if len(reading.kinds) == 1 else 0.15
    return -lost - (_BONUS[Kind.PICK][Cue.NAMED] if flags & Cue.NAMED else 0.0)


@lru_cache(maxsize=50_000)
def _named(text: str) -> tuple[str, ...]:
    """The names in a sentence, and its first word where it can only be one."""
    first = _SUBJECT.match(text)
    return (*names(text), *([first.group(1)] if first else []))


def proper(text: str, said: set[str]) -> bool:
    """Whether the text names something that the question did not."""
    return any(_new(name, said) for name in _named(text))


def _new(name: str, said: set[str]) -> bool:
    return any(term(part) not in said for part in _parts(name) - said - _COMMON if len(part) > 1)


def _unit(index: Index, row: int) -> tuple[int, ...]:
    """The sentence, with the one before it where it leans on that; empty where that cannot be had."""
    sentence = index.sentence(row)
    if not sentence.cues & Cue.DANGLING:
        return (row,)
    if row == 0 or sentence.cues & Cue.BULLET:
        return ()
    before = index.sentence(row - 1)
    # only within a paragraph: one blank stands between its sentences
    together = before.passage == sentence.passage and sentence.start - before.end <= 1
    if not together or before.cues & (_UNFIT | Cue.DANGLING | Cue.VAGUE):
        return ()
    look = _look(bare(index.sentence_text(row - 1)))
    if look is None or look < 0:
        return ()
    return (row - 1, row) if sentence.end - before.start <= CHARACTERS[1] else ()


def _award(index: Index, row: int, said: set[str]) -> tuple[int, ...]:
    """An award with who has it, which may stand on the next line, and the first sentence that says why."""
    sentence = index.sentence(row)
    last = int(index.passages["last"][sentence.passage])
    unit = [row]
    if not sentence.cues & Cue.VERDICT:
        holder = bare(index.sentence_text(row + 1)) if row + 1 < last else ""
        if not _HOLDER.match(holder) or not _new(holder, said) or _PART.search(holder):
            return ()
        unit.append(row + 1)
    for reason in range(unit[-1] + 1, min(unit[-1] + ENTRY_REACH, last)):
        why = index.sentence(reason)
        if why.cues & (_IS_AWARD | Cue.HEADING):
            break
        if why.cues & Cue.NAMED and not why.cues & _NO_REASON and CHARACTERS[0] <= why.end - why.start <= CHARACTERS[1]:
            unit.append(reason)
            break
    return tuple(unit)


def _entry(index: Index, row: int, said: set[str]) -> int | None:
    """The heading of an entry in a list of products, where the sentence is about what the heading names."""
    sentence = index.sentence(row)
    if sentence.cues & Cue.DANGLING:
        return None
    reach = max(int(index.passages["first"][sentence.passage]), row - ENTRY_REACH)
    for above in range(row - 1, reach - 1, -1):
        flags = index.sentence(above).cues
        if flags & Cue.HEADING:
            named = None if flags & _NO_AWARD else _ENTRY.match(bare(index.sentence_text(above)))
            if named is None or named.group(1).lower() in said | _COMMON or _PART.search(named.group()):
                return None
            return above if re.search(rf"\b{re.escape(named.group(1))}\b", index.sentence_text(row)) else None
    return None


def _parts(text: str) -> set[str]:
    return set(_NAME_PARTS.findall(text.lower()))
