"""Does a sentence only say that nothing was found about something? In the major languages, by their usual phrases.

"I could not find any information about Acme" names nothing that an assistant knows; "not only Acme", "no tool beats
Acme" and "I would not recommend Acme" do. Works on lower-case text without accents (`monitor.folding.fold`).
"""

# ruff: noqa: E501 (a phrase is easier to read on one line)

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

_FACTS = (
    r"(?:information|info|data|details?|results?|mentions?|references?|records?|evidence|sources?|reviews?|hits|matches"
    r"|listings?|entries|entry|coverage|documentation|facts?|knowledge|trace)"
)
_FIND = r"(?:find|found|locate|identify|retrieve|uncover|discover|come across|turn up)"
_ABOUT = r"(?:about|on|regarding|concerning|for|of|related|relating|specific|available|found|exists?|came|in)"
_SOURCES = (
    r"(?:i|we|results?|sources?|documents?|context|passages?|pages?|articles?|texts?|search(?:es)?|database|materials?)"
)
_PHRASES = (
    # English
    rf"\b(?:i|we|search(?:es)?)\b[^.;]{{0,12}}?(?:\bnot|n't|cannot)(?: \w+){{0,3}}? {_FIND}\b",
    rf"\b(?:unable|failed) to {_FIND}\b|\bnot be (?:found|located|identified)\b",
    r"\b(?:find|found|know|returned|turned up|yielded) nothing\b|\bnothing (?:\w+ ){0,2}(?:found|known|turned up|came up|about)\b",
    rf"\b(?:no|zero)(?: [\w-]+){{0,3}} {_FACTS} {_ABOUT}\b|\b(?:there(?:'s| is| are| was| were)|i|we)(?: \w+){{0,2}} no(?: [\w-]+){{0,3}} {_FACTS}\b",
    rf"\b{_SOURCES} (?:do|does|did)(?: not|n't)(?: \w+)? (?:have|contain|include|provide|return|show|offer|give)(?: [\w-]+){{0,3}} {_FACTS}\b",
    rf"\b{_SOURCES}(?: [\w-]+){{0,2}} (?:do|does|did)(?: not|n't)(?: \w+)? (?:mention|reference|list|cover|name|discuss)\b",
    rf"\b(?:do|does|did)(?: not|n't) (?:appear|show up|come up)(?: \w+){{0,3}} {_SOURCES}\b",
    r"\b(?:is|are|was|were)(?: not|n't) (?:mentioned|referenced|found|discussed|named)\b"
    rf"|\b(?:is|are|was|were)(?: not|n't) (?:\w+ )?(?:listed|included|covered|present) in (?:\w+ ){{0,3}}{_SOURCES}\b",
    r"\b(?:am|i'm|are|we're) (?:not|un)(?: currently)? ?(?:aware of|familiar with)\b",
    # German
    r"\bkeine?[nr]? (?:\w+ ){0,3}(?:informationen|angaben|ergebnisse|hinweise|treffer|daten|erwahnung(?:en)?|quellen|details|eintrage)\b",
    r"\bnichts (?:\w+ ){0,4}(?:gefunden|finden|bekannt)\b|\bnicht (?:\w+ )?(?:gefunden|finden|erwahnt|genannt|aufgefuhrt)\b",
    # French
    r"\baucune?s? (?:\w+ ){0,2}(?:information|resultat|mention|donnee|reference|trace|source|detail)s?\b",
    r"\b(?:rien|pas) (?:\w+ )?(?:trouve|pu trouver)\b|\bn'(?:est|apparait|y a|existe) pas (?:mentionne|cite|liste|dans|d'information)",
    r"\bpas (?:\w+ )?(?:d'informations?|de resultats?|de donnees|de mention)\b|\bne (?:trouve|dispose) (?:rien|pas|d'aucune)\b",
    # Spanish, Portuguese, Italian
    r"\bno (?:\w+ ){0,2}(?:encontr\w+|encuentro|halle|hallado)\b|\bno (?:hay|tengo|dispongo de|existe) (?:\w+ ){0,2}(?:informacion|resultados"
    r"|datos|menciones?|referencias|detalles)\b|\bno (?:se menciona|aparece|figura|es mencionad[oa])\b|\bningun[ao]? (?:informacion|dato|mencion"
    r"|resultado|referencia)\b|\bnada sobre\b",
    r"\bnao (?:\w+ ){0,2}(?:encontr\w+|achei|localizei|localizar|ha informac\w+|tenho informac\w+)\b|\bnao (?:e|foi|sao) (?:mencionad|citad|listad)\w+"
    r"|\bnenhum[a]? (?:informacao|resultado|dado|mencao|referencia)\b",
    r"\bnon (?:\w+ ){0,3}(?:trovat\w+|trovare|trovo)\b|\bnessun[ao]? (?:informazion[ei]|risultat[oi]|dat[oi]|menzione|riferimento)\b"
    r"|\bnon (?:e|viene|ci sono|ho) (?:menzionat\w+|citat\w+|elencat\w+|informazioni|risultati)\b",
    # Dutch, Swedish, Danish, Norwegian
    r"\bgeen (?:\w+ ){0,2}(?:informatie|resultaten|gegevens|vermelding(?:en)?|bronnen)\b|\b(?:niets|niet) (?:\w+ ){0,4}(?:gevonden|vinden|vermeld|genoemd)\b",
    r"\b(?:hittade|hittat|hitta|fant|fandt|fundet|funnet|finde|finne) (?:\w+ )?(?:inget|inga|ingen|ingenting|ikke|ingenting|intet)\b"
    r"|\b(?:ingen|inga|ingen) (?:\w+ )?(?:information|informasjon|oplysninger|resultat(?:er)?|uppgifter)\b|\b(?:inte|ikke) (?:\w+ ){0,2}(?:hitta|finde|finne|namns|naevnt|nevnt)\b",
    # Polish, Czech
    r"\bnie (?:\w+ )?(?:znalaz\w+|znaleziono|znalezc|udalo)\b|\bbrak (?:\w+ )?(?:informacji|danych|wynikow|wzmianek)\b"
    r"|\b(?:nenasel|nenasla|nenalezl\w*|nepodarilo se|zadne (?:informace|vysledky|zminky))\b",
    # Russian, Ukrainian (folded: й is и, ё is е)
    r"\bне (?:\w+ )?(?:нашел|нашла|нашли|наидено|наити|удалось|смог|упоминается|упомина\w+)\b|\bнет (?:\w+ ){0,2}(?:информации|данных|упоминании|сведении|результатов)\b"
    r"|\bничего не\b|\bне (?:знаишов|знаидено|знаити|вдалося)\b|\bнемае (?:\w+ )?(?:інформаціі|даних)\b",
    # Turkish, Indonesian, Vietnamese
    r"\b(?:bilgi|sonuc|kaynak|veri)\w* (?:\w+ )?(?:bulamad\w+|bulunamad\w+|yok|bulunmu?yor\w*|bulunmamakta\w*)|\b(?:bulamadim|bulunamadi|bulamadik)\b",
    r"\btidak (?:\w+ ){0,2}(?:menemukan|ditemukan|ada informasi|disebutkan)\b|\bkhong (?:\w+ ){0,2}(?:tim thay|co thong tin|duoc nhac)\b",
    # Arabic, Hindi
    r"لم (?:\w+ )?(?:اجد|نجد|اعثر|يتم العثور|يذكر|استطع)|لا (?:توجد|يوجد|تتوفر) (?:\w+ )?(?:معلومات|نتائج|بيانات)|لم أ(?:جد|عثر|تمكن)",
    r"नही\S* मिल|कोई (?:\S+ ){0,2}(?:जानकारी|परिणाम|उल्लेख)",
    # Chinese, Japanese, Korean
    r"(?:没有?|沒有?|未能?|无法|無法|找不到|查不到|搜不到)(?:能够?|能夠?|在\S{0,12})?(?:找到|发现|發現|查到|搜到|搜索到|提及|提到|检索到|檢索到|收录|任何|相关|相關|关于|關於|有关|有關)"
    r"|找不到|查不到|(?:没有?|沒有?|暂无|暫無|缺乏|无|無)\S{0,12}(?:信息|資訊|资料|資料|结果|結果|记录|記錄|数据|數據|内容|內容)",
    r"見つかりません|見つけられません|見つかりませんでした|見当たりません|見つからな|見つけることができ|確認できません|(?:情報|記載|言及|結果|データ)(?:は|が|も)?(?:\S{0,6})(?:ありません|なかった|なく|ない|されていません|得られません)",
    r"찾을 수 (?:가 )?없|찾지 못|발견되지 않|발견하지 못|확인할 수 없|언급되지 않|(?:정보|결과|언급|자료|내용)(?:가|이|는|은|를|을)? ?(?:전혀 )?(?:없|찾)",
)
_ABSENT = re.compile("|".join(_PHRASES))
_BETTER = re.compile(r"\b(?:better|best|cheaper|faster|easier|worse|more|less|other)\b")
_THAN = re.compile(r" than\b")
_COMPARED = re.compile(
    r"\b(?:beats?|rivals?|match(?:es)? (?:the|its)|compares?"
    r"|comparable|like|as \w+ as|wrong with|against|equal|alternatives? to|reasons?)\b"
    r"|\b(?:besser|mieux|meilleur|mejor|melhor|meglio|beter)\b"
)
_TURN = re.compile(
    r"[;:] |,? (?:but|however|although|though|whereas|yet|aber|jedoch|mais|cependant|pero|sin embargo|mas|porem|ma|maar|men"
    r"|ale|но|однако) |但是?|不过|不過|ですが|ものの|지만"
)
_TAKEN_UP = re.compile(
    r"\s*(?:(?:overall|still|nonetheless|nevertheless|otherwise),? )?(?:it|it's|its|they|they're|their|this|the (?:company|tool|brand|product|service|app))\b"
    r"|\s*(?:es|sie|er|il|elle|ils|ella|eles?|ela)\b|\s*(?:它|该|該|その|それ)"
)


class Absence:
    """What one folded sentence says of the things in it; it is looked through once, however many it names."""

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence
        self._turns = [match.span() for match in _TURN.finditer(sentence)] if _ABSENT.search(sentence) else None
        #: Whether the clause at [left, right) only says that nothing was found.
        self._clauses: dict[tuple[int, int], bool] = {}

    def is_all_of(self, start: int, end: int) -> bool:
        """Whether all that is said of `sentence[start:end]` is that nothing was found about it."""
        if self._turns is None:
            return False
        before = bisect_right(self._turns, start, key=lambda turn: turn[1])
        after = bisect_left(self._turns, end, key=lambda turn: turn[0])
        left = self._turns[before - 1][1] if before else 0
        right, next_clause = self._turns[after] if after < len(self._turns) else (len(self._sentence), None)
        if not self._is_absence(left, right):
            return False
        return next_clause is None or not _TAKEN_UP.match(self._sentence, next_clause)

    def _is_absence(self, left: int, right: int) -> bool:
        if (left, right) not in self._clauses:
            clause = self._sentence[left:right]
            self._clauses[left, right] = bool(_ABSENT.search(clause)) and not _compares(clause)
        return self._clauses[left, right]


def _compares(clause: str) -> bool:
    # "better … than" up to a full stop, part by part: as one pattern it would look for every "better" to the end
    return bool(_COMPARED.search(clause)) or any(
        (better := _BETTER.search(part)) and _THAN.search(part, better.end()) for part in clause.split(".")
    )
