"""What a sentence's wording alone tells about its use in an answer: computed once, when a page is indexed.

Rules of thumb over English wording; other languages simply get fewer flags. Patterns for any case are written in lower
case and see the lower-cased sentence: they cost a quarter of what they would where the search ignores case. Knows no
question and no vectors.
"""

from __future__ import annotations

import re
from typing import Final

#: Longest line that can be an award or an item of a list.
LINE = 100


class Cue:
    """Flags of one sentence, as they are stored: plain numbers, for they are looked at very often."""

    HEADING: Final = 1 << 0
    QUESTION: Final = 1 << 1
    BULLET: Final = 1 << 2
    FRAGMENT: Final = 1 << 3
    DANGLING: Final = 1 << 4
    BOILERPLATE: Final = 1 << 5
    SHOUT: Final = 1 << 6
    NUMBER: Final = 1 << 7
    MONEY: Final = 1 << 8
    STEP: Final = 1 << 9
    PICK: Final = 1 << 10
    DEFINITION: Final = 1 << 11
    PERSONAL: Final = 1 << 12
    LEAD_IN: Final = 1 << 13
    TABLE: Final = 1 << 14
    VAGUE: Final = 1 << 15
    NAMED: Final = 1 << 16
    MARKUP: Final = 1 << 17
    CHOICE: Final = 1 << 18
    AGAINST: Final = 1 << 19
    VERDICT: Final = 1 << 20
    LABEL: Final = 1 << 21
    ENUMERATION: Final = 1 << 22


_BULLET = re.compile(r"^(?:[-*+\u2022\u2013\u2014\u00b7\u25cf\u25aa\u2023>]|#{1,6}|\d{1,2}[.)])\s+")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_DANGLING = re.compile(
    r"^(?:this|that|these|those|it|its|it's|it\u2019s|they|them|their|he|she|his|her|such|both|either|neither|here|"
    r"so|but|and|or|yet|nor|then|also|too|however|therefore|thus|hence|instead|otherwise|still|similarly|likewise|"
    r"moreover|furthermore|additionally|besides|consequently|nevertheless|nonetheless|meanwhile|finally|again|"
    r"as a result|as a bonus|as such|in addition|in contrast|in turn|in fact|on the other hand|on top of that|"
    r"that said|"
    r"for example|for instance|because of this|another|others|one of these|the former|the latter|the same|"
    r"what's more|"
    r"not only that|of course|after that|from there|like|as mentioned|as you can see|all of (?:these|this|them)|"
    r"each of (?:these|them)|some of (?:these|them)|most of (?:these|them)|none of (?:these|them)|"
    r"if (?:so|not)|at (?:this|that) point|in (?:this|that) (?:case|way|regard))\b",
)
_BOILERPLATE = re.compile(
    r"^(?:post )?tags:|#\w+#|^(?:hey|hi|hello)\b|youtube channel|^(?:see|learn|discover|find out|explore) how\b|"
    r"^compare (?:the|our|top)\b|^let (?:our|us)\b|downloadable|printable|infographic|podcast\b.{0,20}$|"
    r"^[aq]: |cookie|privacy policy|terms (?:of|and) (?:use|service|conditions)|all rights reserved|copyright|\u00a9|"
    r"sign up|log ?in\b|newsletter|subscribe|unsubscribe|inbox|follow us|share (?:this|on)|click (?:here|the|on)|"
    r"read (?:more|our|the full|full|next)|learn more|see (?:more|also|our|all|full|below|it at|at amazon|price)|"
    r"view (?:all|more|on|deal|at|offer)|check (?:out|price|it out|latest)|buy (?:now|it|at|on)|shop (?:now|at)|"
    r"add to (?:cart|bag)|affiliate|commission|sponsored|advertis|when you (?:buy|purchase|click)|"
    r"links? (?:on|in|from) (?:this|our)|this (?:article|post|page|guide|site|website|story|review|blog|section)\b|"
    r"disclaimer|not (?:financial|legal|medical|investment|tax|professional) advice|informational purposes|"
    r"was (?:originally )?(?:published|updated|written)|last updated|updated (?:on|at)?:?\s|fact[- ]check|"
    r"(?:written|reviewed|edited|photo|image|posted|published) by|photo(?:graph)?s?:|image credit|getty images|"
    r"years of experience (?:in|as)|is an? [\w\s-]{0,30}(?:writer|editor|journalist|reporter|author|contributor)\b|"
    r"contact us|get in touch|our (?:team|experts?|editors?|readers?|reviewers?|methodology|newsletter|partners?)\b|"
    r"(?:we|i)(?:'ve|\u2019ve| have)? (?:tested|reviewed|researched|analy[sz]ed|compared|spent|looked|interviewed|"
    r"surveyed|consulted|rounded up|compiled|put together|gathered|evaluated|vetted)\b|"
    r"(?:let|let's|let\u2019s) (?:us )?(?:dive|take a look|get (?:started|into)|explore|look)|without further ado|"
    r"in this (?:article|post|guide|section|review|chapter|tutorial|video)|table of contents|jump to|skip to|"
    r"(?:leave|post) a comment|comments? (?:section|below)|thank you for|thanks for|feel free to|"
    r"javascript|browser|rate this|coupon|promo code|discount code|\d+% off|free shipping|book a demo|"
    r"why (?:you should |you can )?trust|paid by|i (?:buy|bought) (?:the|my|all|it)|tell you|reader[- ]supported|"
    r"independently|editorial|"
    r"how we test|sat down|"
    r"voice of|award in|introduced .{0,40} to (?:individual )?investors|gift guide|wish ?list|"
    r"request a (?:demo|quote)|get a (?:free )?(?:quote|demo)|(?:try|start) (?:it |\w+ )?(?:for )?free|contact sales",
)
#: A verdict: this one.
_CHOICE = re.compile(
    r"\b(?:(?:our|my|their|editors?['\u2019]?|top|overall|budget|upgrade|premium|favou?rite|first|best)[\w -]{0,25} "
    r"(?:picks?|choices?|favou?rites?|recommendations?|overall)|"
    r"best (?:overall|for|value|budget|cheap|premium|option|choice)|"
    r"(?:we|i|experts?|testers?|reviewers?) (?:\w+ )?(?:recommends?|suggests?|loved?|likes?|prefers?|favou?rs?|"
    r"picked|chose)|"
    r"recommended|winner|wins|won|runner[- ]up|is (?:\w+ )?the (?:\w+ )?(?:best|lightest|cheapest|fastest|most)|"
    r"are (?:\w+ )?the (?:\w+ )?(?:best|most)|one of the best|among the best|stands? out|top[- ]rated|"
    r"highest[- ]rated|"
    r"can['\u2019]t go wrong|hard to beat|go[- ]to|go with|unbeatable)\b",
)
#: Praise, short of a verdict.
_PICK = re.compile(
    r"\b(?:best|recommend\w*|favou?rite|standout|ideal|excellent|outstanding|superb|great|good|perfect for|"
    r"worth (?:it|the|buying|your)|impressive|affordable|well suited|reliable|durable|comfortable|"
    r"cheapest|lightest|fastest|easiest|most \w+)\b",
)
_AGAINST = re.compile(
    r"\b(?:(?:do|does|would|did|can)(?:n['\u2019]t| not|not) (?:\w+ )?recommend|not recommended|avoid|drawbacks?|"
    r"downsides?|"
    r"not worth|unfortunately|disappoint\w*|"
    r"(?:is|are)(?:n['\u2019]t| not) (?:\w+ )?(?:great|good|ideal|secure|the best|worth)|"
    r"only recommend|lacks?|too (?:expensive|heavy|bulky)|steer clear|complain\w*)\b",
)
_MONEY = re.compile(
    r"[$\u00a3\u20ac\u00a5]\s?\d|\b\d[\d,.]*\s?(?:dollars?|euros?|pounds?|usd|eur|gbp|cents?)\b(?! (?:million|"
    r"billion))"
)
_STEP = re.compile(
    r"^(?:(?:first|second|third|next|then|finally|now|once|before|after|when|to)\b.{0,60}?,\s*)?(?:step \d+:?\s*)?"
    r"(?:add|adjust|allow|apply|ask|attach|avoid|bake|begin|bring|build|buy|calculate|change|check|choose|clean|clear|"
    r"click|combine|compare|complete|configure|connect|consider|cook|cover|create|cut|decide|define|determine|"
    r"disconnect|download|drain|draw|enable|ensure|enter|file|fill|find|focus|fold|follow|gather|get|give|go|"
    r"heat|hire|"
    r"hold|identify|increase|insert|inspect|install|invest|keep|lay|leave|let|lift|list|look|loosen|lower|"
    r"make|mark|measure|mix|monitor|mount|move|obtain|open|order|pack|pay|pick|place|plan|plant|plug|pour|"
    r"prepare|"
    r"press|prune|pull|push|put|raise|record|reduce|remove|repeat|replace|rest|reinstall|research|review|rinse|"
    r"rotate|run|save|schedule|seal|secure|select|send|separate|set|shape|slide|soak|spray|spread|sprinkle|start|"
    r"stick|stir|stop|store|stretch|submit|switch|take|test|tighten|track|train|transfer|try|turn|understand|"
    r"unplug|update|use|verify|visit|wait|wash|watch|water|wear|weigh|wipe|work|write)\b(?!['\u2019,:;?])",
)
_DEFINITION = re.compile(
    r"^(?:an?|the)?\s?[\w'\u2019() -]{2,50}?\s(?:is|are|means?|refers? to|consists? of|works? by|was|were)\s"
    r"(?:an?|the|one|any|when|simply|also|originally|made|designed|used|based|located|found|\w+ed)\b",
)
_PERSONAL = re.compile(r"\b(?:I|I'm|I\u2019m|I've|I\u2019ve|my|me|we|we've|we\u2019ve|our|us)\b")
_LEAD_IN = re.compile(
    r"(?::|\u2026|\.\.\.)$|"
    r"\b(?:here(?:'s|\u2019s| is| are)|the following|as follows|below|read on|keep reading|above|"
    r"we(?:'ll|\u2019ll| will)|you(?:'ll|\u2019ll| will) (?:learn|find|discover|see))\b",
)
_VAGUE = re.compile(
    r"\b(?:overwhelming|daunting|it depends|look no further|when it comes to|in today's|in today\u2019s|nowadays|"
    r"whether you(?:'re|\u2019re| are)|are you|have you|ever wondered|we all|let['\u2019]s face it|no wonder|"
    r"game[- ]changer|wide (?:range|variety) of|plenty of (?:options|choices)|so many (?:options|choices)|"
    r"lays? everything out|^using\b.{0,60}, you can|^(?:fortunately|luckily|thankfully)\b|best bet|"
    r"stand the test of time|"
    r"many advantages|essential to prioriti[sz]e|highly effective|is huge|"
    r"most people|the reality is|over the years|evolved|on the market|"
    r"absolutely possible|good news|flooded|never before|it(?:'s|\u2019s| is) (?:worth|important) (?:noting|"
    r"to (?:note|remember))|"
    r"^join (?:over|more)|^read (?:ahead|on)|^results from|better and better|more and more|no (?:easy task|"
    r"shortage)|many people|most people know|has become|have become|"
    r"in the world of|can feel|feels? like|if you(?:'ve|\u2019ve)|everyone|fascinating|crucial|journey|"
    r"needle in a haystack|"
    r"significant difference|we(?:'ve|\u2019ve| have) (?:created|organi[sz]ed|made|designed|covered|got you)|"
    r"comprehensive|"
    r"^by \w+ing\b|streamline|transforms?\b|empower|let me know|share (?:it|this)|your next|next level|"
    r"the right \w+ (?:can|will)|"
    r"you(?:'ll|\u2019ll| will) (?:be able|ensure|love|need to know)|best selling|paying attention|"
    r"really matters|designed to help|"
    r"one size fits all|might not be|here to help|help you (?:choose|find|decide|pick)|something for every|"
    r"there are (?:many|several|lots|plenty|countless|a lot|a few|various|numerous|dozens|hundreds))\b",
)


#: A capitalised word, or one of letters and digits, that does not open the sentence.
_NAMED = re.compile(
    r"^(?:The )?(?:[A-Z][\w&\u2019'.-]*\s){1,3}[A-Z\d][\w-]*|^[A-Z]{2,}\w*\b|^\w*[a-z][A-Z]\w*|"
    r"(?<=[\w,;:)\u2019'\"-]\s)(?:[A-Z][\w\u2019'.-]*[a-z]\w*|[A-Z]{2,}\w*|[A-Za-z]+\d[\w-]*)"
)
_AWARD = (
    r"^(?!top \d)(?:our |the |editors?['\u2019]? )?(?:best|top|cheapest|lightest|fastest|most|runner[- ]up|"
    r"budget|upgrade|"
    r"premium|"
    r"overall|favou?rite|also great|great value|winner)\b"
)
#: "Best apps for cooks" heads a section, "Best app for cooks" is an award.
_SEVERAL = re.compile(
    r"^(?:\w[\w'\u2019-]* )+?\w+[^s\W]s(?= (?:for|in|under|on|of|without|to|at|with|and|that|by)\b|:?$)",
)
#: An award and who has it, on one line; and an award whose holder stands on the next.
_VERDICT = re.compile(
    _AWARD + r"(?! for:)(?!.*\b20\d\d\b)[^.!?:]{0,50}(?::| [-\u2013\u2014])\s+"
    r"(?!my |our |the |top |best |overview|summary|list|table|which |what |why |how |premium|expert|review|"
    r"tested|guide|comparison|notable|honou?rable|we |you |it |if |this |these )[a-z\d]",
)
#: "Premium protection" may head anything; "Premium pick" heads an award.
_LABEL = re.compile(
    r"(?!(?:budget|premium|upgrade|overall) (?!(?:pick|choice|option|winner)\b))"
    + _AWARD
    + r"(?! for:)(?!.*\b20\d\d\b)[^.!?:|]{0,50}:?$",
)
#: "a, b, and c", or three parts of a middling length; of the first, its end is enough.
_ENUMERATION = re.compile(r"[\w)'\u2019-], [\w)'\u2019-]+, (?:and|or|&) \w|[^,;]{3}[,;] (?:[^,;]{3,40}[,;] ){2}")
#: What would read as a citation, link or code of ours when quoted.
_MARKUP = re.compile(r"https?:|www\.|\[\^?\d+\]|\]\(|`|<\w|\*\*|[{}\\]|\ufffd|\u00e2\u0080")


def names(sentence: str) -> list[str]:
    """The proper names in a sentence, as far as capitals and digits tell."""
    return [match.group() for match in _NAMED.finditer(bare(sentence))]


def bare(sentence: str) -> str:
    """The sentence without the mark of its list item or heading."""
    return _BULLET.sub("", sentence)


def cues(sentence: str, *, heading: bool = False) -> int:
    """The flags of one sentence as it stands in its page."""
    text = bare(sentence)
    lower = text.lower()
    words = _WORD.findall(text)
    # a quotation cut in two, or introduced elsewhere, stands badly alone
    found = Cue.HEADING if heading else 0
    if text.count('"') % 2 or text.count("\u201c") != text.count("\u201d"):
        found |= Cue.FRAGMENT
    if len(text) != len(sentence):
        found |= Cue.BULLET
    if "|" in sentence or "\t" in sentence:
        found |= Cue.TABLE
    ended = text.rstrip("\"'\u201d\u2019)]*").endswith((".", "!", "\u3002", "\uff01"))
    if "?" in text[-4:] or "\uff1f" in text[-3:]:
        found |= Cue.QUESTION
    unended = not ended and (len(words) < 7 or not (found & Cue.BULLET or ": " in text))
    if unended or (len(words) < 4 and text.isascii()):
        found |= Cue.FRAGMENT
    if _DANGLING.match(lower.lstrip("\"'\u201c\u2018(")) or text[:1].islower():
        found |= Cue.DANGLING
    if sum(word.isupper() and len(word) > 1 for word in words) > max(2, len(words) // 2):
        found |= Cue.SHOUT
    if any(map(str.isdigit, text)):
        found |= Cue.NUMBER
    for flag, pattern in _SEARCHED:
        if pattern.search(text):
            found |= flag
    for flag, pattern in _SEARCHED_LOWER:
        if pattern.search(lower):
            found |= flag
    if _STEP.match(lower):
        found |= Cue.STEP
    if _DEFINITION.match(lower):
        found |= Cue.DEFINITION
    if len(text) <= LINE and not found & (Cue.BOILERPLATE | Cue.QUESTION):
        if _VERDICT.match(lower):
            found |= Cue.VERDICT
        elif _LABEL.match(lower) and not _SEVERAL.match(lower):
            found |= Cue.LABEL
    return found


_SEARCHED = (
    (Cue.PERSONAL, _PERSONAL),
    (Cue.NAMED, _NAMED),
    (Cue.MARKUP, _MARKUP),
    (Cue.ENUMERATION, _ENUMERATION),
)
_SEARCHED_LOWER = (
    (Cue.BOILERPLATE, _BOILERPLATE),
    (Cue.MONEY, _MONEY),
    (Cue.PICK, _PICK),
    (Cue.CHOICE, _CHOICE),
    (Cue.AGAINST, _AGAINST),
    (Cue.LEAD_IN, _LEAD_IN),
    (Cue.VAGUE, _VAGUE),
)
