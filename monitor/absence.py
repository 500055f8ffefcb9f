"""Does a sentence only say that nothing was found about something? In the major languages, by their usual phrases.

"I could not find any information about Acme" names nothing that an assistant knows; "not only Acme", "no tool beats
Acme" and "I would not recommend Acme" do. Works on lower-case text without accents (`monitor.folding.fold`).
"""

# ruff: noqa: E501 (a phrase is easier to read on one line)

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from monitor.absence_phrases import FAMILIES, FIND, SELF, STEM, Family

_WORD = re.compile(r"[^\W\d_]+")
_OTHER_SCRIPT = re.compile(r"[\u0370-\ud7af]")
_BETTER = re.compile(r"\b(?:better|best|cheaper|faster|easier|worse|more|less|other)\b")
_THAN = re.compile(r" than\b")
_COMPARED = re.compile(
    r"\b(?:beats?|rivals?|match(?:es)? (?:the|its)|compares? (?:to|with|favou?rably)"
    r"|comparable|(?<!looks )(?<!seems )like|as (?!(?:far|long|soon|well)\b)\w+ as|wrong with|against|equal|alternatives? to|reasons?)\b"
    r"|\b(?:besser|mieux|meilleur|mejor|melhor|meglio|miglior|beter|battre|bedre|bolji|lepsz|lepsi|лучш|кращ|по-добр|καλυτερ|jobb|parem)\w*"
    r"|\b(?:mas|mais|plus|moins|menos|piu|meno) \w+ (?:do )?(?:que\b|qu'|che\b)|\b\w{3,}er(?:es|en|e)? (?:als|dan)\b|\b\w+are an\b|\blebih \w+ (?:\w+ )?(?:dari|daripada)\b|\b(?:tot|re|hay|nhanh|manh|kem|de) hon\b"
    r"|से (?:बेहतर|अच्छ|सस्त)\S*|\b(?:дешевл|хуж|быстре|дорож|гірш)\w*"
    r"|\bdaha (?:iyi|ucuz|hizli)|より|보다 |比\S{1,30}(?:更|还)|(?:افضل|أفضل) من|טוב\w* יותר|mai bun"
)
#: "Not only": what follows is named all the same.
_NOT_ONLY = re.compile(
    r"(?:\bnot|n't) (?:\w+ )?(?:only|just|merely|solely)\b|\bnicht (?:nur|allein|bloss)\b|\bniet (?:alleen|enkel|slechts)\b|\bnon seulement\b|\bpas (?:que|seulement|uniquement)\b"
    r"|\bno (?:solo|solamente|unicamente|nomes)\b|\bnao (?:so|apenas|somente)\b|\bnon (?:solo|soltanto|solamente)\b|\bnu (?:doar|numai)\b|\bnie tylko\b|\bn(?:e\w*|ie) (?:jen|len|samo|pouze|iba)\b|\bne(?:jen|len|mcsak)\b"
    r"|\bnem csak\b|\binte (?:bara|enbart)\b|\bikke (?:bare|kun|blot)\b|\bei (?:vain|ainoastaan)\b|\bне (?:только|лише|тільки|само)\b|\bοχι μονο\b|\b(?:tidak|bukan) (?:hanya|cuma|saja)\b|\bkhong chi\b"
    r"|ليس فقط|לא רק|न केवल|不[仅僅只光但]|だけで[なは]|のみならず|뿐(?:만)? ?아니라"
)
#: What is wrong with a thing is not looked for in what nobody knows.
_FLAWS = re.compile(
    r"\b(?:complaints?|flaws?|faults?|problems?|issues|bugs|drawbacks?|downsides?) (?:about|with|in|at|of)\b|\b(?:evidence|proof|signs?) that\b(?![^.;]{0,80} exist)"
    r"|\bno (?:evidence|proof|sign) (?!(?:of|for|on|about|regarding|in|that|was|is|available|found)\b)\w|\bnothing to (?!report|show|say|share|go\b)\w|\bnothing (?:bad|wrong|negative|unusual)\b"
    r"|\b(?:gehen|geht) (?:\w+ )?keine?\b|\b(?:perdues?|perdid[oa]s?|verloren|lost)\b|\b(?:needs?|needed|requires?|required|keeps?|stores?|collects?) no\b|\b(?:because|since) (?:it|they|its|it's|their)\b"
    r"|\bevidence of (?:[\w-]+ )?(?:harm|fraud|wrongdoing|abuse|breach\w*|damage|bias|malware|misuse|leaks?|tampering|risks?)\b"
    r"|\b(?:beschwerden|mangel|plaintes?|defauts?|quejas|fallos|difetti|defeitos|klachten)\b|問題|不具合|欠点|缺点|缺點|问题|문제|단점"
)
#: Nor is anything else than the thing itself: "find my invoices in Acme".
_IN_IT = re.compile(
    rf"\b{FIND} (?:a|an|the|any|one|enough|many|my)(?! (?:[\w-]+ ){{0,3}}?{SELF}\b)(?: [\w-]+){{1,4}}? (?:in|with|at|about|of|from|for)\b"
    rf"|\b(?:mention|cover|list|discuss)(?:ed|s)? (?!(?:[\w-]+ ){{0,3}}?{SELF}\b)(?:[\w-]+ ){{1,4}}?(?:at|with|from)\b"
)
#: Before and after a name: "did not find Acme easy".
_JUDGES = re.compile(r"\b(?:do|did|does)(?: not|n't) find [*_\"']*$")
_JUDGED = re.compile(
    r"[*_\"']* (?!(?:in|on|among|at|within|through|under|as|here|there|via|any\w+|mentioned|listed|and|or)\b)[a-z]"
)
#: All that is said of a name that stands right between these: "nothing about Acme", "I have nothing on Acme or Bravo".
_NOTHING_ABOUT = re.compile(
    r"(?:\b(?:nothing|not (?:a word|anything)|no(?: further| more)? (?:word|details?|information|info|data|results?|coverage))(?: at all| else| specific| concrete| relevant| reliable| more| further| useful)?"
    r" (?:about|regarding|concerning|related to|(?<=details )on|(?<=information )on|(?<=info )on|(?<=data )on|(?<=results )for|(?<=coverage )of)"
    r"|\b(?:found|find|but|and|with|me|there is|there's|there was) nothing (?:at all )?(?:on|for)|\bnone (?:on|about|regarding|for)|\b(?:i|we) (?:do not|don't) know|\b(?:nichts|nix) (?:\w+ )?(?:uber|zu|von)|\b(?:niets|niks) (?:\w+ )?over|\b(?:inget|ingenting|intet) (?:\w+ )?(?:om|omkring)"
    r"|\brien (?:\w+ )?(?:sur|concernant|a propos d[eu]|au sujet d[eu])|\bnada (?:\w+ )?(?:sobre|acerca de|de|a respeito d[aeo])|\b(?:niente|nulla) (?:\w+ )?(?:su|sulla|sul|riguardo a|a proposito di)"
    r"|\bres (?:\w+ )?sobre|\bnimic (?:\w+ )?despre|\bnic (?:\w+ )?(?:o|na temat)|\bnista (?:\w+ )?o|\bsemmit (?:\w+ )?|\bничего (?:\w+ )?(?:о|об|про)|\bнічого (?:\w+ )?про|\bнищо (?:\w+ )?за|\bτιποτα (?:\w+ )?για"
    r"|(?:لا شيء|(?:لم|لا) \w+ شيئا|اي شيء) عن|(?:שום דבר|כלום) (?:\w+ )?על|\bkhong (?:co |thay |tim thay )?(?:gi|thong tin gi|thong tin nao|thong tin) (?:\w+ )?ve|\btidak ada (?:apa ?-?(?:pun|apa)|informasi|data)?(?: \w+)? ?(?:tentang|mengenai)"
    r"|(?<![一-龥])我(?:们|們)?\S{0,4}(?:并|並)?(?:不(?:了解|瞭解|熟悉|认识|認識|知道))|(?:来源|來源|结果|結果|文章|资料|資料|文档|列表)(?:里|中|裡|内|內)\S{0,3}?(?:没有|沒有|并无|並無|无|無))"
    r"(?: (?:the|a|an|any|la|le|les|el|los|il|lo|die|das|der|dem|den|de|het|o|os|as|l'|компании?|компанію|бренде?|a company|called|named|\w+ (?:called|named)|(?:the )?(?:company|brand|product|tool|firma|firmie|entreprise|empresa|azienda|foretaget)))*"
    r"(?:[^.,;:!?\n]{1,60}(?:,? (?:or|and|nor|oder|und|ou|et|o|e|y|of|en|eller|och|og|lub|i|или|и|або|או|או|או)|,) )?[\s*_\"'(\[«„“「『《]*$"
)
_THAT_IS_ALL = re.compile(
    r"[\s*_\"')\]»“」』》]*(?:(?:这|這)?(?:个|個|家|款)?(?:公司|品牌|产品|產品|工具))?(?:,? (?:or|and|nor|oder|und|ou|et|o|e|y|of|en|eller|och|og|lub|i|или|и|або|או) [^.,;:!?\n]{1,60})?"
    r"(?: (?:in|on|from|among|within|at|here|there|so far|yet|online|either|though|at all|dans|in|en|na|w|i|в) ?[^.,;:!?\n]{0,80})?(?:[.,;:!?\n。，！？؟।]|$)"
)
#: A name that itself gives, tells or keeps something is known.
_ACTS = re.compile(
    r"[\s*_\"')\]]*(?:(?:itself|also|currently|still) )?(?:(?:does|do|did)(?: not|n't) (?:publish|disclose|offer|provide|share|mention|list|give|name|keep|store|collect)"
    r"|(?:offers?|provides?|publish\w+|shares?|discloses?|gives?|keeps?|stores?|collects?|reveals?|hat|gibt|bietet|nennt|macht|veroffentlicht"
    r"|(?:ne |n')?(?:donne|fournit|publie|offre)|(?:no )?(?:ofrece|publica|facilita)|(?:nao )?(?:oferece|fornece)|(?:non )?(?:fornisce|pubblica)|geeft|biedt|heeft)\b)"
    r"|[\s*_\"')\]]*(?:has|have) no (?:\w+ )?(?:reviews?|ratings?|listings?|coverage|documentation|records?)\b(?! (?:in|available|found)\b)"
    r"|[\s*_\"')\]]*(?:(?:tidak|tak|belum) me\w+|no (?:menciona|incluye|contiene|muestra|habla|nombra)|n[e'] ?(?:mentionne|cite|parle|contient|inclut|indique|affiche)"
    r"|(?:sells?|shares?|needs?|requires?|leaks?|logs?|tracks?|asks for|loses?|collects?) no|verkauft|speichert|sammelt|teilt|erhebt|braucht|benotigt|verlangt|verkoopt|verzamelt|deelt|bewaart"
    r"|n[e'] ?(?:vend|collecte|partage|stocke|conserve|demande|divulgue|communique)|no (?:vende|recopila|comparte|almacena|guarda|pide|requiere)|non (?:vende|raccoglie|condivide|conserva|richiede)"
    r"|nao (?:vende|coleta|recolhe|compartilha|partilha|armazena|guarda|exige)|saljer|samlar|delar|sparar|lagrar|kraver|nie (?:zbiera|sprzedaje|udostepnia|przechowuje|wymaga)"
    r"|не (?:собирает|продает|хранит|передает|требует|раскрывает|збирає|продає|зберігає|передає|вимагає)|khong (?:ban|thu thap|luu|chia se|yeu cau)"
    r"|non (?:menziona|cita|contiene|include|parla|mostra)|nao (?:menciona|cita|contem|inclui|fala|mostra)|erwahnt|enthalt|zeigt|vermeldt|noemt|bevat|toont|namner|visar|innehaller"
    r"|nie (?:zawiera|wymienia|wspomina|podaje|pokazuje)|не (?:упоминает|содержит|указывает|сообщает|показывает)|не (?:згадує|містить|вказує|показує)|khong (?:cung cap|hien thi|de cap|nhac|neu))\b"
    r"|は\S{1,12}[をに](?:言及|公開|記載|掲載|収集|販売|保存|共有)し|(?:는|은) \S+[을를] (?:언급|공개|제공|표시|수집|판매|저장|공유)하"
    r"|(?:并|並)?(?:没有|沒有|不)(?:会|會)?(?:收集|出售|存储|儲存|共享|泄露)"
    r"|(?:并|並)?(?:没有|沒有|尚未|未|不)(?:公布|公开|公開|提供|披露|分享|透露)|(?:는|은) \S+ (?:공개|제공)하지"
    r"|, (?:which|who) [^,.;]{1,80}, (?!but|and)"
)
#: Before a name whose own articles these are.
_ITS_OWN = re.compile(
    r"(?<!no )(?<!keine )(?<!aucun )(?<!geen )(?<!ingen )(?<!inga )(?<!nessun )"
    r"\b(?:articles?|articulos?|articoli|artigos?|artik\w+|documents?|documentos?|documenti|dokument\w*)(?: (?:de|di|da|do|von|van|du|of|by|from|od|av))? [*_\"'«„“]*$"
)
_ACTS_ITSELF = re.compile(
    r"[\s*_\"')\]]*(?:(?:says?|said|knows?|knew) nothing|(?:returns?|returned|found|finds|came up|comes up|yields?|yielded) (?:no|nothing|empty|blank|zero))\b"
)
_SOUGHT = re.compile(r"\b(?:for|about|on|of|regarding|concerning) [*_\"'(]*$")
#: A clause that only says that something was looked for.
_SEARCHED = re.compile(
    r"\b(?:search(?:ed|ing)?|look(?:ed|ing)? (?:for|up|into)|checked|(?:you|was|been) asked (?:about|for)|(?:you|your) (?:mention|ask|question)\w*"
    r"|gesucht|suchte|recherch\w+|cherche\w*|busque|buscado|busquei|procurei|cercato|gezocht|zocht|szuka\w+|hledal\w*|sokte|sokt|sogte|искал\w*|поиск\w*|шука\w+"
    r"|aradim|arastirdim|mencari|tim kiem)\b|検索し|調べ|探し|搜[索寻尋]|查[找询詢]|检索|檢索|검색했|검색해|찾아봤|찾아보았|بحثت|بحثنا|חיפש\w+|खोज"
)
_TURN = re.compile(
    r"[;:] | \| |,? (?:but|however|although|though|whereas|yet|aber|jedoch|mais|cependant|pero|sin embargo|mas|porem|ma|maar|men"
    r"|ale|но|однако|але|проте|ama|fakat|ancak|mutta|αλλα|tetapi|tapi|namun|nhung|لكن|ولكن|لكنني|اما|אבל|אך|लेकिन|परंतु|मगर) |, (?:while|whilst|wahrend|tandis que|alors que|mientras(?: que)?|enquanto|mentre|terwijl|podczas gdy|medan|mens|тогда как|тоді як) "
    r"|, (?:and|und|et|en|och|og|и) (?=(?:i|we|there|ich|wir|je|nous|ik|jag|jeg|vi|я|мы)\b)|但是?|不过|不過|然而"
    r"|(?:です|ます|ました|ません|でした|だった|ある|いる)(?:が|けど|けれども?)、?|ものの|지만|으나|แต่"
)
_TAKEN_UP = re.compile(
    r"\s*(?:(?:overall|still|nonetheless|nevertheless|otherwise),? )?(?:it|it's|its|they|they're|their|this|the (?:company|tool|brand|product|service|app))\b"
    r"|\s*(?!i\b|we\b|you\b|let\b|please\b)(?:\w+ ){1,3}(?:it|its|they)\b"
    r"|\s*(?:es|sie|er|il|elle|ils|ella|eles?|ela)\b|\s*(?:它|该|該|その|それ)"
)
#: A clause before the one that counts, and the comma between them.
_GRANTED = re.compile(
    r"[\W_]*(?:although|though|even though|while|obwohl|bien que|aunque|embora|sebbene|hoewel)\b[^,.;]*(, )"
)
#: What follows a name that stands for itself: all that is said of it comes next.
_LABEL = re.compile(r"[\s*_\"')\]]*(?:[:|]|- )[\s*_]*")
_LETTER = re.compile(r"[^\W\d_]")


class _Clause(NamedTuple):
    """Whether a clause only says that something was looked for, and from where on it names what is known and not what
    is missing: None where nothing is missing.
    """

    searches: bool
    known_from: int | None


class Absence:
    """What one folded sentence says of the things in it; it is looked through once, however many it names."""

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence
        self._families = families(sentence)
        self._turns = _turns(sentence) if self._families else None
        self._clauses: dict[tuple[int, int], _Clause] = {}

    def is_all_of(self, start: int, end: int) -> bool:
        """Whether all that is said of `sentence[start:end]` is that nothing was found about it."""
        if self._turns is None or self._is_known(start, end):
            return False
        if self._is_nothing_about(start, end):
            return True
        before = bisect_right(self._turns, start, key=lambda turn: turn[1])
        left = self._turns[before - 1][1] if before else 0
        label = _LABEL.match(self._sentence, end)
        if label and not _LETTER.search(self._sentence, left, start):
            left = end = label.end()
        right, following = self._until(end)
        if following is not None and self._clause(left, right).searches:
            left = following
            right, following = self._until(left)
        known_from = self._clause(left, right).known_from
        if known_from is None or start >= known_from:
            return False
        return following is None or not _TAKEN_UP.match(self._sentence, following)

    def _is_known(self, start: int, end: int) -> bool:
        """Whether what stands right around a name says something of it."""
        if _ACTS_ITSELF.match(self._sentence, end) and not _SOUGHT.search(self._sentence, max(start - 20, 0), start):
            return True
        if _ACTS.match(self._sentence, end) or _ITS_OWN.search(self._sentence, max(start - 40, 0), start):
            return True
        return bool(_JUDGED.match(self._sentence, end) and _JUDGES.search(self._sentence, max(start - 40, 0), start))

    def _is_nothing_about(self, start: int, end: int) -> bool:
        """Whether it is the name in "nothing about Acme" that a clause ends in."""
        ends = _THAT_IS_ALL.match(self._sentence, end)
        return bool(ends and _NOTHING_ABOUT.search(self._sentence, max(start - 120, 0), start))

    def _until(self, at: int) -> tuple[int, int | None]:
        """Where the clause at this place ends, and where the next one begins."""
        turn = bisect_left(self._turns or (), at, key=lambda turn: turn[0])
        return self._turns[turn] if self._turns and turn < len(self._turns) else (len(self._sentence), None)

    def _clause(self, left: int, right: int) -> _Clause:
        if (left, right) not in self._clauses:
            self._clauses[left, right] = _read(self._sentence[left:right], left, self._families)
        return self._clauses[left, right]


def _turns(sentence: str) -> list[tuple[int, int]]:
    """Where one clause ends and the next begins."""
    turns = [match.span() for match in _TURN.finditer(sentence)]
    granted = _GRANTED.match(sentence)
    return sorted([*turns, granted.span(1)]) if granted else turns


def families(sentence: str) -> list[Family]:
    """The languages in which it may say that something is missing: most sentences have a "no" in none."""
    stems = {word[:STEM] for word in _WORD.findall(sentence)}
    other = _OTHER_SCRIPT.search(sentence) is not None
    return [
        family
        for family in FAMILIES
        if not family.stems.isdisjoint(stems) or (other and family.script and family.script.search(sentence))
    ]


def _read(clause: str, at: int, families: Sequence[Family]) -> _Clause:
    """What a clause says that begins at this place of its sentence."""
    searches = _SEARCHED.search(clause) is not None
    if (
        not any(family.absent.search(clause) or _is_untold(clause, family) for family in families)
        or _FLAWS.search(clause)
        or _NOT_ONLY.search(clause)
        or _compares(clause)
    ):
        return _Clause(searches, None)
    sought = _IN_IT.search(clause)
    return _Clause(searches, at + (sought.end() if sought else len(clause) + 1))


def _is_untold(clause: str, family: Family) -> bool:
    """Whether sources are said not to tell, as those that speak or as the place."""
    for places, sources, noes, tells in family.untold:
        source = sources.search(clause)
        told = tells.search(clause) if source and noes.search(clause) else None
        if source and told and (source.start() < told.start() or places.search(clause)):
            return True
    return False


def _compares(clause: str) -> bool:
    # "better … than" up to a full stop, part by part: as one pattern it would look for every "better" to the end
    return bool(_COMPARED.search(clause)) or any(
        (better := _BETTER.search(part)) and _THAN.search(part, better.end()) for part in clause.split(".")
    )
