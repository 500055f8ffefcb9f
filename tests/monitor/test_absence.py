"""Sentences that only say that nothing was found: read once for all that they name, and told as for each by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import absence
from monitor.absence import Absence
from monitor.extract import Brand, Matcher

PIECES = (
    *(
        "acme",
        "but",
        " ",
        ", ",
        ". ",
        ": ",
        "; ",
        "\n",
        ".",
        "but ",
        ", but ",
        "however ",
        "aber ",
        "但",
        "ですが",
        " | ",
    ),
    *("i could not find any information about ", "no results for ", "is not mentioned", "nichts gefunden", "找不到"),
    *(
        "cheaper",
        "better ",
        "other",
        " than",
        " than ",
        "than",
        "like ",
        "reasons",
        "it ",
        "they ",
        "overall, it",
        "它",
    ),
    *("although ", "i searched for ", "cannot find my bills in ", "problems with ", "provides ", "- ", "not listed"),
)


def by_itself(sentence: str, start: int, end: int) -> bool:
    """The same, said plainly of one name: its clause lies between the turns around it."""
    known = Absence(sentence)
    families = absence.families(sentence)
    if not families or known._is_known(start, end):
        return False
    if known._is_nothing_about(start, end):
        return True
    turns = absence._turns(sentence)
    left = max((turn[1] for turn in turns if turn[1] <= start), default=0)
    label = absence._LABEL.match(sentence, end)
    if label and not any(map(str.isalpha, sentence[left:start])):
        left = end = label.end()

    def rest(at: int) -> tuple[int, int | None]:
        return next((turn for turn in turns if turn[0] >= at), (len(sentence), None))

    right, following = rest(end)
    if following is not None and absence._read(sentence[left:right], left, families).searches:
        left = following
        right, following = rest(left)
    known_from = absence._read(sentence[left:right], left, families).known_from
    if known_from is None or start >= known_from:
        return False
    return following is None or not absence._TAKEN_UP.match(sentence, following)


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=24).map("".join), st.data())
def test_all_names_of_a_sentence_are_told_as_each_by_itself(sentence: str, data: st.DataObject) -> None:
    known = Absence(sentence)
    for _ in range(4):
        start = data.draw(st.integers(0, len(sentence) - 1))
        end = data.draw(st.integers(start + 1, len(sentence)))
        assert known.is_all_of(start, end) == by_itself(sentence, start, end)


def test_an_answer_of_one_endless_sentence_is_read_to_its_end() -> None:
    matcher = Matcher([Brand(1, "Fernwood"), Brand(2, "Quillmark")])
    sentence = "Fernwood is cheaper than Quillmark, "
    assert len(matcher.mentions(sentence * 5_000)) == 10_000
    denied = "I could not find Fernwood, cheaper and better and "
    assert matcher.mentions(denied * 5_000) == []
    assert matcher.mentions(denied * 5_000 + "but that is all.") == []


def test_runs_of_marks_and_of_letters_are_read_once() -> None:
    matcher = Matcher([Brand(1, "Fernwood", domains=("fernwood.example",))])
    assert len(matcher.mentions(f"Fernwood{'!' * 100_000}x Fernwood")) == 2
    assert len(matcher.mentions(f"{'a' * 200_000} a@b.example Fernwood")) == 1
    found = matcher.mentions("me@fernwood.example+fernwood@x.example, a@fernwood, b.c@d.fernwood.example Fernwood")
    assert [item.text for item in found] == ["fernwood", "Fernwood"]


ABSENT = """
Fernwood does not appear in any of the search results.
None of the articles that I read mention Fernwood.
No results were found for "Fernwood".
My searches for Fernwood came up empty.
I don't recognize Fernwood as a known product.
I could not verify that Fernwood exists.
I didn't see Fernwood in any of the top-10 lists.
I haven't heard of Fernwood.
I searched for Fernwood but couldn't find anything relevant.
Neither Fernwood nor Fernwood Pro is mentioned in the sources.
It looks like Fernwood is not covered in these articles.
- **Fernwood**: No information found.
| Fernwood | not mentioned |
Fernwood – no information available.
Fernwood taucht in keinem der Tests auf.
Fernwood ist mir nicht bekannt.
Fernwood n'est cité dans aucune des sources.
Fernwood non compare nei risultati.
A Fernwood não aparece nos resultados.
Ninguna de las fuentes menciona Fernwood.
Fernwood komt niet voor in de resultaten.
Fernwood nämns inte i källorna.
Fernwood er ikke nævnt i kilderne.
Hakutuloksissa ei mainita Fernwoodia.
Fernwood nie pojawia się w wynikach.
O společnosti Fernwood jsem nenašel žádné informace.
В источниках нет упоминаний Fernwood.
Про Fernwood немає інформації.
Fernwood arama sonuçlarında yer almıyor.
Δεν βρήκα πληροφορίες για την Fernwood.
Nem találtam információt a Fernwood cégről.
Nu am găsit informații despre Fernwood.
検索結果にFernwoodは含まれていませんでした。
검색 결과에 Fernwood는 나타나지 않습니다.
搜索结果中没有出现Fernwood。
לא מצאתי מידע על Fernwood.
لم يتم ذكر Fernwood في النتائج.
ไม่พบข้อมูลเกี่ยวกับ Fernwood
Fernwood tidak disebutkan dalam hasil pencarian.
Tôi không tìm thấy thông tin nào về Fernwood.
None of them says anything about Fernwood.
The documents contain no reference to Fernwood.
There doesn't appear to be any public information about Fernwood.
Fernwood has not been covered by any of these outlets.
Neither Quillmark nor Fernwood appears in the search results.
As for Fernwood, my search yielded no results.
There's not enough information available on Fernwood.
I do not know Fernwood.
My research did not reveal any information about Fernwood.
The passage never mentions Fernwood.
Fernwood n'est mentionné nulle part.
Non risulta alcuna informazione su Fernwood.
Von Fernwood habe ich noch nie gehört.
Ich konnte Fernwood in keiner Quelle finden.
Les sources ne mentionnent pas Fernwood.
Las fuentes no mencionan a Fernwood.
As fontes não mencionam a Fernwood.
Nessuna fonte cita Fernwood.
De bronnen noemen Fernwood niet.
Källorna nämner inte Fernwood.
Fernwood nie jest wspomniany w źródłach.
Мне ничего не известно о Fernwood.
В джерелах відсутня інформація про Fernwood.
Hiçbir kaynak Fernwood'dan söz etmiyor.
ليس لدي معلومات عن Fernwood.
אף מקור אינו מזכיר את Fernwood.
どの情報源もFernwoodに言及していません。
搜索结果里没有Fernwood。
我不了解Fernwood。
Fernwood에 대해 아는 바가 없습니다.
Không nguồn nào nhắc đến Fernwood.
Tidak ada sumber yang menyebutkan Fernwood.
"""
#: What is known stands before what is missing.
PARTED = """
I found Quillmark but nothing about Fernwood.
Quillmark is in three lists, while Fernwood does not appear in any of them.
Quillmark is popular, and I could not find anything about Fernwood.
I know Quillmark, but I have no data on Fernwood or Fernwood Pro.
Ich habe Quillmark gefunden, aber nichts über Fernwood.
J'ai trouvé Quillmark, mais rien sur Fernwood.
Encontré Quillmark, pero nada sobre Fernwood.
Ho trovato Quillmark ma niente su Fernwood.
Ik vond Quillmark, maar niets over Fernwood.
Znalazłem Quillmark, ale nic o Fernwood.
Jag hittade Quillmark men inget om Fernwood.
Я нашёл Quillmark, но ничего о Fernwood.
وجدت Quillmark لكن لم أجد شيئا عن Fernwood.
מצאתי את Quillmark אבל שום דבר על Fernwood.
Quillmarkは見つかりましたが、Fernwoodについては何も見つかりませんでした。
我找到了Quillmark，但没有找到Fernwood的任何信息。
Tôi tìm thấy Quillmark nhưng không có gì về Fernwood.
Saya menemukan Quillmark, tetapi tidak ada apa pun tentang Fernwood.
"""
KNOWN = """
I couldn't find any complaints about Fernwood.
I was unable to find a single flaw in Fernwood.
I could not find my invoices in Fernwood.
We did not find Fernwood easy to use.
I'm not aware of any outages at Fernwood this year.
I'm not familiar with the inner workings of Fernwood, but users say it is fast.
Although I found no independent reviews, Fernwood looks solid.
Fernwood, which I hadn't heard of before, turned out to be excellent.
Fernwood provides no information about its data centres.
There is no evidence that Fernwood sells user data.
Fernwood was not found guilty of price fixing.
Fernwood isn't mentioned as often as its rivals.
Nothing about Fernwood feels modern.
There's nothing special about Fernwood.
Its rivals have nothing on Fernwood.
Fernwood is not found in the App Store, only on Google Play.
Fernwood has no reviews on G2 yet.
No brand is mentioned as often as Fernwood.
The sources do not only mention Fernwood.
The No 1 result for running shoes is Fernwood.
Fernwood speichert keine Daten seiner Kunden.
Fernwood ne vend aucune donnée.
Fernwood не собирает данных о пользователях.
Fernwood不会收集任何数据。
Fernwood: no data caps
With no reviews of its own, Fernwood looks new.
We do not include Fernwood in our list because it is too expensive.
I wouldn't have found my flat without Fernwood.
Reviews do not mention downtime at Fernwood.
Fernwood returned no results for my query.
Fernwood says nothing about its suppliers.
There is no evidence Fernwood sells your data.
Die Quellen nennen nicht nur Fernwood.
Las fuentes no solo mencionan a Fernwood.
Источники упоминают не только Fernwood.
Les articles de Fernwood ne contiennent pas de plastique.
Fernwood no muestra anuncios en los resultados.
Kaynaklarda Fernwood'dan bahsedilmektedir.
Fernwood tidak menampilkan iklan di hasil pencarian.
| Fernwood | $20 | No reviews found |
Ich habe nichts Besseres als Fernwood gefunden.
Fernwood hat keine Informationen zu Preisen veröffentlicht.
Sin Fernwood no encontrarás precios tan bajos.
Je n'ai pas trouvé de défauts à Fernwood.
Nie znalazłem nic lepszego niż Fernwood.
Я не нашёл ничего лучше, чем Fernwood.
Fernwood ничего не стоит.
Fernwood'dan daha iyisini bulamadım.
Fernwoodより良いものは見つかりませんでした。
Fernwood보다 더 좋은 것은 찾을 수 없습니다.
我没有找到比Fernwood更好的工具。
لم أجد أفضل من Fernwood.
मुझे Fernwood से बेहतर कुछ नहीं मिला।
Tôi không tìm thấy gì tốt hơn Fernwood.
Saya tidak menemukan yang lebih baik dari Fernwood.
Non ho trovato niente di più semplice che Fernwood.
Fernwood没有公布价格信息。
"""


@pytest.mark.parametrize("text", ABSENT.strip().splitlines())
def test_what_is_only_not_found_is_absent_in_any_major_language(text: str) -> None:
    assert Matcher([Brand(1, "Fernwood")]).mentions(text) == []


@pytest.mark.parametrize("text", KNOWN.strip().splitlines())
def test_what_is_said_with_a_no_is_known(text: str) -> None:
    assert [found.text for found in Matcher([Brand(1, "Fernwood")]).mentions(text)] == ["Fernwood"]


@pytest.mark.parametrize("text", PARTED.strip().splitlines())
def test_what_was_found_is_told_from_what_was_not(text: str) -> None:
    assert [found.text for found in Matcher([Brand(1, "Fernwood"), Brand(2, "Quillmark")]).mentions(text)] == [
        "Quillmark"
    ]
