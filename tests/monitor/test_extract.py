"""Brands in answers: what counts as naming one, and what does not."""

from __future__ import annotations

import io
import json
import unicodedata
from pathlib import Path
from unittest.mock import Mock

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from monitor.extract import Brand, Matcher, name_keys

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
    first = {"brand": "BrightDesk", "start": 4, "end": 14, "text": "BrightDesk", "rank": 1, "sentiment": None}
    assert rows == [{"id": 7, "mentions": [first, {**first, "start": 17, "end": 27}]}, {"id": "b", "mentions": []}]


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
    ("brands", "line"), [("[]", "no json"), ("[]", '{"id": 1}'), ('[{"aliases": []}]', ""), ("{", "")]
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
