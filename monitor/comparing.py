"""The words by which sentences set one thing against another, in the major languages, for `monitor.roles`.

Four kinds, by where the things stand. Does not know brands.
"""

# ruff: noqa: E501 (a language is easier to read on one line)

from __future__ import annotations

import re


def _any(*languages: str) -> re.Pattern[str]:
    return re.compile("|".join(languages), re.I)


#: What stands right before the thing that something is set against: "cheaper than X", "unlike X", "alternatives to X".
BEFORE = _any(
    r"(?<!other )(?<!rather )\bthan\b|\brather than\b|\bvs\b\.?|\bversus\b|\bunlike\b|\b(?:compared|relative|next|superior|inferior|preferable|similar|prefers?(?: \S+){1,3}|(?:loses?|lost|losing)(?: \S+){0,3}|second) (?:to|with)\b|\bin (?:contrast|comparison) (?:to|with)\b|\binstead of\b|\bas opposed to\b|\balternatives? to\b|\b(?:competes?|competing|compares?|compared|competitors?|rivals?) (?:of|to|with)\b|\b(?:ahead|short) of\b|\b(?:lags?|trails?|falls?) behind\b|\b(?:beats?|beaten by|outperform(?:s|ed)?(?: by)?|outclass(?:es|ed)?|outscores?|outranks?|surpass(?:es|ed)?|overtakes?|overtook|trails?|rivals|replaces?|matches)\b|\b(?:no match for|hold a candle to)\b|\b(?:choose|chose|pick|picked|prefer|take|edge|advantage)\b[^.,;]{0,60}?\bover\b|\b(?:switch|move|migrat|defect)\w* (?:away )?from\b|\bnot as \w+ as\b|\bas \w+ as\b",
    # German, Dutch
    r"\b\w+er als\b|\b(?:mehr|anders) als\b|\bgegenüber\b|\bim (?:vergleich|gegensatz|unterschied) (?:zu[mr]?|mit)\b|\bverglichen mit\b|\b(?:statt|anstelle von|anstatt)\b|\balternativen? (?:zu[mr]?|für)\b|\b(?:schlägt|übertrifft|ersetzt)\b",
    r"\b\w+er dan\b|\b(?:meer|anders) dan\b|\bvergeleken met\b|\bin (?:vergelijking met|tegenstelling tot|plaats van)\b|\balternatie(?:f|ven) voor\b|\b(?:verslaat|overtreft)\b",
    # French, Spanish, Portuguese, Italian
    r"\b(?:plus|moins|aussi) [\w-]+ (?:que|qu')|\b(?:meilleure?s?|mieux|pire) (?:que|qu')|\bpar rapport (?:à|aux?)\b|\bcontrairement (?:à|aux?)\b|\bcomparée?s? (?:à|aux?|avec)\b|\bface (?:à|aux?)\b|\bau lieu de\b|\bplutôt que\b|\balternatives? (?:à|aux?)\b|\b(?:surpasse|dépasse|remplace)\b",
    r"\b(?:más|menos|tan) [\w-]+ (?:que|como)\b|\b(?:mejor|peor)(?:es)? que\b|\b(?:en comparación|comparad[oa]s?) con\b|\ba diferencia de\b|\bfrente a\b|\ben (?:lugar|vez) de\b|\balternativas? a\b|\bsupera a\b",
    r"\b(?:mais|menos|tão) [\w-]+ (?:do que|que|quanto|como)\b|\b(?:melhor|pior)(?:es)? (?:do )?que\b|\b(?:em comparação|comparad[oa]s?) (?:com|a|ao|à)\b|\b(?:ao contrário|diferente(?:mente)?) d[eoa]\b|\bem vez d[eoa]\b|\balternativas? (?:ao?|à)\b",
    r"\b(?:più|meno) [\w-]+ (?:di|del|della|dello|che|rispetto a)\b|\b(?:migliore?|peggiore?|meglio|peggio) (?:di|del|della|dello|che)\b|\b(?:rispetto|in confronto) (?:ad?|al|alla)\b|\ba differenza (?:di|del|della)\b|\binvece (?:di|del|della)\b|\balternativ[ae] (?:ad?|al|alla)\b|\bbatte\b",
    # Swedish, Danish, Norwegian
    r"\b\w+(?:are|ere|re) (?:än|end|enn)\b|\b(?:bättre|bedre|mer|mere|mindre) (?:än|end|enn)\b|\b(?:jämfört|sammenlignet) med\b|\b(?:till skillnad från|i modsætning til|i motsetning til|i stället för|istället för|i stedet for)\b|\balternativ(?:er|et)? till?\b",
    # Polish, Czech, Russian, Ukrainian
    r"\bniż\b|\b(?:lepsz|gorsz|tańsz|droższ)\w+ od\b|\bw porównaniu (?:z|do)\b|\bw przeciwieństwie do\b|\bzamiast\b|\balternatyw\w* dla\b|\bnež\b|\bve srovnání s\b|\bna rozdíl od\b|\bmísto\b",
    r"\bчем\b|\bпо сравнению с(?:о)?\b|\bв отличие от\b|\bвместо\b|\bальтернатив\w* (?:для)?|\b(?:лучше|хуже|дешевле|дороже|быстрее)\b|\bніж\b|\b(?:порівняно|у порівнянні) з\b|\bна відміну від\b|\bзамість\b",
    # Indonesian, Vietnamese, Arabic
    r"\bdaripada\b|\bdibanding(?:kan)?(?: dengan)?\b|\bberbeda (?:dengan|dari)\b|\balternatif (?:untuk|dari)\b|\bhơn\b|\bso với\b|\bkhác với\b|\bthay vì\b|\bthay thế cho\b",
    r"\b(?:أفضل|أرخص|أسرع|أسوأ|أغلى|أسهل|أقل|أكثر) من|مقارنة (?:ب|مع)|(?:بخلاف|على عكس|بدلا من|بدلاً من)|(?:بديل|بدائل) (?:ل|عن)?",
    # Chinese
    r"相比|相较|相較|不同于|不同於|(?:优|優|劣)(?:于|於)|(?:胜|勝)(?:过|過)|不如|比(?!较|較|如|赛|賽|例|方)|替代",
)

#: What stands right after the thing that something is set against: "X alternatives", "XよりY".
AFTER = _any(
    r"(?:'s|’s)?[ -]+(?:alternatives?|competitors?|rivals?)\b|[ -]+alternativen?\b",
    r"['’]?[dt][ae]n (?:daha|farklı)|['’]?[yn]?[ae] (?:göre|kıyasla|karşı)|['’]?[nyi]*n? (?:yerine|aksine)",
    r"相比|相较|相較|不同|より|(?:に|と)(?:比べ|比較)|(?:と|とは)(?:違|異な)|の代わり|の代替|に代わる|보다|(?:에|와|과)? ?비해|(?:와|과)(?:는)? 달리|(?:의)? ?(?:대신|대안)",
    r" (?:की|के) (?:तुलना में|बजाय|मुकाबले|विकल्प)| से (?:बेहतर|सस्त\S*|महंग\S*|तेज़?|ज़्यादा|अधिक|कम|अलग)",
)

#: What stands between two things that are set against each other, each in its own clause. Words that are common ones
#: in another language need a comma before them.
BETWEEN = _any(
    r"\b(?:whereas|while|but(?! also| it\b)|by contrast|on the other hand)\b|\b(?:während|wohingegen|hingegen|dagegen|terwijl|daarentegen)\b",
    r"\b(?:tandis que|alors que|en revanche|mais(?! aussi)|mientras(?: que)?|en cambio|pero|enquanto|porém|mentre|invece)\b",
    r"\b(?:medan|däremot|derimod|derimot|podczas gdy|natomiast|zatímco|тогда как|натомість|oysa|sedangkan|tetapi|trong khi|nhưng)\b",
    r"(?<=[,;] )(?:aber|maar|mas|ma|men|mens|ale|а|но|ama|já|ise)\b",
    r"بينما|لكن|जबकि|लेकिन|而|但|一方|のに対し|반면|지만",
)

#: Of these, what may also come before both.
FRONTED = _any(
    r"(?:while|whereas|während|terwijl|tandis que|alors que|mientras(?: que)?|enquanto|mentre|medan|mens|podczas gdy"
    r"|тогда как|sedangkan|trong khi)$"
)

#: What comes before two or more things of which one is to be chosen or which are looked at side by side.
AMONG = _any(
    r"\b(?:between|compar(?:e|es|ed|ing|isons?)(?: of| between)?|differences? between|zwischen|vergleich(?:en|t)?(?: von| zwischen)?|tussen|entre|tra|fra|mellan|mellem|mellom|między|между|між)\b"
)
