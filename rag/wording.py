"""The wording that quotations are judged by: what questions ask for, and what sentences give away.

Rules of thumb over English wording. Knows no index and no scores.
"""

from __future__ import annotations

import re
from enum import Enum


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


def kinds_of(question: str) -> tuple[Kind, ...]:
    """What the question asks for; MEANING when nothing else shows."""
    found = tuple(kind for kind, pattern in _KINDS.items() if pattern.search(question)) or (Kind.MEANING,)
    # "how do they compare" asks for no steps, "what is the best" for no definition
    if Kind.COMPARE in found:
        return (Kind.COMPARE,)
    return tuple(kind for kind in found if kind is not Kind.MEANING or Kind.PICK not in found)


#: A line that can only be a name: "Niu Kqi3 Max".
HOLDER = re.compile(
    r"(?![^:]*:\s)"
    r"(?!(?:The|Understanding|What|Why|Who|How|When|Where|Pros|Cons|Read|See|Check|Key|Best|Our|Rating|Price|Image|Photo|Watch|Shop|View|Not|Up|All|"
    r"We|You|It|If|This|These)\b)"
    r"(?=.{3,80}$)(?:[A-Z][\w&'\u2019.+/-]*|\d[\w-]*)(?:\s+\S+){0,9}?\s+\(?[A-Z\d]\S*"
)
#: The first name in the short heading of an entry: "3. Niu Kqi3 Max".
ENTRY = re.compile(
    r"(?:#?\d{1,2}[.):]?\s+)?"
    r"(?!(?:The|What|Why|Who|How|When|Where|Which|Is|Are|Do|Does|Can|Should|Best|Top|Our|My|Your|Key|Pros|Cons|Features?|"
    r"Pricing|Price|Benefits?|Conclusion|Final|Other|More|All|For|In|On|If|A|An|And|To|Types?|Step|Choosing|"
    r"Understanding|Compare|Overview)\b)"
    r"([A-Z][\w&\u2019'+-]+)\S*(?:\s+\S+){0,6}\s*$"
)
NAME_PARTS = re.compile(r"[^\W_]+")
OPENING = re.compile(
    r"^(?:(?:what|which|who|where|when|how|is|are|do|does|did|can|should|much|many|there|i|a|an|the|my|in)\b\s*)+",
    re.IGNORECASE,
)
CONDITION = re.compile(
    r"[,;?]|\b(?:for|under|on|with|without|at|if|when|that|than|less|can|to|from|should|right|and|as|per)\b",
    re.IGNORECASE,
)
WISH = re.compile(
    r"\b(?:best|good|better|cheap|cheapest|lightest|main|types?|kinds?|choose|choosing|buy|get|need|recommend\w*|costs?|"
    r"worth|start|use|create|values?|this|last|year|complete|beginners?|simple|is|are|do|does|i)\b",
    re.IGNORECASE,
)
SEPARATOR = re.compile(r"[-_/.+]")
#: Ends the heading of a part of a page that is about no one thing, whatever name it begins with.
PART = re.compile(
    r"\b(?:homepage|features?|definitions?|considerations?|numbers|overview|summary|pros|cons|pricing|prices?|specs|"
    r"specifications|details|faqs?|conclusion|transformation|benefits|comparison|explained|results|terms|resources|"
    r"works?|matters|tips|guide|basics)\W*$",
    re.IGNORECASE,
)
#: Of lower-case text. Furniture in the shape of a statement: headlines, captions, what a page says of itself.
FURNITURE = re.compile(
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
OWN = re.compile(
    r"\b(?:[Oo]ur|us|[Ww]e)\b(?! (?:\w+ )?(?:recommend|like|love|found|tested|tests?|testing|picks?|favou?rites?|"
    r"choices?|chose|think))",
)
QUOTED = re.compile(r"^[\"\u201c\u2018'].*\b(?:I|my|me|we|our)\b")
#: Of lower-case text. Says how matters stand before the page comes to the point.
INTRODUCES = re.compile(
    r"overwhelm|can be (?:challenging|hard|difficult)|^(?:even as|ultimately|in 20\d\d,|"
    r"heading into|with (?:rising|so many)|many people|once you|well,|"
    r"in truth)\b|"
    r"\b(?:important chapter|can seem|no wonder|rising|increasingly|becomes a necessity|powerful (?:database|tool)|"
    r"plays? a (?:\w+ )?role|an important (?:feature|part)|it'?s important to|market is|aren[\u2019']t just|"
    r"factors that|clear benefits)\b",
)
#: Advice, where it does not begin with its verb.
ADVICE = re.compile(
    r"\b(?:should|needs? to|must|make sure|ensure|can|try|by \w+ing|includes?|requires?)\b", re.IGNORECASE
)
#: A name that begins a sentence: "Wix is the best ...".
SUBJECT = re.compile(r"^([A-Z]\w+) (?:is|has|offers|remains|makes|costs) (?:the|an?|our|one|my)\b")
LEARNED = re.compile(r"\b[A-Za-z]\w{3,}")
#: What a question asks for, and what then is not for whoever asks.
RIVALS = (
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
TITLED = re.compile(r"\b[A-Z]\w+(?: [A-Z]\w+)*")
FIRST_PERSON = re.compile(r"\b(?:I|my|me)\b")
HISTORY = re.compile(
    r"^in (?:19|20)\d\d\b|\b(?:(?:19|20)\d\d,|origins|early days|"
    r"renamed|acquired|purchased|founded|launched|segment|revenue)\b",
    re.IGNORECASE,
)
FIGURE = re.compile(r"[$\u00a3\u20ac]\s?\d|\d\s?(?:%|percent\b|dollars\b)")
DEFINES = re.compile(
    r"^(?:an?|the)?\s?([\w'\u2019() -]{2,60}?)\s(?:is|are|means?|refers? to|works? by|uses?)\s", re.IGNORECASE
)
#: Capitals that name no product.
COMMON = frozenset(
    """
    ai api b2b bluetooth crm diy ecommerce english erp ev evs gb gps hdmi hr hrms i ip it lcd led llc mx nyc ny oled os
    pbt pc pcs ram rgb saas seo smb smbs ssd ssds suv tv uk us usa usb vpn wifi wi fi android ios iphone the a an for
    best top new january february march april may june july august september october november december amazon google
    internet america american usd
    """.split()  # noqa: SIM905
)
