"""How languages say that nothing was found about something: their usual phrases, and which sentences may hold any.

For lower-case text without accents (`monitor.folding.fold`).
"""

# ruff: noqa: E501 (a phrase is easier to read on one line)

from __future__ import annotations

import re
from typing import NamedTuple

_FACTS = (
    r"(?:information|info|data|details?|results?|mentions?|references?|records?|evidence|sources?|reviews?|hits|matches"
    r"|listings?|entries|entry|coverage|documentation|facts?|knowledge|trace)"
)
#: What else of a thing may not be found when the thing itself is not.
SELF = (
    rf"(?:{_FACTS}|anything|something|prices?|pricing|(?:web)?sites?|(?:home)?pages?|compan(?:y|ies)|products?|tools?"
    r"|brands?|services?|apps?|software|business|profiles?|articles?|news|content|comparisons?|ratings?)"
)
FIND = r"(?:find|found|locate|identify|retrieve|uncover|discover|come across|turn up)"
_ABOUT = r"(?:about|on|regarding|concerning|for|of|related|relating|specific|available|found|exists?|came|in)"
_READ = (
    r"(?:results?|sources?|documents?|context|passages?|pages?|articles?|texts?|search(?:es)?|(?:data|knowledge )base|knowledge|(?:training )?data|materials?|lists?"
    r"|rankings?|roundups?|round-ups|comparisons?|reviews|guides|snippets)"
)
_SOURCES = rf"(?:i|we|{_READ})"
_NOT = r"(?: not|n't)"
_TOLD = r"(?:mention|reference|list|cover|name|discuss|includ|featur)"
#: German, Dutch and Scandinavian for "mentioned", "found", "listed": beside a "not", in either order.
_GERMANIC_TOLD = (
    r"(?:gefunden|finden|erwahnt|genannt|aufgefuhrt|aufgelistet|gelistet|enthalten|gevonden|vinden|vermeld|genoemd|opgenomen"
    r"|namn[st]|namnd|naevn[te]s?|nevn[te]s?|omtal[te]s?|omnam\w+|forekommer|optraeder|hitta[rt]?|hittats|finde|fundet|finne|funnet)"
)
_ENGLISH = (
    # English
    rf"(?:\b(?:i|we|search(?:es)?)\b[^.;]{{0,12}}?|^\W*\w*)(?:\b(?<!would )not|(?<!would)n't|cannot)(?: \w+){{0,3}}? {FIND}\b"
    rf"|\b(?:not|n't) (?:\w+ )?finding (?:any|anything|much)\b|\b(?:did|does|do){_NOT} (?:reveal|uncover|yield|surface|produce|turn up|bring up|return|find)(?: [\w-]+){{0,3}} (?:{_FACTS}|anything)(?: at all)? (?:about|on|for|regarding|concerning)\b"
    rf"|\b{_READ} never (?:\w+ )?{_TOLD}",
    rf"\b(?:unable|failed) to {FIND}\b|\bnot be (?:found|located|identified)\b",
    r"\b(?:find|found|know|returned|turned up|yielded|came across|uncovered|located) nothing\b|\b(?:drew|drawn|draw) a blank\b|\bnothing (?:\w+ ){0,2}(?:found|known|turned up|came up)\b"
    r"|(?:\b(?:is|was|says?|said|contains?|includes?|has|have|see|offers?|provides?)|'s) nothing (?:(?:at all|else|specific|more|useful|further|relevant|much|concrete|known|available) ){0,2}about\b|\bsay nothing\b"
    rf"|\b(?:search\w*|quer(?:y|ies))\b[^.;]{{0,80}} (?:yielded|returned|produced|gave|brought up|found|got|showed) (?:no|zero|nothing)\b|\b(?:found|saw|see) none (?:for|about|on|of)\b|\b{_READ} (?:is|are|remains?) silent (?:on|about)\b"
    rf"|\b(?:is|was)(?: not|n't) (?:an? )?(?:\w+ )?(?:that )?(?:i|we) (?:have|know|recogni[sz]e|am|are)\b|\b{_READ}(?: \w+){{0,2}} (?:do|does|did){_NOT} (?:\w+ )?(?:say|tell|reveal|state) (?:us |me )?(?:anything|much|a word)\b",
    r"\b(?:came|come|comes) (?:up|back) (?:empty|blank)\b|\b(?:search(?:es)?|results)\b[^.;]{0,40} (?:was|were|are) empty\b",
    rf"\b(?:no(?! \d)|zero)(?: [\w-]+){{0,3}} {_FACTS} (?:(?:is|are|was|were) (?:\w+ )?)?{_ABOUT}\b(?! (?:its|their|his|her|your)\b)"
    rf"|\b(?:there(?:'s| is| are| was| were)|i|we)(?: \w+){{0,2}} no(?: [\w-]+){{0,3}} {_FACTS}\b(?! (?:overload|limits?|caps?|loss|leaks?|breach\w*|security|cent(?:er|re)s?|sharing|needed|required)\b)"
    rf"|\b(?:there|i|we) \w+{_NOT}(?: have| (?:appear|seem) to be)? (?:any|much|enough)(?: [\w-]+){{0,3}} {_FACTS}\b|\bnot something (?:i|we)\b|\b(?:insufficient|not enough) (?:[\w-]+ )?{_FACTS}(?: available)? (?:about|on|for|regarding)\b"
    rf"|\bno (?!\d)(?:[\w-]+ ){{0,3}}?(?:references?|mentions?|hits?|match(?:es)?|results?) (?:to|for)\b|\b(?:i|we|{_READ}) lacks?(?: [\w-]+){{0,3}} {_FACTS}\b"
    rf"|\b{_FACTS} (?:about|on|for|regarding|concerning) [^.;']{{1,60}} (?:is|are|was|were)(?: \w+)? (?:unavailable|missing|lacking|absent|(?<=not )(?:available|provided|given|included|present))\b",
    rf"\b{_SOURCES} (?:do|does|did){_NOT}(?: \w+)? (?:have|contain|include|provide|return|show|offer|give)(?: [\w-]+){{0,3}} (?:{_FACTS}|anything)\b",
    rf"\b(?:none|neither|nobody|no|not one)(?: [\w-]+){{0,6}}? (?:says?|said|has|have|had|contains?|offers?|provides?|includes?|gives?|writes?) (?:anything|(?:any|a single|a) (?:[\w-]+ ){{0,2}}?(?:word|{_FACTS}))"
    r"(?: at all| specific| relevant| useful)? (?:about|on|regarding|concerning|for)\b",
    rf"\b(?:i|we)(?: \w+|'\w+)? (?:unable|not able) to (?:provide|give|offer|share|say)(?: [\w-]+){{0,4}} (?:{_FACTS}|anything) (?:about|on|for|regarding|concerning)\b"
    rf"|\b(?:i|we) (?:cannot|can't|can not|could not|couldn't) (?:provide|give|offer|share|say|tell)(?: [\w-]+){{0,4}} (?:{_FACTS}|anything) (?:about|on|for|regarding|concerning)\b",
    rf"\b{_READ}(?: [\w-]+){{0,2}} (?:do|does|did){_NOT}(?: \w+)? {_TOLD}",
    rf"\b(?:none|neither|no|not one)(?: [\w-]+){{0,4}}? {_READ}(?: [\w-]+){{0,4}}? {_TOLD}(?:s|es|ed)?\b",
    rf"\b(?:do|does|did){_NOT}(?: \w+)? (?:appear|show up|come up|turn up|feature|figure|seem to appear)(?: [\w-]+){{0,6}}? (?:{_SOURCES}|anywhere|any of (?:them|these|those))\b"
    rf"|\b(?:do|does|did){_NOT} (?:appear|seem) to (?:exist|be (?:mentioned|referenced|discussed|(?:[\w-]+ )?(?:covered|listed|included|named|present|among|part)(?: [\w-]+){{0,5}}? {_SOURCES}))\b"
    rf"|\bnowhere (?:to be found|in (?:[\w-]+ ){{0,3}}{_READ})\b|\bnot (?:in|within|part of) (?:my|our|the|these|any)(?: of (?:my|our|the|these))? (?:[\w-]+ )?{_READ}\b",
    rf"\b(?:is|are|was|were|has|have){_NOT}(?: yet)?(?: been)? (?:mentioned|referenced|found(?! (?:to|guilty|liable|wanting)\b)(?! (?:in|on|at|outside|near)\b(?! (?:[\w-]+ ){{0,4}}?(?:{_READ}|anywhere|any)\b))|discussed|named(?= (?:in|by|on|among|anywhere|at all)\b|\W*$))\b"
    rf"|\b(?:is|are|was|were|has|have){_NOT} (?:\w+ ){{0,2}}?(?:listed|included|covered|present|among)\b(?: [\w-]+){{0,5}}? (?:{_SOURCES}|outlets|(?<=among )them)\b"
    rf"|\bneither\b[^.;]{{0,80}} (?:is|are|was|were) (?:mentioned|referenced|found|listed|included|covered)\b|\bneither\b[^.;]{{0,80}} appears? (?:in|among|on)(?: [\w-]+){{0,4}} {_SOURCES}\b",
    rf"\b(?:absent|missing) from (?:[\w-]+ ){{0,4}}?{_SOURCES}\b",
    rf"\b(?:am|i'm|are|we're) (?:not|un)(?: currently)? ?(?:aware of|familiar with)\b(?! any (?!{SELF}\b))",
    rf"\b(?:i|we) (?:have|had|do|did|could|can)(?: not|n't|not)(?: \w+)? (?:heard (?:of|about)|know (?:of|about|anything|much about)|recogni[sz]e\b)"
    r"|\b(?:i|we)(?:'ve| have)? never (?:\w+ )?(?:heard of|come across|came across|encountered)\b|\b(?:is|are) (?:un|not )known to (?:me|us)\b|n(?:'t|ot) ring (?:a|any) bells?\b"
    rf"|\b(?:not|n't|cannot|unable to) (?:verify|confirm)\b[^.;]{{0,80}} exist|\b(?:i|we) (?:do|did){_NOT} see\b[^.;]{{0,80}} (?:in|on|among)(?: [\w-]+){{0,4}} {_READ}\b",
    # all that is said of a thing, after its name and a colon or in its cell
    rf"(?:^|[:|-] )[\W_]*(?:not (?:mentioned|found|listed)\b|no(?: [\w-]+){{0,2}} {_FACTS}(?: (?:found|available|yet|provided|exists?|here|given|listed|returned|included))?[\W_]*$)",
)
_GERMANIC = (
    # German, Dutch, Swedish, Danish, Norwegian
    r"\bkeine?[nr]? (?:\w+ ){0,3}(?:informationen|angaben|ergebnisse|hinweise|treffer|daten|erwahnung(?:en)?|quellen|details|eintrage)\b",
    rf"\b(?:nichts|nicht|nirgend\w*|niets|niet|nergens|inte|ikke|icke|aldrig) (?:[\w-]+ ){{0,4}}{_GERMANIC_TOLD}\b|\b{_GERMANIC_TOLD} (?:\w+ )?(?:nicht|inte|ikke|intet|ingenting)\b",
    r"\b(?:taucht|kommt|komt|erscheint|verschijnt|dyker)\b[^.;]{0,80} (?:nicht|kein\w*|nirgend\w*|niet|geen|inte|ikke)\b|\bnicht(?:s| \w+)? bekannt\b"
    r"|\b(?:ich|wir|mir)\b[^.;]{0,80}\bnie(?:mals)? (?:[\w-]+ ){0,4}gehort\b|\b(?:ich|wir) kenne?n? [^.;]{1,60} nicht\W*$|\bmir (?:\w+ ){0,2}unbekannt\b|\bsag(?:t|en) mir (?:leider )?nichts\b|\bmir (?:\w+ )?(?:ist|sind) (?:\w+ )?keine?\b[^.;]{0,80} bekannt\b|\bweiss (?:ich |\w+ )?nichts\b"
    r"|\bkeine?[rsnm]? (?:einzige[rsn]? )?(?:quelle|artikel|seite|treffer|ergebnis|suchergebnis|dokument)\b[^.;]{0,60} (?:erwahnt|nennt|auffuhrt|behandelt|enthalt)\b",
    r"\bgeen (?:\w+ ){0,2}(?:informatie|resultaten|gegevens|vermelding(?:en)?|bronnen)\b|\bgeen (?:enkele |van de |der )?(?:\w+ )?(?:bron|bronnen|artikel\w*|zoekresultat\w+|documenten)\b[^.;]{0,60} (?:vermeld\w*|noem\w*|bespree?k\w*|bevat\w*)\b"
    r"|\b(?:ik|we|wij) kenn?e?n? [^.;]{1,60} niet\W*$|\bniet(?:s)? (?:\w+ )?bekend\b|\bnooit (?:\w+ ){0,2}(?:van )?(?:[^.;]{1,60} )?gehoord\b|\b(?:finns|visas|vises|fins) (?:inte|ikke)\b[^.;]{0,80} (?:resultat|kall|kild)",
    r"\b(?:hittade|hittat|hitta|fant|fandt|fundet|funnet|finde|finne) (?:\w+ )?(?:inget|inga|ingen|ingenting|ikke|ingenting|intet)\b"
    r"|\b(?:ingen|inga|nogen) (?:\w+ )?(?:information|informasjon|oplysninger|resultat(?:er)?|uppgifter)\b"
    r"|\b(?:ingen|inget|inga|intet) (?:av |af )?(?:\w+ )?(?:kall\w+|kilde\w*|artik\w+|resultat\w*|sokresultat\w*|sogeresultat\w*|soketreff\w*)\b[^.;]{0,60} (?:namner|naevner|nevner|omtalar|omtaler)\b"
    r"|\b(?:saknas|saknar|mangler) (?:\w+ )?(?:information|informasjon|oplysninger|opplysninger|uppgifter|data)\b|\b(?:kanner|kjenner|kender) (?:\w+ )?(?:inte|ikke)\b|\baldri[g]? hort\b",
)
_FRENCH = (
    # French
    r"\baucune?s? (?:\w+ ){0,2}(?:information|resultat|mention|donnee|reference|trace|source|detail)s?\b|\baucune?\b[^.;]{0,80} ne (?:mentionne|cite|parle)",
    r"\b(?:rien|pas) (?:\w+ )?(?:trouve|pu trouver)\b|\bn'(?:est|apparait|y a|existe|apparaissent) pas\b(?=[^.;]{0,80}\b(?:mentionn|cit|list|dans|information))",
    r"\bpas (?:\w+ )?(?:d'informations?|de resultats?|de donnees|de mention)\b|\bne (?:trouve|dispose) (?:rien|pas|d'aucune)\b|\bne (?:figure|connais|connaissons|dispose|possede) pas\b|\bm'est (?:pas )?(?:connue?|inconnue?|familiere?)\b|\bjamais entendu parler\b|\b(?:mentionn|cit|evoqu|trouv|referenc)\w* nulle part\b|\brien (?:n'a|n'est|ne) (?:ete )?(?:\w+ )?(?:trouve|dit|mentionne|indique)\b|\bpas (?:connaissance d|familiere? (?:avec|de))|\bintrouvables? dans\b",
)
_ROMANCE = (
    # Spanish, Portuguese, Italian, Catalan, Romanian
    r"\bno (?:\w+ ){0,2}(?:encontr(?:e|o|amos|ado|ar|aron)|encuentro|halle|hallado|trobat)\b|\bno (?:hay|tengo|dispongo de|existe) (?:\w+ ){0,2}(?:informacion|resultados"
    r"|datos|menciones?|referencias|detalles)\b|\bno (?:se menciona|aparece|apareix|figura|es mencionad[oa]|conozco)\b|\bningun[ao]? (?:informacion|dato|mencion"
    r"|resultado|referencia)\b|\bnada sobre\b|\bningun[ao]?\b[^.;]{0,80} menciona|\bningun[ao]? (?:\w+ ){0,2}(?:fuentes?|articulos?|resultados?|documentos?)\b[^.;]{0,40} (?:cita|nombra|habla)\w*"
    r"|\bno (?:me suena|me consta|consta|hay (?:constancia|registros?|rastro)|estoy familiarizad[oa]|he oido hablar|tengo (?:constancia|conocimiento|noticia))\b|\bcap (?:\w+ )?font\b[^.;]{0,40} menciona",
    r"\bnao (?:\w+ ){0,2}(?:encontr(?:ei|ou|amos|ado|ada|ar)|achei|localizei|localizar|ha informac\w+|tenho informac\w+|aparece|consta|conheco)\b|\bnao (?:e|foi|sao) (?:mencionad|citad|listad|encontrad)\w+"
    r"|\bnenhum[a]? (?:informacao|resultado|dado|mencao|referencia)\b|\bnenhum[a]?\b[^.;]{0,80} menciona|\bnao (?:ha (?:\w+ )?(?:dados|informac\w+|resultados|mencao|registros?) |ouvi falar|estou familiarizad[oa]|(?:disponho|possuo|existem?|constam?|dispomos)\b[^.;]{0,20} (?:informac\w+|dados|resultados|referencias?))\b",
    r"\bnon (?:\w+ ){0,3}(?:trovat\w+|trovare|trovo)\b|\bnessun[ao]? (?:informazion[ei]|risultat[oi]|dat[oi]|menzione|riferimento)\b"
    r"|\bnon (?:e|viene|ci sono|ho|sono) (?:\w+ )?(?:menzionat\w+|citat\w+|elencat\w+|informazioni|risultati)\b|\bnon (?:compare|appare|figura|conosco)\b|\bnessun[ao]?\b[^.;]{0,80} menziona|\bnessun[ao]? (?:\w+ ){0,3}(?:fonte|fonti|articol[oi]|risultat[oi]|document[oi])\b[^.;]{0,40} (?:cita\w*|nomina|parla)\b"
    r"|\bnon (?:dispongo|disponiamo|possiedo|abbiamo|esistono|esiste|risultano|risulta|c'e) (?:\w+ ){0,2}(?:informazion[ei]|dat[oi]|notizi[ae]|risultat[oi]|riferiment[oi]|traccia)\b|\bmai sentito (?:parlare|nominare)\b|\bnon mi (?:risulta|e not[oa]|e familiare)\b",
    r"\bnu (?:\w+ ){0,3}(?:gasit|gasesc|apare|informatii|mentionat\w*)\b|\bnicio (?:informatie|mentiune|referire)\b|\bnici(?:o|un|una)\b[^.;]{0,60} nu (?:mentioneaza|aminteste)\b|\bnu (?:cunosc|am auzit)\b",
)
_SLAVIC = (
    # Polish, Czech, Slovak, Croatian
    r"\bnie (?:\w+ )?(?:znalaz\w+|znaleziono|znalezc|udalo|pojawia|wystepuje|wspomina\w*|wymieni\w+|znam|ma[mj]? (?:\w+ )?(?:informacji|danych))\b|\bnie (?:jest|sa|zosta\w+|byl\w*) (?:\w+ )?(?:wspomn\w+|wymien\w+|uwzgledn\w+)|\bnie (?:slysza\w+|kojarze|posiadam informacji|dysponuje (?:\w+ )?informacjami|jest mi znan\w+)\b|\bnic (?:\w+ )?nie (?:wiem|wiadomo|znalaz\w+)|\bbrak (?:\w+ )?(?:informacji|danych|wynikow|wzmianek)\b",
    r"\b(?:nenasel|nenasla|nenasiel|nenalezl\w*|nepodarilo se|nepodarilo sa|neobjevuje|nezminuj\w+|nespomina\w*|nevyskytuje|zadn\w+ (?:informac|vysledk|zmink)\w+|ziadn\w+ informac\w+|neznam|nepoznam|neslysel\w*|nepocul\w*|(?:nemam|nejsou|neexistuji|nie su) (?:\w+ ){0,3}informac\w+|zadny (?:\w+ )?zdroj\w*|ziadny (?:\w+ )?zdroj\w*)\b"
    r"|\b(?:neni|neby[lv]\w*|nejsou)\b[^.;]{0,80} (?:zminen|uveden|nalezen)\w*|\bnisam (?:pronas\w+|nas\w+)|\bne spominje\b|\bnema (?:informacija|podataka)\b|\bnisem (?:\w+ )?nas\w+|\bni (?:omenjen\w*|podatkov|informacij)\b"
    # Lithuanian, Latvian, Estonian
    r"|\b(?:neradau|nerasta|neatradu|netika atrast\w*|nav (?:informacij\w+|minet\w*)|nera informacijos|nemini\w*|neminima\w*|ei leidnud|ei leitud|teavet ei)\b",
)
_CYRILLIC = (
    # Russian, Ukrainian, Bulgarian (folded: й is и, ё is е)
    r"\bне (?:\w+ )?(?:нашлось|обнаруж\w+|располагаю|нашел|нашла|нашли|наидено|наити|удалось|смог|упомина\w+|встреча\w+|фигурир\w+|появля\w+|намери\w*|споменава\w*)\b"
    r"|\b(?:нет|няма) (?:\w+ ){0,2}(?:информаци\w+|данных|упоминании|сведении|результатов)\b|\b(?:информации|сведении|данных|упоминании)\b[^.;]{0,40} (?:нет|не наи\w+|отсутству\w+)\b|\b(?:информаци[яю]|данные|сведения|упоминания)\b[^.;]{0,60} (?:отсутству\w+|недоступн\w+|не наи\w+)\b"
    r"|\b(?:мне|нам) (?:\w+ ){0,2}(?:не ?известн\w+|не ?знаком\w+)|\b(?:я|мы) (?:\w+ )?не (?:слышал\w*|знаю о|знаю так\w+)\b|\bнисам (?:прона\w+|наш\w+)|\bнема (?:информација|података)\b|\bничего не (?:нашел|нашла|нашли|наидено|известно|знаю|слышал\w*)\b"
    r"|\bне (?:\w+ )?(?:виявлен\w*|знаишлося|знаишов|знаишла|знаидено|знаити|вдалося|згаду\w+|зустріча\w+|з'явля\w+)\b|\bнема[єе]? (?:\w+ ){0,2}(?:інформаціі|даних|відомостеи)\b|\bнічого не (?:знаишов|знаишла|знаидено|відомо|знаю|чу\w+)|\b(?:мені|нам) (?:\w+ ){0,2}не ?відом\w+|\bвідсутн\w+ (?:\w+ )?(?:інформаці\w+|дані|відомості)\b|\bотсутств\w+ (?:\w+ )?(?:информаци\w+|данные|сведения|упоминани\w+)\b|\b(?:информаці\w+|інформаці\w+|дані|відомості)\b[^.;]{0,60} (?:відсутн\w+|немає|недоступн\w+)|\bжодн\w+ (?:[^.;]{1,40} )?не (?:згаду\w+|містить)",
)
_URALIC = (
    # Greek, Hungarian, Finnish
    r"\bδεν (?:\w+ ){0,3}(?:βρ[ηε]\w+|αναφερ\w+|εμφανιζ\w+|πληροφορι\w+|γνωριζω)\b|\b(?:nem (?:\w+ )?(?:talal\w+|szerepel\w*|emlit\w+|jelenik)|nincs\w* (?:\w+ )?(?:informacio|adat|talalat)\w*|nem ismerem|nem hallottam|(?:forras|talalat|cikk)\w* (?:sem|se) (?:emlit|szerepel)\w*)",
    r"\b(?:en|ei|emme) (?:\w+ )?(?:loyta\w*|loyd\w*|loyty\w*|mainit\w*|esiinny|nay|tunne)\b|\bei ole (?:\w+ )?(?:tieto|mainit)\w*",
)
_ASIAN = (
    # Turkish, Indonesian, Vietnamese, Thai
    r"\b(?:bilgi|sonuc|kaynak|veri)\w* (?:\w+ )?(?:bulamad\w+|bulunamad\w+|yok|bulunmu?yor\w*|bulunmamakta\w*|ulas[ai]mad\w+|edinemed\w+)|\b(?:bulamad[ik]m?|bulunamadi|rastla\w*mad\w*)\b|\b(?:yer almiyor|gecmiyor|bahsedilmiyor|bahsetmiyor|soz etmiyor|soz edilmiyor|deginmiyor|deginilmiyor|anilmiyor)"
    r"|\bhakkinda (?:\w+ ){0,3}(?:bilgim yok|bilmiyorum|bilgim bulunmuyor|bilgi sahibi degil\w*)|\b(?:tanimiyorum|duymadim|asina degilim)\b",
    r"\b(?:tidak|belum|tiada) (?:\w+ ){0,2}(?:menemukan|ditemukan|menemui|informasi|maklumat|disebut\w*|muncul|tercantum)\b|\btidak ada (?:\w+ )?(?:sumber|artikel|hasil|dokumen)\b[^.;]{0,40} (?:menyebut\w*|membahas)\b"
    r"|\b(?:informasi|data|keterangan)\b[^.;]{0,60} (?:tidak|belum) (?:tersedia|ditemukan|ada)\b|\b(?:saya|kami|aku) (?:tidak|belum|tak) (?:memiliki|mempunyai|punya) (?:\w+ ){0,2}(?:informasi|data|keterangan)\b|\b(?:saya|kami|aku) (?:tidak|belum|tak) (?:mengenal|mengetahui|tahu|pernah mendengar|familiar)\b"
    r"|\bkhong (?:co )?(?:bat (?:ky|cu) )?(?:nguon|tai lieu|bai viet|ket qua)\b[^.;]{0,20} (?:cho|ve|nhac|de cap|noi)\b|\b(?:toi|chung toi) (?:khong (?:biet (?:gi )?ve|quen thuoc voi|co (?:\w+ ){0,2}(?:thong tin|du lieu))|chua (?:tung )?nghe)\b|\bkhong (?:\w+ ){0,2}(?:tim thay|co thong tin|duoc nhac|duoc de cap|xuat hien)\b",
    r"ไม่พบ(?!ปัญหา|ข้อผิด)|หาไม่(?:พบ|เจอ)|ไม่มีข้อมูล|ไม่ปรากฏ|ไม่ได้(?:ถูก)?(?:กล่าวถึง|พูดถึง|ระบุ)|ไม่(?:รู้จัก|คุ้นเคย)|ไม่มีแหล่ง",
)
_SEMITIC = (
    # Arabic, Persian, Hebrew, Hindi
    r"لم (?:\w+ )?(?:اجد|نجد|اعثر|يتم (?:العثور|ذكر)|يذكر|استطع|يظهر|تظهر|يرد|ترد)|لا (?:توجد|يوجد|تتوفر) (?:\w+ )?(?:معلومات|نتائج|بيانات)|لم ا(?:تمكن|سمع)|لم نتمكن|(?:پیدا|یافت) (?:نکردم|نشد)"
    r"|ليست? (?:لدي|لدينا|هناك|عندي) (?:\w+ ){0,2}(?:معلومات|بيانات|تفاصيل|نتائج)|(?:لا|لم) (?:تذكر|تشير?|تتناول|تتضمن|يذكر|يشير?) (?:\w+ ){0,2}(?:ال)?(?:مصادر|نتائج|مقالات|مقال|مصدر)|\bلا (?:يوجد|توجد) (?:\w+ )?(?:ذكر|اشارة|شيء عن)"
    r"|لا (?:اعرف|نعرف|اعلم|املك|امتلك) (?:\w+ ){0,2}(?:شيئا|معلومات|عن)|اطلاعات\w* (?:\S+ ){0,5}(?:ندارم|نداریم|نیست|وجود ندارد|نیافتم)|نمی.?شناسم|معلومات (?:\S+ ){0,2}نہیں|نہیں مل",
    r"\bלא (?:\w+ )?(?:מצאתי|מצאנו|נמצא\w*|למצוא|מוזכר\w*|הוזכר\w*|מופיע\w*|מכיר\w*|שמעתי|ידוע ל[ינ]\w*|מוכר\w*)|\bאינ(?:ני|י|נו|ו|ה|ם|ן) (?:\w+ )?(?:מכיר|מוזכר|מופיע|מוכר)\w*|\bאף (?:\w+ ){1,3}(?:לא|אינ\w+) (?:\w+ )?(?:מזכיר|מציינ|מציין|מתייחס)\w*|\bאין (?:\w+ ){0,2}(?:מידע|נתונים|תוצאות|אזכור)",
    r"नही\S* मिल|कोई (?:\S+ ){0,2}(?:जानकारी|परिणाम|उल्लेख)|(?:उल्लेख|जानकारी) (?:\S+ ){0,2}नही|(?:मैं|हम) \S+ (?:\S+ ){0,4}(?:नही\S* जानत|परिचित नही)|(?:माहिती|तथ्य) (?:\S+ ){0,3}(?:नाही|सापडली)"
    r"|তথ্য (?:\S+ ){0,3}(?:পাওয়া যায়নি|পাইনি|নেই|খুঁজে)|উল্লেখ (?:\S+ ){0,2}নেই|தகவல\S* (?:\S+ ){0,3}(?:இல்லை|கிடைக்கவில்லை)|సమాచారం (?:\S+ ){0,3}(?:లేదు|దొరకలేదు|కనుగొనలేక)"
    # Tagalog, Swahili
    r"|\bwala(?:ng)? (?:\w+ ){0,4}(?:impormasyon|nahanap|nakita|nabanggit)\b|\bhindi (?:ko |\w+ )?(?:nahanap|nabanggit|makita|nakita|kilala)\b|\b(?:sikupata|hakuna) (?:\w+ ){0,2}(?:taarifa|habari|maelezo)\b",
)
_HAN = (
    # Chinese, Japanese, Korean
    r"(?:没有?|沒有?|未能?|无法|無法|找不到|查不到|搜不到)(?:能够?|能夠?|在\S{0,12})?(?:找到|发现|發現|查到|搜到|搜索到|提及|提到|出现|出現|检索到|檢索到|收录|任何|相关|相關|关于|關於|有关|有關)"
    r"|找不到|查不到|(?:没|沒有?|没有|從未|从未|未曾)[听聽][说說]?[过過]|我(?:们|們)?\S{0,4}(?:对|對)\S{1,40}(?:不太?(?:了解|瞭解|熟悉|清楚)|一无所知|一無所知)|(?:没有?|沒有?|暂无|暫無|缺乏|无|無)\S{0,12}(?:信息|資訊|资料|資料|结果|結果|记录|記錄|数据|數據|内容|內容)",
    r"見つかりません|見つけられません|見つかりませんでした|見当たりません|見つからな|見つけることができ|確認できません|(?:情報|記載|言及|結果|データ)(?:は|が|も)?(?:\S{0,6})(?:ありません|なかった|なく|ない|されていません|得られません)"
    r"|(?:検索|結果|記事|ソース|情報源|リスト|ランキング|資料)\S{0,24}(?:含まれ|登場し|出てき|現れ|掲載され|挙がっ|載っ)\S{0,2}(?:ませ|な)"
    r"|(?:情報源|ソース|記事|結果|サイト|資料|文書)(?:で|に)?[はも]\S{0,40}(?:言及|触れ|取り上げ|記載|紹介)\S{0,6}(?:いません|いない|ませんでした)|について(?:は|の\S{1,8}は)?(?:何も|よく|詳しく)?(?:わか|分か)り(?:ません|かね)"
    r"|(?:情報|知識|データ)(?:を|は)(?:持って|有して|持ち合わせて)い?(?:ません|ない)|(?:存じ|知り)(?:上げ)?(?:ませ|てい?ませ)|(?:聞いた|耳にした)ことが?(?:ありません|ない)",
    r"찾을 수 (?:가 )?없|찾지 못|발견되지 않|발견하지 못|확인할 수 없|언급되지 않|(?:정보|결과|언급|자료|내용)(?:가|이|는|은|를|을)? ?(?:전혀 )?(?:없|찾)"
    r"|(?:결과|목록|자료|기사|출처|문서)\S{0,3} (?:\S+ ){0,3}(?:나타나|등장하|포함되(?:어 있)?|나와 있|나오|보이|언급하|다루|소개하)지 않|아는 (?:바|것)[가이]? 없|(?:대해|대하여|관해)\S{0,2} (?:\S+ ){0,2}(?:알지 못|모릅니다|모르겠)|들어 ?본 적[이은]? 없",
)
#: Rows of `_untold`.
_GERMANIC_SOURCES = (
    (
        r"quellen?|\w*ergebniss?(?:en?)?|artikeln?|treffern?|dokumenten?|texten?|unterlagen|kontext|berichten?",
        "in|bei|unter|aus|von",
        r"nicht|kein\w*|nirgend\w*|nichts",
        r"erwahn\w*|genannt|nenn\w*|(?:auf)?gelistet|aufgefuhrt|gefunden|finden|findet|enthalten|enthalt|kommt|kommen|taucht|erscheint|steht|stehen|behandel\w*|aufgetaucht",
    ),
    (
        r"bronnen|bron|(?:zoek)?resultaten|artikelen|documenten|teksten|context",
        "in|uit|tussen|bij",
        "niet|geen|nergens|niets",
        r"vermeld\w*|genoemd|noem\w*|staat|staan|komt|voorkom\w*|gevonden|vinden|bevat\w*|besproken|opgenomen|aangetroffen",
    ),
    (
        r"kall(?:a|an|or|orna)|kild(?:e|en|er|erne|ene)|\w*resultat\w*|artik\w+|dokument\w*|\w*treff\w*",
        "i|bland|blandt|blant",
        "inte|ikke|icke|ingen|inga|inget|intet|saknas|mangler",
        r"namn\w*|naevn\w*|nevn\w*|omtal\w*|finns|finnes|fins|findes|forekom\w*|hitta\w*|finne|finde|listad|sta[ar]|opptr\w*|dyker|dukker|saknas|mangler",
    ),
)
_FRENCH_SOURCES = (
    (
        r"sources?|resultats?|articles?|documents?|textes?|recherches?|contexte",
        "dans|parmi|par",
        "ne|n'|aucune?|pas|nulle part",
        r"mentionn\w*|cit\w+|parl\w+|evoqu\w*|apparai\w*|figur\w*|liste\w*|contien\w*|repertori\w*|trouv\w*|referenc\w*|presente?",
    ),
)
_ROMANCE_SOURCES = (
    (
        r"fuentes?|resultados?|articulos?|documentos?|textos?|busquedas?|contexto",
        "en|entre|por",
        r"no|ningun\w*|tampoco",
        r"mencion\w*|citan?|citad\w+|aparec\w*|figur\w*|nombran?|hablan?|contien\w*|incluyen?|encontr\w*|encuentr\w*|presente",
    ),
    (
        r"fontes?|resultados?|artigos?|documentos?|textos?|pesquisas?|contexto",
        "n[oa]s?|em|entre|pel[oa]s?",
        r"nao|nenhum\w*",
        r"mencion\w*|citam?|citad\w+|aparec\w*|figur\w*|constam?|falam?|contem|incluem?|encontr\w*|listad\w*|presente",
    ),
    (
        r"fonti|fonte|risultati|articoli|documenti|testi|ricerca|ricerche|contesto",
        r"ne[il]|nell\w*|tra|fra|in|da[il]?|dalle",
        r"non|nessun\w*",
        r"menzion\w*|cita\w*|compa\w+|appa\w+|figura\w*|parla\w*|contien\w*|contengono|inclu\w+|present[ei]|trova\w*|elencat\w*|nomina\w*",
    ),
    (
        r"surse\w*|rezultat\w*|articol\w*|document\w*",
        "in|printre|din",
        "nu|nicio|niciun",
        r"mention\w*|apar\w*|figur\w*|vorbes\w*",
    ),
)
_SLAVIC_SOURCES = (
    (
        r"zrod(?:la|lach|lo|el)|wynik(?:i|ach|ow)|artykul\w*|dokument\w*|tekst\w*",
        "w|we|wsrod",
        r"nie|brak|zad\w+",
        r"wspom\w*|wymieni\w*|pojawia\w*|wystepuj\w*|zawier\w*|znale\w*|znaj\w*|figuruj\w*|brak",
    ),
    (
        r"zdroj\w*|vysled\w*|clan\w*|dokument\w*",
        "v|ve|vo|mezi|medzi",
        r"ne\w+|nie|zadn\w+|ziadn\w+|chybi",
        r"\w*zmin\w*|\w*spomin\w*|\w*uvad\w*|\w*uveden\w*|\w*objev\w*|\w*vyskyt\w*|\w*obsah\w*|\w*nach\w*|chybi",
    ),
    (
        r"izvor\w*|rezultat\w*|clan\w*",
        "u|v|medu|med",
        r"ne|ni|nema|nisu|nije|nijedan|noben",
        r"spomin\w*|navod\w*|pojavlj\w*|omenj\w*|nalazi\w*",
    ),
)
_CYRILLIC_SOURCES = (
    (
        r"источник\w*|результат\w*|стать\w*|документ\w*|контекст\w*",
        "в|во|среди|из",
        r"не|нет|ничего|отсутств\w*",
        r"упомин\w*|упомян\w*|встреча\w*|фигурир\w*|появля\w*|содерж\w*|сказан\w*|говор\w*|отсутств\w*|наи\w+|нет|указан\w*",
    ),
    (
        r"джерел\w*|результат\w*|статт\w*|документ\w*",
        "в|у|серед",
        r"не|немає|нема|нічого|відсутн\w*|жодн\w*",
        r"згад\w*|зустріча\w*|з'явля\w*|міст\w+|сказан\w*|відсутн\w*|немає|нема|знаи\w*",
    ),
    (r"източни\w*|резултат\w*|стати\w*", "в|във|сред", "не|няма|никои", r"споменава\w*|появява\w*|среща\w*|фигурир\w*"),
)
_URALIC_SOURCES = (
    (r"πηγ\w+|αποτελεσμα\w*|αρθρ\w*", "", "δεν|καμια|κανενα", r"αναφερ\w*|εμφανιζ\w*|υπαρχ\w*|βρεθηκ\w*"),
    (r"\w*laht(?:ee|ei)\w*|\w*tulok\w+|artikkel\w+", "", "ei|eivat|en", r"maini\w*|esiinn\w*|nay\w*|loydy\w*"),
    (r"forras\w*|talalat\w*|eredmeny\w*|cikk\w*", "", r"nem|sem|nincs\w*", r"emlit\w*|szerepel\w*|jelen\w*|talal\w*"),
)
_ASIAN_SOURCES = (
    (
        r"kaynak\w*|sonuc\w*|makale\w*|belge\w*",
        "",
        r"\w+m[aei]\w*|yok|degil",
        r"(?:gec|bahset|bahsedil|soz et|soz edil|degin|deginil|icer)m(?:iyor|emekte|emis|edi)\w*|(?:yer al|anil|bulun)m(?:iyor|uyor|ama|adi|amis)\w*|(?:bulun|rastlan)ama\w+|rastla(?:n|ya)?ma(?:d|m[ai]|miy)\w*|yok",
    ),
    (
        r"sumber\S*|hasil|artikel\S*|dokumen\S*|konteks",
        "dalam|di|pada|dari",
        "tidak|tak|belum|tiada",
        r"menyebut\w*|disebut\w*|menampil\w*|ditampil\w*|muncul|memuat|dimuat|membahas|dibahas|tercantum|mencantum\w*|terdapat|ditemukan",
    ),
    (
        r"nguon|ket qua|bai viet|tai lieu|ngu canh",
        "trong|o",
        "khong|chua",
        "de cap|nhac|xuat hien|liet ke|noi|tim thay|co",
    ),
)
_SEMITIC_SOURCES = (
    (
        r"(?:ال)?(?:مصادر|نتائج|مقالات|وثائق|مصدر|سياق)",
        "في|ضمن|بين|من",
        r"لا|لم|ليست?|لن",
        r"[تينو]?ذكر\w*|[تي]شير|[تي]شر|[تي]رد|ورد\w*|[تي]ظهر|[تي]تضمن|[تي]تناول|موجود\w*|[تي]حتوي",
    ),
    (
        r"\w?\w?(?:מקורות|מקור|תוצאות|מאמרים|מסמכים)",
        "",
        r"לא|אינ\w*|אין|אף",
        r"מוזכר\w*|מזכיר\w*|הוזכר\w*|מופיע\w*|אזכור\w*|מציינ\w*|נמצא\w*|כולל\w*",
    ),
    (r"स्रोत\S*|परिणाम\S*|लेख\S*", "", r"नही\S*", r"उल्लेख|मिल\S*|ज़िक्र|जिक्र|शामिल|दिख\S*"),
)


class Untold(NamedTuple):
    """How a language says that sources do not tell of something: "the sources do not mention Acme", "Acme is not named in
    the results", whatever the order.
    """

    places: re.Pattern[str]
    sources: re.Pattern[str]
    noes: re.Pattern[str]
    tells: re.Pattern[str]


class Family(NamedTuple):
    """Languages with their phrases, and how a sentence shows that it may hold one: by the first five letters of its
    words, or by its script.
    """

    stems: frozenset[str]
    script: re.Pattern[str] | None
    absent: re.Pattern[str]
    untold: tuple[Untold, ...]


STEM = 5
#: Sources, what stands before them where they are a place ("" where that is an ending), words of "no", words of telling.
_Row = tuple[str, str, str, str]


def _family(stems: str, script: str, phrases: tuple[str, ...], rows: tuple[_Row, ...] = ()) -> Family:
    return Family(
        frozenset(stems.split()),
        re.compile(f"[{script}]") if script else None,
        re.compile("|".join(phrases)),
        tuple(_untold(*row) for row in rows),
    )


def _untold(sources: str, places: str, noes: str, tells: str) -> Untold:
    whole = (rf"(?<!\w)(?:{words})(?!\w)" for words in (sources, noes, tells))
    placed = rf"(?<!\w)(?:{places}) (?:\S+ ){{0,3}}?(?:{sources})(?!\w)" if places else rf"(?<!\w)(?:{sources})(?!\w)"
    return Untold(re.compile(placed), *map(re.compile, whole))


FAMILIES = (
    _family(
        "no not none neith nobod nothi never nowhe canno unabl faile empty blank zero absen missi unava lack lacks lacki"
        " insuf unawa unfam unkno silen t",
        "",
        _ENGLISH,
    ),
    _family(
        "kein keine nicht nie niema nirge nix unbek niet niets niks geen nerge nooit inte icke ikke ingen inga inget"
        " intet aldri nogen sakna mangl",
        "",
        _GERMANIC,
        _GERMANIC_SOURCES,
    ),
    _family("aucun rien pas ne n nulle jamai intro incon", "", _FRENCH, _FRENCH_SOURCES),
    _family(
        "no ningu nada cap res tampo nao nenhu nunca non nessu mai nient nulla nu nicio nici niciu nimic",
        "",
        _ROMANCE,
        _ROMANCE_SOURCES,
    ),
    _family(
        "nie brak zadn zadna zadne zadno zaden zadny ziadn nic ne ni nenas nenal nepod neobj nezmi nespo nevys neni"
        " nebyl nebyv nejso neuva neobs nenac nisam nisem nisu nije nijed noben nista nema nemam nezna nepoz nesly nepoc"
        " neexi chybi nerad neras neatr netik nav nera nemin ei teave",
        "",
        _SLAVIC,
        _SLAVIC_SOURCES,
    ),
    _family("", "\u0400-\u052f", _CYRILLIC, _CYRILLIC_SOURCES),
    _family("en ei emme eivat nem nincs semmi sem se", "\u0370-\u03ff", _URALIC, _URALIC_SOURCES),
    _family(
        "yok bulam bulun rastl yer gecmi bahse soz degin anilm ulasi ulasa edine tanim duyma asina degil bilmi icerm gecme"
        " hicbi tidak belum tiada tak khong chua",
        "\u0e00-\u0e7f",
        _ASIAN,
        _ASIAN_SOURCES,
    ),
    _family("wala walan hindi sikup hakun", "\u0590-\u06ff\u0900-\u0dff", _SEMITIC, _SEMITIC_SOURCES),
    _family("", "\u3000-\u9fff\uac00-\ud7af", _HAN),
)
