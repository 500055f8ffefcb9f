"""Brands in answers: what counts as naming one, and what does not."""

from __future__ import annotations

import io
import json
import unicodedata
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from monitor.extract import Brand, Matcher, always_near, name_keys

NAMES = {
    "BrightDesk": ("Desk Bright CRM",),
    "Harbor": ("Harbor Books",),
    "L'Orée": (),
    "Pine & Oak": (),
    "Zippo!": (),
    "Quandel GmbH": (),
    "Kettle.org": (),
    "Consumer Voice": ("CV",),
    "Tobin's": (),
    "Coca-Mate": (),
    "青山": ("Aoyama",),
    "ソラネ": (),
    "한빛전자": (),
}
BRANDS = [Brand(at, name, aliases) for at, (name, aliases) in enumerate(NAMES.items())]
BRANDS[0] = Brand(0, "BrightDesk", ("Desk Bright CRM",), ("brightdesk.com",), "own")
MATCHER = Matcher(BRANDS)


def named(text: str) -> list[str]:
    found = MATCHER.mentions(text)
    assert all(item.text == text[item.start : item.end] for item in found)
    return [item.text for item in found]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("BrightDesk, brightdesk, Bright Desk, bright-desk, BRIGHTDESK’s and BrightDesks",
         ["BrightDesk", "brightdesk", "Bright Desk", "bright-desk", "BRIGHTDESK", "BrightDesks"]),
        ("L’Orée, l'Ore\u0301e, LOREE; chez L'Orée's", ["L’Orée", "l'Ore\u0301e", "LOREE", "L'Orée"]),
        ("Pine and Oak, pine & oak, Pine &amp; Oak", ["Pine and Oak", "Pine &amp; Oak"]),
        ("Zippo! makes lighters; zippo does", ["Zippo!", "zippo"]),
        ("Quandel, QUANDEL GmbH, d'Quandel", ["Quandel", "QUANDEL GmbH", "Quandel"]),
        ("Tobin’s and Tobins", ["Tobin’s", "Tobins"]),
        ("coca mate, Coca‑Mate, CocaMate", ["coca mate", "Coca‑Mate", "CocaMate"]),
        ("ＢｒｉｇｈｔＤｅｓｋ and Bright\u00adDesk", ["ＢｒｉｇｈｔＤｅｓｋ", "Bright\u00adDesk"]),
        ("A ship in the harbor. Harbor is one, so is **Harbor Books**. Harbor our ships.", ["Harbor", "Harbor Books"]),
        ("The CV is in my cv", ["CV"]),
        ("我推荐青山手机和Aoyama手机", ["青山", "Aoyama"]),
        ("ソラネの製品とソラネット、한빛전자는 한빛 전자", ["ソラネ", "한빛전자", "한빛 전자"]),
        ("brightdesk_api x_BrightDesk_y _BrightDesk_ nonBrightDesk", ["BrightDesk"]),
    ],
)  # fmt: skip
def test_knows_a_name_in_all_its_spellings(text: str, wanted: list[str]) -> None:
    assert named(text) == wanted


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("Plumwick", "Plumwick\u00b9 Plumwick\u2122 Plumwick\u200b 🚀Plumwick Plumwick【4†source】", ["Plumwick"] * 5),
        ("Plumwick", "Plum Wick, Plum-Wick and plum wick", ["Plum Wick", "Plum-Wick"]),
        ("Oak CRM", "Oak  CRM, Oak\n  CRM, Oak **CRM** and Oak\n- CRM", ["Oak  CRM", "Oak\n  CRM", "Oak **CRM"]),
        ("Coca-Mate", "Coca\\-Mate", ["Coca\\-Mate"]),
        ('Toys"B"Us', 'Toys "B" Us, Toys “B” Us, ToysBUs', ['Toys "B" Us', "Toys “B” Us", "ToysBUs"]),
        ("9M", "9M tape, a 9m wall and $9M", ["9M"]),
        ("Canva", "Canva is not Canvas, Canva's is", ["Canva", "Canva"]),
        ("Apple", "Apples and oranges", []),
        ("iPad", "Two iPads", ["iPads"]),
        ("Plumwick", "Plumwick'ten, Plumwick’a", ["Plumwick", "Plumwick"]),
        ("Dell", "Nel corso dell'anno; Dell'anno; Dell's", ["Dell"]),
        ("Nokia", "Nokialla on hyvä maine, Nokian myös", ["Nokialla", "Nokian"]),
        ("Nokia", "Nokian Tyres", []),
        ("Nokia", "Nokian Reifen sind für Größere schön", []),
        ("Samsung", "A Samsungnál dolgozik, a Samsungot gyűjti", ["Samsungnál", "Samsungot"]),
        ("Яндекс", "Яндекса, в Яндексе, Яндексом", ["Яндекса", "Яндексе", "Яндексом"]),
        ("Лента", "Лента, в Ленте, Лентой", ["Лента", "Ленте", "Лентой"]),
        ("אמזון", "קניתי באמזון ולאמזון", ["אמזון", "אמזון"]),
        ("أمازون", "بأمازون وأمازون", ["أمازون", "أمازون"]),
        ("Monday", "On Monday, Monday to Friday, Sunday and Monday, Monday morning. Monday beats Asana", ["Monday"]),
        ("May", "3 May, May 3, last May. We use May", ["May"]),
        ("Indeed", "Indeed, it is good. Indeed is a job board, Indeed, that is", ["Indeed", "Indeed"]),
        ("Ramp", "Ramp up slowly. Ramp upgrades cards", ["Ramp"]),
        ("Gusto", "She sang with gusto. Gusto runs payroll", ["Gusto"]),
        ("Monday", "The sale ends Monday at 5. Cyber Monday. See you Monday! We like Monday", ["Monday"]),
        ("May", "In May sales rose. May sells pens", ["May"]),
        ("Square", "Times Square is loud, Square feet are many. Square takes cards", ["Square"]),
        ("Amazon", "The Amazon river and amazon rainforest; amazon ships", ["amazon"]),
        ("Orange", "Orange a lancé une offre pour les jeunes", ["Orange"]),
        ("The North Oak", "The North Oak and North Oak; the north oak of the hill", ["The North Oak", "North Oak"]),
        ("A.B. Moll - Zelk", "A.B. Moll – Zelk", ["A.B. Moll – Zelk"]),
        ("Discover", "DISCOVER MORE HERE. DISCOVER HAS CARDS", ["DISCOVER"]),
        ("X", "The X axis, X-ray, Generation X and Model X. We post on X", ["X"]),
        ("Uber", "Über 50 % reden über Uber", ["Uber"]),
        (".NET", "Use .NET, not a net; example.NET", [".NET"]),
        ("C#", "C# is no vitamin C", ["C#"]),
        ("E*TREE", "E*TREE, E-Tree", ["E*TREE", "E-Tree"]),
        ("E.OM", "E.OMs Tarife", ["E.OMs"]),
        ("Dr Plum", "Dr. Plum and Dr Plum", ["Dr. Plum", "Dr Plum"]),
        ("Quan & Del Co., Ltd.", "Quan & Del Co., Ltd. and Quan and Del", ["Quan & Del Co., Ltd.", "Quan and Del"]),
        ("Zelba Sp. z o.o.", "Zelba sprzedaje", ["Zelba"]),
        ("ООО «Ромзель»", "Продукты «Ромзель»", ["Ромзель"]),
        ("株式会社ソラネ", "ソラネは良い", ["ソラネ"]),
        ("ソラネ社ポ", "ｿﾗﾈ社ﾎﾟ、ソラネ社ホ\u309a", ["ｿﾗﾈ社ﾎﾟ", "ソラネ社ホ\u309a"]),
        ("한빛", "\u1112\u1161\u11ab\u1107\u1175\u11be은", ["\u1112\u1161\u11ab\u1107\u1175\u11be"]),
        ("أرامكس", "شركة ارامكس و أَرامكس", ["ارامكس", "أَرامكس"]),
        ("L'Orée", "L&rsquo;Or&eacute;e, Pine&nbsp;L&#39;Or&eacute;", ["L&rsquo;Or&eacute;e"]),
        ("Oak Bank", "Oak&nbsp;Bank is &lt;Oak&gt; Bank", ["Oak&nbsp;Bank"]),
    ],
)  # fmt: skip
def test_knows_a_name_as_it_is_set_and_inflected(name: str, text: str, wanted: list[str]) -> None:
    assert [found.text for found in Matcher([Brand(1, name)]).mentions(text)] == wanted


def test_urls_targets_and_code_name_nobody_but_a_bare_host_does() -> None:
    assert named("[BrightDesk](https://brightdesk.com/BrightDesk) ![BrightDesk](b.png) `BrightDesk`") == ["BrightDesk"]
    assert named("```\nBrightDesk\n```\n\n[1]: https://brightdesk.com 'BrightDesk'") == []
    assert named("https://brightdesk.com brightdesk.com/prices me@brightdesk.com quandel.net") == []
    assert named("See brightdesk.com, www.brightdesk.com or Kettle.org.") == [
        "brightdesk.com",
        "www.brightdesk.com",
        "Kettle.org",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "I could not find any information about BrightDesk.",
        "I couldn’t find anything on BrightDesk in the search results.",
        "There is no information available about BrightDesk.",
        "The search results do not mention BrightDesk.",
        "BrightDesk was not mentioned in any of the sources.",
        "I'm not familiar with BrightDesk.",
        "Ich konnte keine Informationen über BrightDesk finden.",
        "Je n'ai trouvé aucune information sur BrightDesk.",
        "No encontré información sobre BrightDesk.",
        "Não encontrei informações sobre BrightDesk.",
        "Non ho trovato informazioni su BrightDesk.",
        "Ik heb niets over BrightDesk kunnen vinden.",
        "Nie znalazłem informacji o BrightDesk.",
        "Я не нашёл информации о BrightDesk.",
        "BrightDesk hakkında bilgi bulunamadı.",
        "没有找到关于BrightDesk的信息。",
        "BrightDeskに関する情報は見つかりませんでした。",
        "BrightDesk에 대한 정보를 찾을 수 없습니다.",
        "لم أجد معلومات عن BrightDesk.",
    ],
)
def test_what_is_only_said_to_be_missing_is_not_named(text: str) -> None:
    assert named(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "BrightDesk is not only cheap but good.",
        "No tool beats BrightDesk.",
        "BrightDesk is not recommended.",
        "I could not find a better tool than BrightDesk.",
        "BrightDesk does not list its prices.",
        "I found nothing about Quandex, but BrightDesk is known.",
        "I couldn't find prices for BrightDesk, but it is well reviewed.",
        "BrightDesk ist nicht nur billig.",
    ],
)
def test_what_is_said_with_a_no_is_named(text: str) -> None:
    assert named(text) == ["BrightDesk"]


def test_ranks_by_who_is_named_first() -> None:
    found = MATCHER.mentions("Harbor, then BrightDesk, Harbor again, Zippo.")
    assert [(BRANDS[item.brand_id].name, item.rank) for item in found] == [
        ("Harbor", 1),
        ("BrightDesk", 2),
        ("Harbor", 1),
        ("Zippo!", 3),
    ]


def test_what_two_brands_are_called_counts_for_the_first() -> None:
    brands = [
        Brand(7, "Coca-Cola", ("可乐",)),
        Brand(3, "Coca Cola", ("可 乐",), ("coca.example", "kettle.org")),
        Brand(5, "Kettle.org", (), ("coca.example",)),
    ]
    found = Matcher(brands).mentions("CocaCola and 可乐 at kettle.org and coca.example")
    assert [(item.text, item.brand_id, item.rank) for item in found] == [
        ("CocaCola", 7, 1),
        ("可乐", 7, 1),
        ("kettle.org", 3, 2),
        ("coca.example", 3, 2),
    ]


def test_names_share_a_key_where_they_are_found_alike() -> None:
    for one, other in (
        ("Coca-Cola", "coca cola"),
        ("L’Orée", "LOREE"),
        ("Pine & Oak", "Pine and Oak"),
        ("Quandel GmbH", "Quandel"),
        ("青 山", "青山"),
    ):
        assert name_keys(one) & name_keys(other)
    assert not name_keys("Harbor") & name_keys("Harbor Books")
    assert not name_keys("C++") & name_keys("C")
    assert not name_keys("...")


def counted(text: str, name: str = "Apple", aliases: tuple[str, ...] = (), **rules: Any) -> list[str]:
    """What counts for one brand under its rules."""
    return [item.text for item in Matcher([Brand(1, name, aliases, ("apple.com",), **rules)]).mentions(text)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Apple makes phones.", ["Apple"]),
        ("Bake an Apple pie. Apple makes phones.", ["Apple"]),
        ("APPLE PIES are sweet; so is Apple-pie; Apple\u2019s **Apple** _pie_.", []),
        ("Apple Pies, says Apple, are apple\u00a0pie.", []),
        ("Apple cr\u00e8me br\u00fble\u0301e", []),
        ("Apple and l\u2019Orange", []),
        ("Apple, [see](https://a.example/apple-pie) and `apple pie`.", ["Apple"]),
        ("Apple pie. But apple.com is good.", ["apple.com"]),
        ("Apple \u82f9\u679c\u6d3e", []),
        ("Apple pieces and pineapple pier", ["Apple"]),
        ("Apple at Salt and Straw", []),
    ],
)
def test_a_name_does_not_count_beside_words_that_are_excluded(text: str, wanted: list[str]) -> None:
    excludes = ("apple pie", "Creme Br\u00fblee", "orange", "\u82f9\u679c\u6d3e", "Salt & Straw", "...")
    assert counted(text, excludes=excludes) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Apple is red.", []),
        ("Apple makes PHONES.", ["Apple"]),
        ("It is a phone. Apple makes it. It is good.", ["Apple"]),
        ("## Apple\n\n1. A maker of phones", ["Apple"]),
        ("A phone. Then more. Apple is red. Then more. A phone.", []),
        ("Apple is red, see https://a.example/phone.", []),
        ("Apple Phone Company", ["Apple Phone Company"]),
        ("Apple is red. So is apple.com.", ["apple.com"]),
    ],
)
def test_a_name_counts_only_near_a_word_that_it_needs(text: str, wanted: list[str]) -> None:
    assert counted(text, aliases=("Apple Phone Company",), needs=("phone", "tablet")) == wanted


def test_needs_and_excludes_hold_together_and_each_brand_has_its_own() -> None:
    assert counted("The Apple phone is no Apple tart.", needs=("phone",), excludes=("tart",)) == []
    brands = [Brand(1, "Apple", excludes=("tart",)), Brand(2, "Applesoft", needs=("basic",)), Brand(3, "Apple")]
    found = Matcher(brands).mentions("Apple tart. Applesoft. Apple. Applesoft Basic.")
    assert [(item.brand_id, item.text) for item in found] == [(3, "Apple"), (1, "Apple"), (2, "Applesoft")]


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("SAP", "SAP, Sap, sap, SAP\u2019s and SAPs", ["SAP", "SAP", "SAPs"]),
        ("notion", "notion, Notion, NOTION", ["notion"]),
        ("eBay", "eBay, Ebay, ebay, e-Bay", ["eBay", "e-Bay"]),
        ("Pine & Oak", "Pine and Oak, Pine & Oak, pine & oak", ["Pine and Oak", "Pine & Oak"]),
        ("L\u2019Or\u00e9e", "L'Oree, l'Oree, L\u2019OR\u00c9E", ["L'Oree"]),
        ("Acme for Good", "Acme for Good, Acme For Good", ["Acme for Good"]),
        ("\u53ef\u4e50Go", "\u53ef\u4e50Go\u3001\u53ef\u4e50go", ["\u53ef\u4e50Go"]),
    ],
)
def test_a_name_in_exact_case_is_found_only_as_it_is_written(name: str, text: str, wanted: list[str]) -> None:
    assert counted(text, name, exact_case=True) == wanted


def test_a_word_of_a_rule_may_stand_in_the_name_itself() -> None:
    assert always_near("apple", "Apple Inc.")
    assert always_near("Br\u00fblee", "creme brulees")
    assert not always_near("inc", "Apple Inc.")
    assert not always_near("apple pie", "Apple")


WILD = st.lists(
    st.sampled_from(
        [*NAMES, "and", "\u00e9", "\ufb01", "\u0130", ".", "\u2019s", "`", "[", "](https://a.com)", "\n", " ", "\u0301",
         "\U0001f600", "&", "-", "**", "\u00b9", "а", "’da", "ő", "ä", "ב", "Kettle", "Coca",
         "\x00", "\ud800", "kettle.org", "pie", "\u3002"]
    )
).map("".join)  # fmt: skip


@given(
    WILD,
    st.lists(WILD | st.text(max_size=5), max_size=3),
    st.lists(WILD | st.text(max_size=5), max_size=3),
    st.booleans(),
)
def test_any_rule_only_takes_mentions_away_and_spans_stay_exact(
    text: str, needs: list[str], excludes: list[str], exact_case: bool
) -> None:
    brands = [Brand(b.id, b.name, b.aliases, b.domains, b.kind, needs, excludes, exact_case) for b in BRANDS]
    matcher = Matcher(brands)
    found = matcher.mentions(text)
    assert all(item.text == text[item.start : item.end] for item in found)
    for brand in brands:
        its = [(item.start, item.end) for item in found if item.brand_id == brand.id]
        assert matcher.places(text, brand.id) == its
    if not exact_case:  # a longer name that is not written so may leave room for a shorter one
        plain = {(item.brand_id, item.start, item.end) for item in MATCHER.mentions(text)}
        assert {(item.brand_id, item.start, item.end) for item in found} <= plain


@given(
    st.lists(
        st.sampled_from(
            [*NAMES, "and", "é", "ﬁ", "İ", ".", "’s", "`", "[", "](https://a.com)", "\n", " ", "\u0301", "😀"]
        )
    ).map("".join)
)
def test_spans_are_exact_in_any_text(text: str) -> None:
    named(text)
    named(unicodedata.normalize("NFD", text))


def test_the_command_reads_lines_and_needs_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    brands = tmp_path / "brands.json"
    brands.write_text(json.dumps([{"name": "BrightDesk", "domains": ["brightdesk.com"], "kind": "own"}]), "utf-8")
    lines = [{"id": 7, "text": "Ask BrightDesk 😀 BrightDesk"}, {"id": "b", "text": ""}]
    monkeypatch.setattr("sys.stdin", Mock(buffer=io.BytesIO("\n".join(map(json.dumps, lines)).encode())))
    call_command("extract", brands=brands, no_sentiment=True)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    first = {
        "brand": "BrightDesk",
        "start": 4,
        "end": 14,
        "text": "BrightDesk",
        "rank": 1,
        "role": "named",
        "place": None,
        "sentiment": None,
    }
    assert rows == [{"id": 7, "mentions": [first, {**first, "start": 17, "end": 27}]}, {"id": "b", "mentions": []}]


def test_the_command_takes_the_rules_of_brands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    brands = tmp_path / "brands.json"
    rules = {"needs": ["phone"], "excludes": ["pie"], "exact_case": True}
    brands.write_text(json.dumps([{"name": "Apple", **rules}, {"name": "Plum", "needs": None}]), "utf-8")
    line = {"id": 1, "text": "Apple phone. APPLE phone. Plum. The phone of an Apple pie. Done. Apple."}
    monkeypatch.setattr("sys.stdin", Mock(buffer=io.BytesIO(json.dumps(line).encode())))
    call_command("extract", brands=brands, no_sentiment=True)
    row = json.loads(capsys.readouterr().out)
    assert [(each["text"], each["start"]) for each in row["mentions"]] == [("Apple", 0), ("Plum", 26)]


def test_the_command_tells_what_is_felt_towards_each_brand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    brands = tmp_path / "brands.json"
    brands.write_text(json.dumps([{"name": "BrightDesk"}, {"name": "Oakline"}, {"name": "Penroy"}]), "utf-8")
    texts = [
        "BrightDesk beats Oakline.",
        "Nothing.",
        "Avoid BrightDesk. Oakline is the best choice. Penroy has an office.",
    ]
    lines = [json.dumps({"id": number, "text": text}) for number, text in enumerate(texts)]
    monkeypatch.setattr("sys.stdin", Mock(buffer=io.BytesIO("\n".join(lines).encode())))
    call_command("extract", brands=brands)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [[(each["brand"], each["sentiment"]) for each in row["mentions"]] for row in rows] == [
        [("BrightDesk", "recommended"), ("Oakline", "negative")],
        [],
        [("BrightDesk", "negative"), ("Oakline", "recommended"), ("Penroy", "neutral")],
    ]


@pytest.mark.parametrize(
    ("brands", "line"),
    [
        ("[]", "no json"),
        ("[]", '{"id": 1}'),
        ('[{"aliases": []}]', ""),
        ("{", ""),
        ('[{"name": "A", "needs": "pie"}]', ""),
        ('[{"name": "A", "exact_case": "no"}]', ""),
    ],
)
def test_the_command_says_what_it_cannot_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, brands: str, line: str
) -> None:
    path = tmp_path / "brands.json"
    path.write_text(brands)
    monkeypatch.setattr("sys.stdin", Mock(buffer=io.BytesIO(line.encode())))
    with pytest.raises(SystemExit) as refusal:
        call_command("extract", brands=path)
    assert refusal.value.code == 2
