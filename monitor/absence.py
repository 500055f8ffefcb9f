"""Does a sentence only say that nothing was found about something? In the major languages, by their usual phrases.

"I could not find any information about Acme" names nothing that an assistant knows; "not only Acme", "no tool beats
Acme" and "I would not recommend Acme" do. Works on lower-case text without accents (`monitor.folding.fold`).
"""

# ruff: noqa: E501 (a phrase is easier to read on one line)

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import NamedTuple

_FACTS = (
    r"(?:information|info|data|details?|results?|mentions?|references?|records?|evidence|sources?|reviews?|hits|matches"
    r"|listings?|entries|entry|coverage|documentation|facts?|knowledge|trace)"
)
#: What else of a thing may not be found when the thing itself is not.
_SELF = (
    rf"(?:{_FACTS}|anything|something|prices?|pricing|(?:web)?sites?|(?:home)?pages?|compan(?:y|ies)|products?|tools?"
    r"|brands?|services?|apps?|software|business|profiles?|articles?|news|content|comparisons?|ratings?)"
)
_FIND = r"(?:find|found|locate|identify|retrieve|uncover|discover|come across|turn up)"
_ABOUT = r"(?:about|on|regarding|concerning|for|of|related|relating|specific|available|found|exists?|came|in)"
_READ = (
    r"(?:results?|sources?|documents?|context|passages?|pages?|articles?|texts?|search(?:es)?|(?:data|knowledge )base|training data|materials?|lists?"
    r"|rankings?|roundups?|round-ups|comparisons?|reviews|guides|snippets)"
)
_SOURCES = rf"(?:i|we|{_READ})"
_NOT = r"(?: not|n't)"
_TOLD = r"(?:mention|reference|list|cover|name|discuss|includ|featur)"
#: German, Dutch and Scandinavian for "mentioned", "found", "listed": beside a "not", in either order.
_GERMANIC = (
    r"(?:gefunden|finden|erwahnt|genannt|aufgefuhrt|aufgelistet|gelistet|enthalten|gevonden|vinden|vermeld|genoemd|opgenomen"
    r"|namn[st]|namnd|naevn[te]s?|nevn[te]s?|omtal[te]s?|forekommer|optraeder|hitta[rt]?|hittats|finde|fundet|finne|funnet)"
)
_PHRASES = (
    # English
    rf"(?:\b(?:i|we|search(?:es)?)\b[^.;]{{0,12}}?|^\W*\w*)(?:\bnot|n't|cannot)(?: \w+){{0,3}}? {_FIND}\b",
    rf"\b(?:unable|failed) to {_FIND}\b|\bnot be (?:found|located|identified)\b",
    r"\b(?:find|found|know|returned|turned up|yielded) nothing\b|\bnothing (?:\w+ ){0,2}(?:found|known|turned up|came up)\b"
    r"|(?:\b(?:is|was|says?|said|contains?|includes?|has|have|see|offers?|provides?)|'s) nothing (?:\w+ ){0,2}about\b|\bsay nothing\b",
    r"\b(?:came|come|comes) (?:up|back) (?:empty|blank)\b|\b(?:search(?:es)?|results)\b[^.;]{0,40} (?:was|were|are) empty\b",
    rf"\b(?:no|zero)(?: [\w-]+){{0,3}} {_FACTS} (?:(?:is|are|was|were) (?:\w+ )?)?{_ABOUT}\b"
    rf"|\b(?:there(?:'s| is| are| was| were)|i|we)(?: \w+){{0,2}} no(?: [\w-]+){{0,3}} {_FACTS}\b"
    rf"|\b(?:there|i|we) \w+{_NOT}(?: have)? (?:any|much|enough)(?: [\w-]+){{0,3}} {_FACTS}\b|\bnot something (?:i|we)\b",
    rf"\b{_SOURCES} (?:do|does|did){_NOT}(?: \w+)? (?:have|contain|include|provide|return|show|offer|give)(?: [\w-]+){{0,3}} (?:{_FACTS}|anything)\b",
    rf"\b{_SOURCES}(?: [\w-]+){{0,2}} (?:do|does|did){_NOT}(?: \w+)? {_TOLD}",
    rf"\b(?:none|neither|no|not one)(?: [\w-]+){{0,4}}? {_READ}(?: [\w-]+){{0,4}}? {_TOLD}(?:s|es|ed)?\b",
    rf"\b(?:do|does|did){_NOT}(?: \w+)? (?:appear|show up|come up|turn up|feature|figure)(?: [\w-]+){{0,6}}? (?:{_SOURCES}|anywhere)\b",
    rf"\b(?:is|are|was|were){_NOT} (?:mentioned|referenced|found(?! (?:to|guilty|liable|wanting))|discussed|named(?! (?:after|for)))\b"
    rf"|\b(?:is|are|was|were){_NOT} (?:\w+ )?(?:listed|included|covered|present|among)\b(?: [\w-]+){{0,5}}? {_SOURCES}\b"
    rf"|\bneither\b[^.;]{{0,80}} (?:is|are|was|were) (?:mentioned|referenced|found|listed|included|covered)\b",
    rf"\b(?:absent|missing) from (?:[\w-]+ ){{0,4}}?{_SOURCES}\b",
    rf"\b(?:am|i'm|are|we're) (?:not|un)(?: currently)? ?(?:aware of|familiar with)\b(?! any (?!{_SELF}\b))",
    rf"\b(?:i|we) (?:have|had|do|did|could|can)(?: not|n't|not)(?: \w+)? (?:heard (?:of|about)|know (?:of|about|anything|much about)|recogni[sz]e\b)"
    rf"|\b(?:not|n't|cannot|unable to) (?:verify|confirm)\b[^.;]{{0,80}} exist|\b(?:i|we) (?:do|did){_NOT} see\b[^.;]{{0,80}} (?:in|on|among)(?: [\w-]+){{0,4}} {_READ}\b",
    # all that is said of a thing, after its name and a colon or in its cell
    rf"(?:^|[:|-] )[\W_]*(?:not (?:mentioned|found|listed)\b|no(?: [\w-]+){{0,2}} {_FACTS}(?: \w+)?[\W_]*$)",
    # German, Dutch, Swedish, Danish, Norwegian
    r"\bkeine?[nr]? (?:\w+ ){0,3}(?:informationen|angaben|ergebnisse|hinweise|treffer|daten|erwahnung(?:en)?|quellen|details|eintrage)\b",
    rf"\b(?:nichts|nicht|nirgend\w*|niets|niet|nergens|inte|ikke|icke|aldrig) (?:[\w-]+ ){{0,4}}{_GERMANIC}\b|\b{_GERMANIC} (?:\w+ )?(?:nicht|inte|ikke|intet|ingenting)\b",
    r"\b(?:taucht|kommt|komt|erscheint|verschijnt|dyker)\b[^.;]{0,80} (?:nicht|kein\w*|nirgend\w*|niet|geen|inte|ikke)\b|\bnicht(?:s| \w+)? bekannt\b",
    r"\bgeen (?:\w+ ){0,2}(?:informatie|resultaten|gegevens|vermelding(?:en)?|bronnen)\b|\b(?:finns|visas|vises|fins) (?:inte|ikke)\b[^.;]{0,80} (?:resultat|kall|kild)",
    r"\b(?:hittade|hittat|hitta|fant|fandt|fundet|funnet|finde|finne) (?:\w+ )?(?:inget|inga|ingen|ingenting|ikke|ingenting|intet)\b"
    r"|\b(?:ingen|inga|nogen) (?:\w+ )?(?:information|informasjon|oplysninger|resultat(?:er)?|uppgifter)\b",
    # French
    r"\baucune?s? (?:\w+ ){0,2}(?:information|resultat|mention|donnee|reference|trace|source|detail)s?\b|\baucune?\b[^.;]{0,80} ne (?:mentionne|cite|parle)",
    r"\b(?:rien|pas) (?:\w+ )?(?:trouve|pu trouver)\b|\bn'(?:est|apparait|y a|existe|apparaissent) pas\b(?=[^.;]{0,80}\b(?:mentionn|cit|list|dans|information))",
    r"\bpas (?:\w+ )?(?:d'informations?|de resultats?|de donnees|de mention)\b|\bne (?:trouve|dispose) (?:rien|pas|d'aucune)\b|\bne (?:figure|connais) pas\b",
    # Spanish, Portuguese, Italian, Catalan, Romanian
    r"\bno (?:\w+ ){0,2}(?:encontr(?:e|o|amos|ado|ar|aron)|encuentro|halle|hallado|trobat)\b|\bno (?:hay|tengo|dispongo de|existe) (?:\w+ ){0,2}(?:informacion|resultados"
    r"|datos|menciones?|referencias|detalles)\b|\bno (?:se menciona|aparece|apareix|figura|es mencionad[oa]|conozco)\b|\bningun[ao]? (?:informacion|dato|mencion"
    r"|resultado|referencia)\b|\bnada sobre\b|\bningun[ao]\b[^.;]{0,80} menciona",
    r"\bnao (?:\w+ ){0,2}(?:encontr(?:ei|ou|amos|ado|ada|ar)|achei|localizei|localizar|ha informac\w+|tenho informac\w+|aparece|consta|conheco)\b|\bnao (?:e|foi|sao) (?:mencionad|citad|listad|encontrad)\w+"
    r"|\bnenhum[a]? (?:informacao|resultado|dado|mencao|referencia)\b|\bnenhum[a]?\b[^.;]{0,80} menciona",
    r"\bnon (?:\w+ ){0,3}(?:trovat\w+|trovare|trovo)\b|\bnessun[ao]? (?:informazion[ei]|risultat[oi]|dat[oi]|menzione|riferimento)\b"
    r"|\bnon (?:e|viene|ci sono|ho|sono) (?:\w+ )?(?:menzionat\w+|citat\w+|elencat\w+|informazioni|risultati)\b|\bnon (?:compare|appare|figura|conosco)\b|\bnessun[ao]?\b[^.;]{0,80} menziona",
    r"\bnu (?:\w+ ){0,3}(?:gasit|gasesc|apare|informatii|mentionat\w*)\b|\bnicio (?:informatie|mentiune|referire)\b",
    # Polish, Czech, Slovak, Croatian
    r"\bnie (?:\w+ )?(?:znalaz\w+|znaleziono|znalezc|udalo|pojawia|wystepuje|wspomina\w*|wymieni\w+|znam|ma[mj]? (?:\w+ )?(?:informacji|danych))\b|\bbrak (?:\w+ )?(?:informacji|danych|wynikow|wzmianek)\b",
    r"\b(?:nenasel|nenasla|nenasiel|nenalezl\w*|nepodarilo se|nepodarilo sa|neobjevuje|nezminuj\w+|nespomina\w*|nevyskytuje|zadn\w+ (?:informac|vysledk|zmink)\w+|ziadn\w+ informac\w+)\b"
    r"|\b(?:neni|neby[lv]\w*|nejsou)\b[^.;]{0,80} (?:zminen|uveden|nalezen)\w*|\bnisam (?:pronas\w+|nas\w+)|\bne spominje\b|\bnema (?:informacija|podataka)\b",
    # Russian, Ukrainian, Bulgarian (folded: й is и, ё is е)
    r"\bне (?:\w+ )?(?:нашел|нашла|нашли|наидено|наити|удалось|смог|упомина\w+|встреча\w+|фигурир\w+|появля\w+|намери\w*|споменава\w*)\b"
    r"|\b(?:нет|няма) (?:\w+ ){0,2}(?:информаци\w+|данных|упоминании|сведении|результатов)\b|\b(?:информации|сведении|данных|упоминании)\b[^.;]{0,40} (?:нет|не наи\w+|отсутству\w+)\b|\bничего не (?:нашел|нашла|нашли|наидено|известно|знаю|слышал\w*)\b"
    r"|\bне (?:\w+ )?(?:знаишов|знаишла|знаидено|знаити|вдалося|згаду\w+|зустріча\w+|з'явля\w+)\b|\bнема[єе] (?:\w+ )?(?:інформаціі|даних)\b",
    # Greek, Hungarian, Finnish
    r"\bδεν (?:\w+ ){0,3}(?:βρ[ηε]\w+|αναφερ\w+|εμφανιζ\w+|πληροφορι\w+|γνωριζω)\b|\b(?:nem (?:\w+ )?(?:talal\w+|szerepel\w*|emlit\w+|jelenik)|nincs\w* (?:\w+ )?(?:informacio|adat|talalat)\w*)",
    r"\b(?:en|ei|emme) (?:\w+ )?(?:loyta\w*|loyd\w*|loyty\w*|mainit\w*|esiinny|nay|tunne)\b|\bei ole (?:\w+ )?(?:tieto|mainit)\w*",
    # Turkish, Indonesian, Vietnamese, Thai
    r"\b(?:bilgi|sonuc|kaynak|veri)\w* (?:\w+ )?(?:bulamad\w+|bulunamad\w+|yok|bulunmu?yor\w*|bulunmamakta\w*|ulas[ai]mad\w+|edinemed\w+)|\b(?:bulamad[ik]m?|bulunamadi|rastla[nm]\w*mad\w*)\b|\b(?:yer almiyor|gecmiyor|bahsedilmiyor|bahsetmiyor)",
    r"\b(?:tidak|belum|tiada) (?:\w+ ){0,2}(?:menemukan|ditemukan|menemui|informasi|maklumat|disebut\w*|muncul|tercantum)\b|\bkhong (?:\w+ ){0,2}(?:tim thay|co thong tin|duoc nhac|duoc de cap|xuat hien)\b",
    r"ไม่พบ(?!ปัญหา|ข้อผิด)|หาไม่(?:พบ|เจอ)|ไม่มีข้อมูล|ไม่ปรากฏ|ไม่ได้(?:ถูก)?(?:กล่าวถึง|พูดถึง|ระบุ)",
    # Arabic, Persian, Hebrew, Hindi
    r"لم (?:\w+ )?(?:اجد|نجد|اعثر|يتم (?:العثور|ذكر)|يذكر|استطع|يظهر|تظهر|يرد|ترد)|لا (?:توجد|يوجد|تتوفر) (?:\w+ )?(?:معلومات|نتائج|بيانات)|لم أ(?:جد|عثر|تمكن)|(?:پیدا|یافت) (?:نکردم|نشد)",
    r"\bלא (?:\w+ )?(?:מצאתי|מצאנו|נמצא\w*|למצוא|מוזכר\w*|הוזכר\w*|מופיע\w*|מכיר\w*)|\bאין (?:\w+ ){0,2}(?:מידע|נתונים|תוצאות|אזכור)",
    r"नही\S* मिल|कोई (?:\S+ ){0,2}(?:जानकारी|परिणाम|उल्लेख)|(?:उल्लेख|जानकारी) (?:\S+ ){0,2}नही",
    # Chinese, Japanese, Korean
    r"(?:没有?|沒有?|未能?|无法|無法|找不到|查不到|搜不到)(?:能够?|能夠?|在\S{0,12})?(?:找到|发现|發現|查到|搜到|搜索到|提及|提到|出现|出現|检索到|檢索到|收录|任何|相关|相關|关于|關於|有关|有關)"
    r"|找不到|查不到|(?:没|沒有?|没有)听说过|(?:没有?|沒有?|暂无|暫無|缺乏|无|無)\S{0,12}(?:信息|資訊|资料|資料|结果|結果|记录|記錄|数据|數據|内容|內容)",
    r"見つかりません|見つけられません|見つかりませんでした|見当たりません|見つからな|見つけることができ|確認できません|(?:情報|記載|言及|結果|データ)(?:は|が|も)?(?:\S{0,6})(?:ありません|なかった|なく|ない|されていません|得られません)"
    r"|(?:検索|結果|記事|ソース|情報源|リスト|ランキング|資料)\S{0,24}(?:含まれ|登場し|出てき|現れ|掲載され|挙がっ|載っ)\S{0,2}(?:ませ|な)",
    r"찾을 수 (?:가 )?없|찾지 못|발견되지 않|발견하지 못|확인할 수 없|언급되지 않|(?:정보|결과|언급|자료|내용)(?:가|이|는|은|를|을)? ?(?:전혀 )?(?:없|찾)"
    r"|(?:결과|목록|자료|기사|출처)\S{0,3} (?:\S+ ){0,3}(?:나타나|등장하|포함되|나오|보이)지 않",
)
_ABSENT = re.compile("|".join(_PHRASES))
#: How any of them betrays itself, so that most sentences need not be held against all: a "no" of some kind, or a script.
_SIGN = re.compile(
    r"n't|\b(?:no|ni|ne|na|nu|un|zero|failed|cannot|came|come|absent|missing|empty|kei|gee|int|in[ag]|ik|ic|al|auc|rien|pas|bra|zad"
    r"|zia|e[ni]\b|emme|bilgi|sonuc|kaynak|veri|bulam|rast|yer |gec|bah|tid|bel|tia|khong)|[\u0370-\u1fff\u3000-\ud7ff]"
)
_BETTER = re.compile(r"\b(?:better|best|cheaper|faster|easier|worse|more|less|other)\b")
_THAN = re.compile(r" than\b")
_COMPARED = re.compile(
    r"\b(?:beats?|rivals?|match(?:es)? (?:the|its)|compares? (?:to|with|favou?rably)"
    r"|comparable|(?<!looks )(?<!seems )like|as (?!(?:far|long|soon|well)\b)\w+ as|wrong with|against|equal|alternatives? to|reasons?)\b"
    r"|\b(?:besser|mieux|meilleur|mejor|melhor|meglio|miglior|beter|battre|bedre|bolji|lepsz|lepsi|лучш|кращ|по-добр|καλυτερ|jobb|parem)\w*"
    r"|\bdaha (?:iyi|ucuz|hizli)|より|보다 |比\S{1,30}(?:更|还)|(?:افضل|أفضل) من|טוב\w* יותר|mai bun"
)
#: What is wrong with a thing is not looked for in what nobody knows.
_FLAWS = re.compile(
    r"\b(?:complaints?|flaws?|faults?|problems?|issues|bugs|drawbacks?|downsides?) (?:about|with|in|at|of)\b|\b(?:evidence|proof|signs?) that\b(?![^.;]{0,80} exist)"
    r"|\b(?:beschwerden|mangel|plaintes?|defauts?|quejas|fallos|difetti|defeitos|klachten)\b|問題|不具合|欠点|缺点|缺點|问题|문제|단점"
)
#: Nor is anything else than the thing itself: "find my invoices in Acme".
_IN_IT = re.compile(
    rf"\b{_FIND} (?:a|an|the|any|one|enough|many|my)(?! (?:[\w-]+ ){{0,3}}?{_SELF}\b)(?: [\w-]+){{1,4}}? (?:in|with|at|about|of|from|for)\b"
)
#: Before and after a name: "did not find Acme easy".
_JUDGES = re.compile(r"\b(?:do|did|does)(?: not|n't) find [*_\"']*$")
_JUDGED = re.compile(
    r"[*_\"']* (?!(?:in|on|among|at|within|through|under|as|here|there|via|any\w+|mentioned|listed|and|or)\b)[a-z]"
)
#: A name that itself gives, tells or keeps something is known.
_ACTS = re.compile(
    r"[\s*_\"')\]]*(?:(?:itself|also|currently|still) )?(?:(?:does|do|did)(?: not|n't) (?:publish|disclose|offer|provide|share|mention|list|give|name|keep|store|collect)"
    r"|(?:offers?|provides?|publish\w+|shares?|discloses?|gives?|keeps?|stores?|collects?|reveals?|hat|gibt|bietet|nennt|macht|veroffentlicht"
    r"|(?:ne |n')?(?:donne|fournit|publie|offre)|(?:no )?(?:ofrece|publica|facilita)|(?:nao )?(?:oferece|fornece)|(?:non )?(?:fornisce|pubblica)|geeft|biedt|heeft)\b)"
    r"|, (?:which|who) [^,.;]{1,80}, (?!but|and)"
)
#: A clause that only says that something was looked for.
_SEARCHED = re.compile(r"\b(?:search(?:ed|ing)?|look(?:ed|ing)? (?:for|up|into)|checked)\b")
_TURN = re.compile(
    r"[;:] | \| |,? (?:but|however|although|though|whereas|yet|aber|jedoch|mais|cependant|pero|sin embargo|mas|porem|ma|maar|men"
    r"|ale|но|однако) |但是?|不过|不過|ですが|ものの|지만"
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
        self._turns = _turns(sentence) if _SIGN.search(sentence) else None
        self._clauses: dict[tuple[int, int], _Clause] = {}

    def is_all_of(self, start: int, end: int) -> bool:
        """Whether all that is said of `sentence[start:end]` is that nothing was found about it."""
        if self._turns is None or self._is_known(start, end):
            return False
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
        if _ACTS.match(self._sentence, end):
            return True
        return bool(_JUDGED.match(self._sentence, end) and _JUDGES.search(self._sentence, max(start - 40, 0), start))

    def _until(self, at: int) -> tuple[int, int | None]:
        """Where the clause at this place ends, and where the next one begins."""
        turn = bisect_left(self._turns or (), at, key=lambda turn: turn[0])
        return self._turns[turn] if self._turns and turn < len(self._turns) else (len(self._sentence), None)

    def _clause(self, left: int, right: int) -> _Clause:
        if (left, right) not in self._clauses:
            self._clauses[left, right] = _read(self._sentence[left:right], left)
        return self._clauses[left, right]


def _turns(sentence: str) -> list[tuple[int, int]]:
    """Where one clause ends and the next begins."""
    turns = [match.span() for match in _TURN.finditer(sentence)]
    granted = _GRANTED.match(sentence)
    return sorted([*turns, granted.span(1)]) if granted else turns


def _read(clause: str, at: int) -> _Clause:
    """What a clause says that begins at this place of its sentence."""
    searches = _SEARCHED.search(clause) is not None
    if not _ABSENT.search(clause) or _FLAWS.search(clause) or _compares(clause):
        return _Clause(searches, None)
    sought = _IN_IT.search(clause)
    return _Clause(searches, at + (sought.end() if sought else len(clause) + 1))


def _compares(clause: str) -> bool:
    # "better … than" up to a full stop, part by part: as one pattern it would look for every "better" to the end
    return bool(_COMPARED.search(clause)) or any(
        (better := _BETTER.search(part)) and _THAN.search(part, better.end()) for part in clause.split(".")
    )
