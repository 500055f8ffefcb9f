"""Pairs of a claim and evidence built from real pages, true and false ones, each with how it was made.

A claim is made of sentences of a page, re-worded; a false one has a fact changed, added or taken from elsewhere, or its
source withheld. True and false claims are re-worded by the same rules, so that re-wording itself tells nothing.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rag.chunk import sentences

#: Words that may stand for one another in most sentences.
_SYNONYMS_LISTED = """
    big large|help assist|use utilise employ|buy purchase|start begin|show demonstrate|need require|get obtain|make
    create |important crucial essential|quick fast rapid|easy simple|hard difficult|many numerous|people
    individuals |choose select|keep maintain|give provide offer|think believe|best ideal|cheap inexpensive
    affordable |expensive costly|improve enhance|allow enable let|ensure guarantee|reduce lower cut
    decrease|increase raise boost |child kid|children kids|home house|company business firm|companies businesses
    firms|customers clients buyers |often frequently|usually typically generally|about approximately roughly
    around|problem issue|problems issues |way method|ways methods|build construct|check verify|find discover
    locate|change alter modify|money funds |job position|work function operate|car vehicle|cars vehicles|doctor
    physician|food meals|area region|areas regions |world globe|different various|great excellent|good
    suitable|small little compact|price cost|prices costs |feature capability|features capabilities|tool
    instrument|tools instruments|method technique|methods techniques |goal aim objective|benefit advantage|benefits
    advantages|drawback disadvantage|answer reply response |quickly rapidly|easily readily|also additionally|main
    primary principal|whole entire|several multiple|enough sufficient |look appear|looks appears|happen
    occur|happens occurs|protect safeguard|contains includes holds|contain include hold |wants wishes|want
    wish|explain describe|explains describes|plan scheme|photo picture|photos pictures|trip journey |staff
    employees|teach instruct|teacher instructor|teachers instructors|students pupils learners|student pupil learner
    |perfect ideal|amazing remarkable|safe secure|strong robust|rich wealthy|sick ill|stop halt prevent|avoid
    prevent |support back|supports backs|create produce|creates produces|created produced|made produced|built
    constructed |recommend suggest advise|recommends suggests advises|recommended suggested advised|whether
    if|because since as |although though|however still|therefore thus|while whereas|until till|per each|approach
    method|information data details |website site|online digital|app application|apps applications|devices
    gadgets|device gadget|software programs |internet web|healthy wholesome|exercise training|run operate|runs
    operates|save store|remove delete|add include |collect gather|send transmit|receive get|receives gets|wait
    hold|allows lets enables|helps assists|needs requires |uses employs utilises|using with|used employed|gives
    provides offers|makes creates|gets obtains|shows demonstrates |known famous|popular well-liked|common
    widespread|new recent|old former|first initial|last final|next following |nearly almost|very highly|just
    only|simply merely|together jointly|quite rather|bad poor|huge enormous vast|tiny minute |talk speak|story
    tale|idea concept|ideas concepts|part portion|parts portions|kind type sort|kinds types sorts |near close|above
    over|below under|within inside|during throughout|across throughout|among amid
"""
_OPPOSED = """
    more/less higher/lower best/worst better/worse increase/reduce increases/reduces improve/worsen before/after
    first/last easy/difficult large/small fast/slow cheap/expensive cheaper/dearer always/never most/few can/cannot
    with/without allows/prevents allow/prevent include/exclude includes/excludes high/low long/short new/old
    good/bad early/late strong/weak safe/dangerous free/paid open/closed inside/outside above/below up/down
    hot/cold light/heavy dry/wet public/private maximum/minimum faster/slower easier/harder larger/smaller
    longer/shorter stronger/weaker
"""
_FRAMES = (
    "According to the source, ", "Experts note that ", "It is worth knowing that ", "In short, ", "Overall, ",
    "Studies suggest that ", "In general, ", "The site says that ", "Furthermore, ", "In addition, ",
)  # fmt: skip
_ADDITIONS = (
    ", which experts widely recommend", ", and it is the most popular choice in Europe", ", at no additional cost",
    ", according to a 2019 study by Harvard University", ", saving users about 30% on average",
    ", which also lowers the risk of failure", ", and this applies in every country",
    ", although it is no longer available in the United States", ", making it the leading option on the market",
    ", as long as it is renewed each year", ", which was first introduced in 1998",
    ", especially for families with young children", ", leading to better long-term outcomes",
    ", and this has been confirmed by independent tests", ", which is why most professionals prefer it",
)  # fmt: skip
_SUBJECTS = {
    "you": "users",
    "your": "their",
    "we": "the authors",
    "our": "their",
    "i": "the author",
    "my": "the author's",
}
_LONG = {
    "don't": "do not", "doesn't": "does not", "can't": "cannot", "won't": "will not", "isn't": "is not",
    "it's": "it is", "you'll": "you will", "you're": "you are", "they're": "they are", "that's": "that is",
    "we're": "we are", "didn't": "did not", "aren't": "are not", "there's": "there is", "you've": "you have",
}  # fmt: skip
_TOKEN = re.compile(r"\w+(?:['\u2019-]\w+)*|[^\w\s]|\s+")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*(?![\w])")
_NAME = re.compile(r"(?<=[a-z,] )(?:[A-Z][\w&'-]+)(?: [A-Z][\w&'-]+)*")
_BE = re.compile(r"\b(is|are|was|were|can|will|should|does|do|has been|have been|may|must)\b(?! not|n't|not)")


@dataclass(frozen=True, slots=True)
class Page:
    """A page's name, title and text."""

    name: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """A pair, whether the evidence supports the claim, how it was made, and of which page."""

    claim: str
    evidence: str
    supported: bool
    kind: str
    page: str


def table(listed: str, between: str | None, inside: str | None) -> dict[str, list[str]]:
    """Word -> the others of its group."""
    groups = [group.split(inside) for group in listed.split(between) if group.strip()]
    found: dict[str, list[str]] = {}
    for group in groups:
        for word in group:
            found.setdefault(word, []).extend(other for other in group if other != word)
    return found


SYNONYMS = table(_SYNONYMS_LISTED, "|", None)
_CONTRARY = table(_OPPOSED, None, "/")


def telling(text: str) -> list[tuple[int, int]]:
    """Spans of sentences that state something."""
    return [
        (start, end)
        for start, end in sentences(text)
        if 45 <= end - start <= 320
        and text[start].isupper()
        and text[end - 1] in ".!"
        and 8 <= len(text[start:end].split()) <= 50
    ]


def pairs(pages: Sequence[Page], near: Callable[[str, str], list[str]], chance: random.Random) -> Iterator[Labelled]:
    """All pairs of all pages. `near(sentence, page)` gives sentences of other pages, the nearest first."""
    for page in pages:
        spans = telling(page.text)
        if len(spans) < 8:
            continue
        for at in sorted(chance.sample(range(len(spans)), min(len(spans), 16))):
            yield from _of_sentence(page, spans, at, near, chance)


def _of_sentence(
    page: Page, spans: Sequence[tuple[int, int]], at: int, near: Callable[[str, str], list[str]], chance: random.Random
) -> Iterator[Labelled]:
    text = page.text
    said = text[slice(*spans[at])]
    before, after = chance.choice(((0, 0), (0, 2), (1, 1), (2, 2), (2, 4), (4, 3), (6, 6), (40, 40)))
    low, high = max(0, at - before), min(len(spans) - 1, at + after)
    evidence = text[spans[low][0] : spans[high][1]]
    if len(evidence) > 20_000:
        low = high = at
        evidence = said
    others = [text[slice(*span)] for number, span in enumerate(spans) if number < low or number > high]
    inside = [text[slice(*spans[number])] for number in range(low, high + 1) if number != at]
    if chance.random() < 0.25 and others:
        far = chance.choice(others)
        evidence = chance.choice((f"{evidence}\n\n{far}", f"{far}\n\n{evidence}"))
        others = [each for each in others if each != far]

    def pair(claim: str, supported: bool, kind: str, proof: str = evidence) -> Labelled:
        return Labelled(reword(claim, page, chance), proof, supported, kind, page.name)

    draw = chance.random()
    if draw < 0.45:
        yield pair(said, True, "reworded")
        shorter = clause(said, chance)
        if shorter:
            yield pair(shorter, True, "clause")
        if inside:
            yield pair(merge(said, chance.choice(inside), chance), True, "merged")
    false: list[tuple[str, str]] = []
    for kind, change in CHANGES.items():
        changed = change(said, others, chance)
        if changed and changed != said and changed not in evidence:
            false.append((kind, changed))
    if draw >= 0.45:
        for kind, changed in chance.sample(false, min(len(false), 2)):
            yield pair(changed, False, kind)
        if others:
            # the source withheld: what stands around it, or elsewhere on the page
            rest = "\n".join(inside) if inside and chance.random() < 0.6 else ""
            rest = rest or " ".join(chance.sample(others, min(len(others), 3)))
            yield pair(said, False, "source withheld", rest)
        if found := near(said, page.name):
            yield pair(chance.choice(found[:3]), False, "near sentence")


def clause(said: str, chance: random.Random) -> str:
    """The sentence without one of its clauses; empty where that cannot be told."""
    parts = re.split(
        r",\s+(?=(?:which|while|so|but|and|because|as|making|including|whether|with)\b)", said.rstrip(".!")
    )
    if len(parts) < 2 or len(parts[0].split()) < 6:
        return ""
    return parts[0] + "."


def merge(one: str, other: str, chance: random.Random) -> str:
    """Two sentences in one, as a summary has them."""
    left, right = clause(one, chance) or one, clause(other, chance) or other
    joint = chance.choice((", and ", "; ", ", while ", ". Also, "))
    return left.rstrip(".!") + joint + _lower_first(right)


def reword(said: str, page: Page, chance: random.Random) -> str:
    """The same statement in other words: by synonyms, persons, order of clauses and what is left out."""
    strength = chance.random()
    said = re.sub(r"\s*\([^()]*\)", "", said) if chance.random() < 0.6 else said
    if chance.random() < 0.5 and (
        match := re.fullmatch(r"(.{25,}?),? (because|when|if|although|since) (.{20,})[.!]", said)
    ):
        said = f"{match[2].capitalize()} {match[3]}, {_lower_first(match[1])}."
    elif chance.random() < 0.5 and (
        match := re.fullmatch(r"(If|When|Although|Because|While) ([^,]{15,}), (.{20,})[.!]", said)
    ):
        said = f"{match[3][0].upper()}{match[3][1:]} {match[1].lower()} {match[2]}."
    words = _TOKEN.findall(said)
    for at, word in enumerate(words):
        lower = word.lower().replace("\u2019", "'")
        other = word
        if lower in _LONG and chance.random() < 0.7:
            other = _LONG[lower]
        elif lower in _SUBJECTS and strength > 0.4:
            other = _SUBJECTS[lower]
        elif lower in SYNONYMS and (at == 0 or word == lower) and chance.random() < strength:
            other = chance.choice(SYNONYMS[lower])
        elif lower.endswith("ly") and len(lower) > 5 and chance.random() < strength * 0.8:
            other = ""
        if other is not word:
            words[at] = other.capitalize() if word[0].isupper() and other else other
    said = re.sub(r"\s+", " ", "".join(words)).replace(" ,", ",").replace(" .", ".").strip()
    if re.match(r"(?:It|They|This|These)\b", said) and page.title and chance.random() < 0.4:
        said = re.sub(r"^\w+", lambda _: page.title.split(" | ")[0].split(" - ")[0][:60], said)
    if chance.random() < 0.15:
        said = chance.choice(_FRAMES) + _lower_first(said)
    return said


def _lower_first(said: str) -> str:
    first = said.split(" ", 1)[0]
    return said if first.isupper() or any(char.isupper() for char in first[1:]) else said[0].lower() + said[1:]


def other_number(said: str, others: Sequence[str], chance: random.Random) -> str:
    """One number made another."""
    found = list(_NUMBER.finditer(said))
    if not found:
        return ""
    match = chance.choice(found)
    digits = match[0]
    if re.fullmatch(r"(?:19|20)\d\d", digits):
        new = str(int(digits) + chance.choice((-11, -4, -2, -1, 1, 2, 3, 7)))
    elif digits.isdigit():
        value = int(digits)
        new = str(chance.choice((value + chance.randint(1, 3), value * 2, value * 10, max(1, value // 2 + 1))))
    else:
        new = "".join(str((int(char) + chance.randint(1, 8)) % 10) if char.isdigit() else char for char in digits)
    return said[: match.start()] + new + said[match.end() :] if new != digits else ""


def other_name(said: str, others: Sequence[str], chance: random.Random) -> str:
    """One name made another of the same page."""
    found = list(_NAME.finditer(said))
    names = sorted({match[0] for other in others for match in _NAME.finditer(other)} - {match[0] for match in found})
    if not found or not names:
        return ""
    match = chance.choice(found)
    return said[: match.start()] + chance.choice(names) + said[match.end() :]


def denied(said: str, others: Sequence[str], chance: random.Random) -> str:
    """The sentence denied, or its denial taken away."""
    if match := re.search(r"\b(?:not |n[o']t\b|never |cannot\b)", said):
        return said[: match.start()] + ("can" if match[0] == "cannot" else "") + said[match.end() :]
    match = _BE.search(said)
    return said[: match.end()] + " not" + said[match.end() :] if match else ""


def contrary(said: str, others: Sequence[str], chance: random.Random) -> str:
    """One word made its opposite."""
    words = _TOKEN.findall(said)
    at = [number for number, word in enumerate(words) if word in _CONTRARY]
    if not at:
        return ""
    chosen = chance.choice(at)
    words[chosen] = chance.choice(_CONTRARY[words[chosen]])
    return "".join(words)


def swapped(said: str, others: Sequence[str], chance: random.Random) -> str:
    """Two names of the sentence changed round, or the sides of a comparison."""
    found = list(_NAME.finditer(said))
    if len(found) >= 2 and found[0][0] != found[-1][0]:
        one, two = found[0], found[-1]
        return said[: one.start()] + two[0] + said[one.end() : two.start()] + one[0] + said[two.end() :]
    if match := re.fullmatch(r"([A-Z][\w ]{3,40}) (is|are) ([\w ]{3,30}) than ([\w ]{3,40})[.!]", said):
        return f"{match[4].capitalize()} {match[2]} {match[3]} than {_lower_first(match[1])}."
    return ""


def mixed(said: str, others: Sequence[str], chance: random.Random) -> str:
    """The beginning of one sentence with the end of another that is not in the evidence."""
    if not others:
        return ""
    mine, theirs = said.split(), chance.choice(others).split()
    cut = round(len(mine) * chance.uniform(0.35, 0.65))
    return " ".join(mine[:cut] + theirs[round(len(theirs) * chance.uniform(0.4, 0.65)) :])


def swept(said: str, others: Sequence[str], chance: random.Random) -> str:
    """What holds for some or may be, said of all."""
    rules = (
        (r"\b(?:can|may|might|could)\b", "will always"), (r"\b(?:some|many|most|several)\b", "all"),
        (r"\b(?:often|usually|sometimes|generally|typically)\b", "always"), (r"\bone of the best\b", "the best"),
        (r"\b(?:Some|Many|Most|Several)\b", "All"), (r"\b(?:few|rarely)\b", "no"), (r"\bshould\b", "must by law"),
    )  # fmt: skip
    for pattern, new in chance.sample(rules, len(rules)):
        if re.search(pattern, said):
            return re.sub(pattern, new, said, count=1)
    return ""


def added(said: str, others: Sequence[str], chance: random.Random) -> str:
    """The sentence with a clause more than its source says."""
    if others and chance.random() < 0.6:
        return merge(said, chance.choice(others), chance)
    return said.rstrip(".!") + chance.choice(_ADDITIONS) + "."


CHANGES: dict[str, Callable[[str, Sequence[str], random.Random], str]] = {
    "other number": other_number,
    "other name": other_name,
    "denied": denied,
    "contrary": contrary,
    "swapped": swapped,
    "mixed": mixed,
    "swept": swept,
    "added": added,
}
