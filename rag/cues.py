"""What a sentence's wording alone tells about its use in an answer: computed once, when a page is indexed.

Rules of thumb over English wording; other languages simply get fewer flags. Knows no question and no vectors.
"""

from __future__ import annotations

import re
from enum import IntFlag


class Cue(IntFlag):
    """Flags of one sentence, as they are stored."""

    HEADING = 1
    QUESTION = 2
    BULLET = 4
    FRAGMENT = 8
    DANGLING = 16
    BOILERPLATE = 32
    SHOUT = 64
    NUMBER = 128
    MONEY = 256
    STEP = 512
    PICK = 1024
    DEFINITION = 2048
    PERSONAL = 4096
    LEAD_IN = 8192
    TABLE = 16384
    VAGUE = 32768
    NAMED = 65536
    MARKUP = 131072


_BULLET = re.compile(r"^(?:[-*+\u2022\u2013\u2014\u00b7\u25cf\u25aa\u2023>]|#{1,6}|\d{1,2}[.)])\s+")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_DANGLING = re.compile(
    r"^(?:this|that|these|those|it|its|it's|it\u2019s|they|them|their|he|she|his|her|such|both|either|neither|here|"
    r"so|but|and|or|yet|nor|then|also|too|however|therefore|thus|hence|instead|otherwise|still|similarly|likewise|"
    r"moreover|furthermore|additionally|besides|consequently|nevertheless|nonetheless|meanwhile|finally|again|"
    r"as a result|as such|in addition|in contrast|in turn|in fact|on the other hand|on top of that|that said|"
    r"for example|for instance|because of this|another|others|one of these|the former|the latter|the same|what's more|"
    r"not only that|of course|after that|from there|like|as mentioned|as you can see|all of (?:these|this|them)|"
    r"each of (?:these|them)|some of (?:these|them)|most of (?:these|them)|none of (?:these|them)|"
    r"if (?:so|not)|at (?:this|that) point|in (?:this|that) (?:case|way|regard))\b",
    re.IGNORECASE,
)
_BOILERPLATE = re.compile(
    r"cookie|privacy policy|terms (?:of|and) (?:use|service|conditions)|all rights reserved|copyright|\u00a9|"
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
    r"request a (?:demo|quote)|get a (?:free )?(?:quote|demo)|(?:try|start) (?:it |\w+ )?(?:for )?free|contact sales",
    re.IGNORECASE,
)
_PICK = re.compile(
    r"\b(?:best|recommend\w*|top[- ]pick|our (?:top |favou?rite |overall )?(?:pick|choice)|winner|favou?rite|"
    r"stands? out|standout|ideal|excellent|outstanding|great (?:choice|option|pick|for|value)|"
    r"good (?:choice|option|pick|for|value)|perfect for|worth (?:it|the|buying|your)|top[- ]rated|highest[- ]rated|"
    r"runner[- ]up|budget pick|upgrade pick|best overall|number one|unbeatable|impressive|affordable|well suited|"
    r"editors?['\u2019]? choice|cheapest|lightest|fastest|most (?:popular|reliable|affordable|accurate|comfortable))\b",
    re.IGNORECASE,
)
_MONEY = re.compile(r"[$\u00a3\u20ac\u00a5]\s?\d|\b\d[\d,.]*\s?(?:dollars?|euros?|pounds?|USD|EUR|GBP|cents?)\b", re.I)
_STEP = re.compile(
    r"^(?:(?:first|second|third|next|then|finally|now|once|before|after|when|to)\b.{0,60}?,\s*)?(?:step \d+:?\s*)?"
    r"(?:add|adjust|allow|apply|ask|attach|avoid|bake|begin|bring|build|buy|calculate|change|check|choose|clean|clear|"
    r"click|combine|compare|complete|configure|connect|consider|cook|cover|create|cut|decide|define|determine|"
    r"disconnect|download|drain|draw|enable|ensure|enter|file|fill|find|focus|fold|follow|gather|get|give|go|heat|hire|"
    r"hold|identify|increase|insert|inspect|install|invest|keep|know|lay|learn|leave|let|lift|list|look|loosen|lower|"
    r"make|mark|measure|mix|monitor|mount|move|note|obtain|open|order|pack|pay|pick|place|plan|plant|plug|pour|prepare|"
    r"press|prune|pull|push|put|raise|read|record|reduce|remove|repeat|replace|rest|reinstall|research|review|rinse|"
    r"rotate|run|save|schedule|seal|secure|select|send|separate|set|shape|slide|soak|spray|spread|sprinkle|start|"
    r"stick|stir|stop|store|stretch|submit|switch|take|test|think|tighten|track|train|transfer|try|turn|understand|"
    r"unplug|update|use|verify|visit|wait|wash|watch|water|wear|weigh|wipe|work|write)\b(?!['\u2019,:;?])",
    re.IGNORECASE,
)
_DEFINITION = re.compile(
    r"^(?:an?|the)?\s?[\w'\u2019() -]{2,50}?\s(?:is|are|means?|refers? to|consists? of|works? by|was|were)\s"
    r"(?:an?|the|one|any|when|simply|also|originally|made|designed|used|based|located|found|\w+ed)\b",
    re.IGNORECASE,
)
_PERSONAL = re.compile(r"\b(?:I|I'm|I\u2019m|I've|I\u2019ve|my|me|we|we've|we\u2019ve|our|us)\b")
_LEAD_IN = re.compile(
    r"(?::|\u2026|\.\.\.)$|\b(?:here(?:'s|\u2019s| is| are)|the following|as follows|below|read on|keep reading|above|"
    r"we(?:'ll|\u2019ll| will)|you(?:'ll|\u2019ll| will) (?:learn|find|discover|see))\b",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"\b(?:overwhelming|daunting|it depends|look no further|when it comes to|in today's|in today\u2019s|nowadays|"
    r"whether you(?:'re|\u2019re| are)|are you|have you|ever wondered|we all|let['\u2019]s face it|no wonder|"
    r"game[- ]changer|wide (?:range|variety) of|plenty of (?:options|choices)|so many (?:options|choices)|"
    r"there are (?:many|several|lots|plenty|countless|a lot|a few|various|numerous|dozens|hundreds))\b",
    re.IGNORECASE,
)


#: A capitalised word, or one of letters and digits, that does not open the sentence.
_NAMED = re.compile(r"(?<=[\w,;:)\u2019'\"-]\s)(?:[A-Z][\w\u2019'.-]*[a-z]\w*|[A-Z]{2,}\w*|[A-Za-z]+\d[\w-]*)")
#: What would read as a citation, link or code of ours when quoted.
_MARKUP = re.compile(r"https?:|www\.|\[\^?\d+\]|\]\(|`|<\w|\*\*|[{}\\]|\ufffd|\u00e2\u0080")


def bare(sentence: str) -> str:
    """The sentence without the mark of its list item or heading."""
    return _BULLET.sub("", sentence)


def cues(sentence: str, *, heading: bool = False) -> Cue:
    """The flags of one sentence as it stands in its page."""
    text = bare(sentence)
    words = _WORD.findall(text)
    found = Cue.HEADING if heading else Cue(0)
    if len(text) != len(sentence):
        found |= Cue.BULLET
    if "|" in sentence:
        found |= Cue.TABLE
    ended = text.rstrip("\"'\u201d\u2019)]*").endswith((".", "!", "\u3002", "\uff01"))
    if "?" in text[-4:] or "\uff1f" in text[-3:]:
        found |= Cue.QUESTION
    if not ended and len(words) < 7 or len(words) < 4 and text.isascii():
        found |= Cue.FRAGMENT
    if _DANGLING.match(text) or text[:1].islower():
        found |= Cue.DANGLING
    if sum(word.isupper() and len(word) > 1 for word in words) > max(2, len(words) // 2):
        found |= Cue.SHOUT
    if any(character.isdigit() for character in text):
        found |= Cue.NUMBER
    for flag, pattern in _SEARCHED:
        if pattern.search(text):
            found |= flag
    if _STEP.match(text):
        found |= Cue.STEP
    if _DEFINITION.match(text):
        found |= Cue.DEFINITION
    return found


_SEARCHED = (
    (Cue.BOILERPLATE, _BOILERPLATE),
    (Cue.MONEY, _MONEY),
    (Cue.PICK, _PICK),
    (Cue.PERSONAL, _PERSONAL),
    (Cue.LEAD_IN, _LEAD_IN),
    (Cue.VAGUE, _VAGUE),
    (Cue.NAMED, _NAMED),
    (Cue.MARKUP, _MARKUP),
)
