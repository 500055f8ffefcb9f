"""The text of news pages: the article as a reader reads it, without what newspapers put around and into it."""

from __future__ import annotations

import pytest

from rag.declared import is_article
from rag.extract import extract

FRAME = """<!DOCTYPE html><html lang="{language}"><head><title>{title} | The Harbour Post</title>
<meta property="og:type" content="article"></head><body class="single-post page">
<header class="site-header"><nav><ul>{sections}</ul></nav></header>
<div class="page-wrapper"><div class="columns">{column}
<aside class="sidebar"><h3>Most read</h3><ul>{most_read}</ul></aside></div></div>
<footer class="site-footer"><ul>{sections}</ul><p>© 2026 The Harbour Post. All rights reserved.</p></footer>
</body></html>"""
SECTIONS = "".join(
    f'<li><a href="/{name}">{name}</a></li>'
    for name in (
        *("News", "Politics", "World", "Business", "Sport", "Football", "Rowing", "Weather", "Arts", "Books", "Film"),
        *("Music", "Food", "Travel", "Health", "Science", "Motoring", "Property", "Jobs", "Puzzles", "Letters"),
    )
)
MOST_READ = "".join(f'<li><a href="/{at}">Ferry number {at} runs aground</a></li>' for at in range(3, 11))
BOX = """<div class="newsletter-box"><p>Get the morning briefing in your inbox.</p><form><input type="email">
<button>Sign up</button></form></div>"""
PARAGRAPHS = [
    "The harbour bridge will close for nine weeks from Monday, the city said, because two of its cables have rusted.",
    "Some 14,000 cars cross it on a working day; they are to take the tunnel, which was built for half as many.",
    "“We looked at every other way,” said the engineer in charge, Ada Stone, “and found none that was safe.”",
    "Shopkeepers on the north bank fear for their trade, and ask for a ferry that costs nothing while the work lasts.",
    *(
        f"In {street} Street, where {shops} shops stand within sight of the bridge, traders met the mayor and asked "
        f"for {wish}, which she promised to look into before the work begins, though she named no sum."
        for street, shops, wish in (
            ("Anchor", 31, "longer hours in spring"),
            ("Chandler", 17, "a bus that runs every ten minutes"),
            ("Rope", 24, "signs that lead visitors to their doors"),
            ("Tar", 9, "help with the rent"),
            ("Sail", 12, "a market on the quay"),
        )
    ),
    "The council will vote on the ferry on Thursday. It would cost some 40,000 a week, half of it paid by the state.",
]


def page(column: str, *, title: str = "Bridge to close for nine weeks", language: str = "en") -> list[str]:
    """The lines of the extracted text."""
    filled = FRAME.format(language=language, title=title, column=column, sections=SECTIONS, most_read=MOST_READ)
    return extract(filled.encode()).text.split("\n")


def test_leaves_out_what_interrupts_and_follows_an_article() -> None:
    first, second, *rest = (f"<p>{text}</p>" for text in PARAGRAPHS)
    more = "".join(
        f'<div class="card"><a href="/m{at}"><h3>Tunnel traffic doubles in week {at}</h3></a><p>Drivers waited in line '
        f"for {at} hours, and some turned back.</p></div>"
        for at in range(2, 8)
    )
    lines = page(
        f"""<main><article class="story"><h1>Bridge to close for nine weeks</h1>
        <div class="byline">By <a href="/bo">Bo Reed</a></div><time>3 March 2026, 14:05</time>
        <ul class="share-tools"><li><a href="#f">Facebook</a></li><li><a href="#w">WhatsApp</a></li></ul>
        <section class="story-body"><div class="text-block">{first}{second}</div>
        <figure><img src="b.jpg"><figcaption>The bridge at dusk. Photo: Cy Wood</figcaption></figure>
        {BOX}<div class="text-block">{"".join(rest)}</div></section>
        <div class="author-bio"><p>Bo Reed is a reporter who covers transport.</p></div></article>
        <section class="related-stories"><h2>More on this story</h2>{more}</section>
        <section class="comments"><h2>12 comments</h2><div class="comment"><span>sailor9</span><p>I said this would
        happen, years ago.</p></div></section></main>"""
    )
    assert [line for line in lines if line in PARAGRAPHS] == PARAGRAPHS
    # a caption or a teaser may be kept beside them, but not much
    assert sum(map(len, PARAGRAPHS)) > 0.85 * sum(map(len, lines))
    for noise in ("News", "inbox", "14:05", "runs aground", "week 5", "years ago", "rights reserved"):
        assert not any(noise in line for line in lines)


def test_keeps_the_free_part_of_a_paid_article() -> None:
    lines = page(
        f"""<div class="content"><h1>Bridge to close for nine weeks</h1><p>{PARAGRAPHS[0]}</p><p>{PARAGRAPHS[1]}</p>
        {"".join(f"<p>{text}</p>" for text in PARAGRAPHS[2:6])}
        <div class="paywall-overlay" role="dialog"><h2>Read on with a subscription</h2>
        <p>Subscribe now for one a week.</p>
        <button>Subscribe</button><a href="/l">Log in</a></div>
        </div>"""
    )
    assert [line for line in lines if line in PARAGRAPHS] == PARAGRAPHS[:6]
    assert not any("Subscribe" in line or "Log in" in line for line in lines)


def test_keeps_every_entry_of_a_live_blog() -> None:
    entries = "".join(
        f'<div class="live-entry"><time>{at + 9}:15</time><h3>Update {at}</h3><p>{text}</p></div>'
        for at, text in enumerate(PARAGRAPHS)
    )
    lines = page(f'<main><h1>Bridge closes: live</h1><div class="live-feed">{entries}</div></main>')
    assert [line for line in lines if line in PARAGRAPHS] == PARAGRAPHS


@pytest.mark.parametrize(
    ("language", "title", "paragraphs", "noise"),
    [
        (
            "fr",
            "Le pont ferme neuf semaines",
            [
                "Le pont du port fermera neuf semaines dès lundi, a annoncé la ville, car deux câbles ont rouillé.",
                "Quelque 14 000 voitures le franchissent chaque jour ; elles passeront par le tunnel, trop étroit.",
                "« Nous avons tout étudié », assure l'ingénieure Ada Stone, « et rien d'autre n'était assez sûr. »",
            ],
            "Lire aussi : le tunnel saturé",
        ),
        (
            "ja",
            "港の橋が九週間閉鎖",
            [
                "港の橋は月曜日から九週間にわたって閉鎖されると市が発表した。二本のケーブルが錆びているためだ。",
                "平日には一万四千台の車がこの橋を渡っており、工事の間は狭いトンネルへ回ることになる。",
                "「ほかの方法もすべて検討したが、安全なものは一つもなかった」と担当の技師は話している。",
            ],
            "関連記事：トンネルの渋滞が倍に",
        ),
    ],
)
def test_reads_news_in_other_languages(language: str, title: str, paragraphs: list[str], noise: str) -> None:
    body = "".join(f"<p>{text}</p>" for text in paragraphs)
    lines = page(
        f"""<main><article><h1>{title}</h1><div class="article-body">{body}</div>
        <div class="related"><a href="/t">{noise}</a></div></article></main>""",
        title=title,
        language=language,
    )
    assert [line for line in lines if line in paragraphs] == paragraphs
    assert noise not in lines and not any("runs aground" in line for line in lines)


@pytest.mark.parametrize(
    ("nodes", "metas", "article"),
    [
        ([], {}, False),
        ([], {"og:type": "Article"}, True),
        ([{"@type": ["ReportageNewsArticle"]}], {}, True),
        ([{"@type": "WebPage"}, {"@type": "BlogPosting"}], {"og:type": "website"}, True),
        ([{"@type": "Product"}], {"og:type": "article"}, False),
        ([{"@type": 3}, {"@type": None}], {}, False),
    ],
)
def test_a_page_is_an_article_if_it_says_so_and_nothing_else(
    nodes: list[dict[str, object]], metas: dict[str, str], article: bool
) -> None:
    assert is_article(nodes, metas) == article
