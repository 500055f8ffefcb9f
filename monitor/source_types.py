"""What kind of source a domain is: a newsroom, a forum, a shop, an authority.

A short table of domains that assistants often cite, endings that registries hand out to institutions alone, and words
in a domain's name that say what it is. A workspace may know better. Knows nothing of brands' pages or of counts.
"""

from __future__ import annotations

import re

EDITORIAL, COMMUNITY, REFERENCE, INSTITUTIONAL, COMMERCE, OTHER = (
    "editorial",
    "community",
    "reference",
    "institutional",
    "commerce",
    "other",
)
#: Kinds that a domain has by itself, with what they mean.
KINDS = {
    EDITORIAL: "Newsrooms, magazines, trade press and review sites with an editor",
    COMMUNITY: "Forums, questions and answers, video, social networks, customers' reviews",
    REFERENCE: "Encyclopedias, dictionaries, documentation, statistics",
    INSTITUTIONAL: "Governments, authorities, universities, standards, charities",
    COMMERCE: "Shops, marketplaces, price comparison",
    OTHER: "Anything else",
}
OWN, COMPETITOR = "own", "competitor"
LABELS = {kind: kind.capitalize() for kind in (OWN, COMPETITOR, *KINDS)}

_KNOWN = {
    EDITORIAL: """
    apnews.com arstechnica.com axios.com bbc.co.uk bbc.com bloomberg.com bonappetit.com businessinsider.com
    businessnewsdaily.com caranddriver.com cnbc.com cnet.com cnn.com consumerreports.org digitaltrends.com
    economist.com edmunds.com elpais.com engadget.com entrepreneur.com euronews.com fastcompany.com
    foodandwine.com forbes.com fortune.com ft.com gizmodo.com goodhousekeeping.com healthline.com inc.com
    investopedia.com kiplinger.com laptopmag.com lemonde.fr lifehacker.com macworld.com makeuseof.com
    marketwatch.com mashable.com medicalnewstoday.com moneysavingexpert.com nationalgeographic.com
    nerdwallet.com newyorker.com npr.org nytimes.com pcmag.com pcworld.com politico.com popsci.com reuters.com
    rtings.com runnersworld.com searchenginejournal.com searchengineland.com seriouseats.com spiegel.de stuff.tv
    techcrunch.com technologyreview.com techradar.com telegraph.co.uk theatlantic.com theguardian.com
    thepointsguy.com theverge.com thewirecutter.com time.com tomsguide.com tomshardware.com usatoday.com
    usnews.com verywellhealth.com vogue.com vox.com washingtonpost.com webmd.com whathifi.com which.co.uk
    wired.com wsj.com zdnet.com zeit.de
    """,
    COMMUNITY: """
    askubuntu.com bsky.app capterra.com dev.to discord.com facebook.com fandom.com g2.com getapp.com github.com
    glassdoor.com goodreads.com hackernews.com instagram.com kaggle.com linkedin.com mathoverflow.net medium.com
    mumsnet.com pinterest.com producthunt.com quora.com reddit.com serverfault.com softwareadvice.com
    stackexchange.com stackoverflow.com substack.com superuser.com threads.net tiktok.com tripadvisor.com
    trustpilot.com trustradius.com tumblr.com twitter.com vimeo.com x.com ycombinator.com yelp.com youtu.be
    youtube.com zhihu.com
    """,
    REFERENCE: """
    archive.org arxiv.org biorxiv.org britannica.com cambridge.org census.gov dictionary.com doi.org imdb.com
    jstor.org mdn.dev medrxiv.org merriam-webster.com mozilla.org nature.com nih.gov ourworldindata.org
    oxford.com pewresearch.org plos.org python.org readthedocs.io sciencedirect.com semanticscholar.org
    springer.com ssrn.com statista.com w3.org w3schools.com wikidata.org wikihow.com wikimedia.org wikipedia.org
    wiktionary.org wiley.com
    """,
    INSTITUTIONAL: """
    aaa.com aarp.org acm.org bbb.org cancer.org clevelandclinic.org europa.eu hopkinsmedicine.org ieee.org
    ietf.org iso.org mayoclinic.org nhs.uk oecd.org redcross.org un.org unesco.org unicef.org weforum.org
    who.int worldbank.org
    """,
    COMMERCE: """
    alibaba.com aliexpress.com amazon.ca amazon.co.uk amazon.com amazon.de amazon.es amazon.fr amazon.in
    amazon.it apple.com argos.co.uk backmarket.com bestbuy.com booking.com chewy.com costco.com currys.co.uk
    ebay.co.uk ebay.com ebay.de etsy.com expedia.com flipkart.com geizhals.de google.com homedepot.com idealo.de
    ikea.com johnlewis.com kayak.com lowes.com macys.com mediamarkt.de mercadolibre.com newegg.com otto.de
    overstock.com pricerunner.com rei.com sephora.com shopify.com skyscanner.com target.com walmart.com
    wayfair.com zalando.com zappos.com
    """,
}
_OF_DOMAIN = {domain: kind for kind, listed in _KNOWN.items() for domain in listed.split()}
#: Endings that are handed out to authorities, schools and the like alone.
_INSTITUTIONS = re.compile(
    r"\.(?:gov|edu|mil|int|museum|govt|gouv|gob|gub|gv|ac|nhs|police|sch|admin|bund)(?:\.[a-z]{2})?$"
)
#: Words in a domain's name, whole or at its end, in the order in which they decide.
_WORDS = (
    (COMMUNITY, r"forum|forums|community|answers"),
    (REFERENCE, r"wiki|wikis|encyclopedia|dictionary|glossary|docs|documentation"),
    (COMMERCE, r"shop|shops|store|stores|outlet|deals|marketplace|buy"),
    (EDITORIAL, r"news|magazine|mag|journal|times|post|gazette|herald|tribune|weekly|daily|review|reviews|insider"),
    (INSTITUTIONAL, r"university|institute|foundation|ministry|council|association|federation|society|chamber"),
)
#: Words that end like one of them and are another.
_NOT = r"(?<!work)(?<!bi)(?<!pa)(?<!re)(?<!im)(?<!com)"
_BY_WORD = [
    (kind, re.compile(rf"(?:^|-)(?:{words})(?:-|$)|{_NOT}(?:{'|'.join(w for w in words.split('|') if len(w) > 3)})$"))
    for kind, words in _WORDS
]


def kind_of(domain: str) -> str:
    """The kind of a registrable domain, as far as its name says."""
    domain = domain.lower()
    if kind := _OF_DOMAIN.get(domain):
        return kind
    if _INSTITUTIONS.search(domain):
        return INSTITUTIONAL
    name = domain.partition(".")[0]
    return next((kind for kind, words in _BY_WORD if words.search(name)), OTHER)
