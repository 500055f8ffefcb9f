"""Whether evidence supports a claim, and an answer's citation recall and precision."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.answer import Answer, Citation
from rag.__main__ import main
from rag.support import QUOTED, SUPPORTED, Verdict, check, citation_quality, judge
from rag.support_words import plain, words

if TYPE_CHECKING:
    from inference.embed import Embedder

FERRY = (
    "The ferry Morgenrot sails from Halmby to the island of Storö three times a day between April and September. "
    "A single ticket costs 14 euros for adults and 6 euros for children under twelve. "
    "Bicycles travel free of charge, but cars are not allowed on the island. "
    "In 2019 the harbour was rebuilt at a cost of 3.5 million euros after a winter storm had damaged the pier."
)
GARDEN = (
    "Tomatoes need at least six hours of sun a day. Water them early in the morning and keep the leaves dry.\n"
    "Pinch out the side shoots once a week so that the plant puts its strength into the fruit."
)


def scores(embedder: Embedder, *pairs: tuple[str, str]) -> list[float]:
    return [verdict.score for verdict in check(pairs, embedder)]


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("Bicycles travel free of charge on the ferry.", FERRY),
        ("The Morgenrot sails to Storö three times a day from April to September [1].", FERRY),
        ("An adult pays 14 euros for a single ticket, while children under 12 pay 6 euros.", FERRY),
        ("The harbour was rebuilt in 2019 for 3,500,000 euros.", FERRY),
        ("Tomato plants should get six hours of sun each day, at the least.", GARDEN),
        ("3. Bicycles travel free of charge on the ferry.", FERRY),
        ("\u2022 Pinch out the side shoots once a week", GARDEN),
        ("Prices rose under harbour master Runa Lindqvist.", "Prices rose under harbour master Lindqvist."),
    ],
)
def test_what_the_evidence_says_in_other_words_is_supported(embedder: Embedder, claim: str, evidence: str) -> None:
    assert check([(claim, evidence)], embedder)[0].supported


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("The ferry has a restaurant that serves herring and a playground for children.", FERRY),
        ("The Morgenrot was built by a shipyard in Gdansk in 1987.", FERRY),
        ("Storö has 340 inhabitants, most of whom live from fishing.", FERRY),
        ("Tomatoes should be fed with a potash fertiliser every two weeks.", GARDEN),
        ("Bicycles travel free of charge on the ferry.", GARDEN),
        ("Bicycles travel free, and the tickets can be booked online up to 60 days ahead at a discount.", FERRY),
    ],
)
def test_what_the_evidence_does_not_say_is_not_supported(embedder: Embedder, claim: str, evidence: str) -> None:
    assert not check([(claim, evidence)], embedder)[0].supported


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("A single ticket costs 14 euros for adults.", "A single ticket costs 18 euros for adults."),
        ("The ferry sails from Halmby to Storö.", "The ferry sails from Halmby to Rügen."),
        ("Cars are not allowed on the island.", "Cars are allowed on the island."),
        ("The harbour was rebuilt in 2019.", "The harbour was rebuilt in 2017."),
        ("Keep the leaves of tomatoes dry.", "Keep the leaves of tomatoes wet."),
    ],
)
def test_a_changed_fact_lowers_the_score(embedder: Embedder, true: str, false: str) -> None:
    evidence = f"{FERRY}\n\n{GARDEN}"
    one, other = scores(embedder, (true, evidence), (false, evidence))
    assert one > other


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("The album sold more than 30 copies.", "The album sold more than 31 copies."),
        ("The album sold fewer than 40 copies.", "The album sold fewer than 31 copies."),
        ("The album sold at least 31 copies.", "The album sold at least 35 copies."),
        ("The album sold about 30 copies.", "The album sold about 45 copies."),
        ("The band was founded before 1990.", "The band was founded before 1985."),
        ("The band was founded after 1980.", "The band was founded after 1988."),
        ("It has over 5,000 members.", "It has over 9,000 members."),
        ("Some 62% of them vote.", "Less than 62% of them vote."),
        ("Its budget is 3.2 million euros.", "Its budget is 3.4 million euros."),
    ],
)
def test_a_number_may_be_borne_out_by_another(embedder: Embedder, true: str, false: str) -> None:
    evidence = (
        "The band was founded in 1986. Its album sold 31 copies. It has 5,000+ members. Of them 62% vote. "
        "Its budget is 3.24 million euros."
    )
    one, other = scores(embedder, (true, evidence), (false, evidence))
    assert one > SUPPORTED > other


@pytest.mark.parametrize(
    ("true", "false", "evidence"),
    [
        ("Bicycles travel free of charge.", "Bicycles do not travel free of charge.", FERRY),
        ("Cars are not allowed on the island.", "Cars are allowed on the island.", FERRY),
        ("Keep the leaves dry.", "Keep the leaves wet.", GARDEN),
        (
            "Halden bought the brewery Norvik in 2011.",
            "Norvik bought the brewery Halden in 2011.",
            "In the spring of 2011 Halden bought the brewery Norvik.",
        ),
        (
            "Norvik was bought by Halden in 2011.",
            "Halden was bought by Norvik in 2011.",
            "In the spring of 2011 Halden bought Norvik.",
        ),
    ],
)
def test_the_contrary_in_the_same_words_is_not_supported(
    embedder: Embedder, true: str, false: str, evidence: str
) -> None:
    assert [verdict.supported for verdict in check([(true, evidence), (false, evidence)], embedder)] == [True, False]


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("The tram is cheap and quick.", "The tram is not only cheap but also quick."),
        ("Platform No. 3 is closed.", "Platform No. 3 is closed on Sundays and on weekdays."),
        ("Halden and Norvik merged in 2011.", "Norvik and Halden merged in 2011."),
    ],
)
def test_what_only_looks_like_the_contrary_is_supported(embedder: Embedder, claim: str, evidence: str) -> None:
    assert check([(claim, evidence)], embedder)[0].supported


@pytest.mark.parametrize(("claim", "evidence"), [("", FERRY), ("Cars are free.", ""), (" \n", FERRY), ("...", FERRY),
                                                 ("Cars are free.", "\u2026 \u2014 !"), ("[1]", FERRY)])  # fmt: skip
def test_nothing_said_is_nothing_supported(embedder: Embedder, claim: str, evidence: str) -> None:
    assert check([(claim, evidence)], embedder) == [Verdict(0.0, False)]


def test_no_pairs_no_verdicts(embedder: Embedder) -> None:
    assert check([], embedder) == []


def test_the_source_may_be_one_of_several(embedder: Embedder) -> None:
    claim = "Bicycles travel free of charge, but cars are not allowed on the island."
    alone, first, last = check(
        [(claim, FERRY), (claim, f"{FERRY}\n\n{GARDEN}"), (claim, f"{GARDEN}\n\n{FERRY}")], embedder
    )
    assert alone.supported and first.supported and last.supported


def test_a_verdict_does_not_depend_on_its_neighbours(embedder: Embedder) -> None:
    pairs = [(sentence, text) for sentence in FERRY.split(". ") for text in (FERRY, GARDEN)]
    assert check(pairs, embedder) == [check([pair], embedder)[0] for pair in pairs]


@given(
    st.text(max_size=200), st.text(max_size=600), st.sampled_from([" ", "\n\n", "? ", "n't ", "1,000,000.5 million %"])
)
def test_any_text_has_a_score(embedder: Embedder, claim: str, evidence: str, between: str) -> None:
    (verdict,) = check([(claim + between + evidence[:40], evidence + between + claim)], embedder)
    assert 0 <= verdict.score <= 1
    assert verdict.supported == (verdict.score >= SUPPORTED)


@pytest.mark.parametrize(
    "evidence",
    [
        (GARDEN + "\n") * 260 + FERRY + ("\n" + GARDEN) * 260,
        "tomatoes " * 6_000 + FERRY + " tomatoes" * 6_000,
        "x" * 100_000 + "\n" + FERRY,
        "| 17 | 23 " * 10_000 + "\n" + FERRY,
    ],
    ids=["sentences", "no full stop", "no blank", "table"],
)
def test_long_evidence_is_read_to_its_end(embedder: Embedder, evidence: str) -> None:
    assert len(evidence) > 100_000
    verdict, other = check(
        [
            ("A single ticket costs 14 euros for adults and 6 euros for children under twelve.", evidence),
            ("The lighthouse keeper won a prize for her poems about whales.", evidence),
        ],
        embedder,
    )
    assert verdict.supported and not other.supported


def test_a_claim_as_long_as_a_page_is_judged(embedder: Embedder) -> None:
    long = " ".join(f"The {word} of the harbour was painted." for word in GARDEN.split()) * 20
    assert not check([(long, FERRY)], embedder)[0].supported


def test_numbers_compare_by_value() -> None:
    def stems(text: str) -> list[str]:
        return [word.stem for word in words(plain(text))]

    assert stems("1.5 million") == stems("1,500,000") == ["1500000"]
    assert stems("twelve") == stems("12") == stems("12.0")
    assert stems("5%") == stems("5 percent") == stems("five per cent")[:1] + ["%"]
    assert stems("$3.5bn") == stems("3500 million")
    assert stems("see [the page](https://a.example/x_(y)) [12]") == stems("see the page")


def answer(*cited: tuple[str, tuple[str, ...]]) -> Answer:
    """Sentences, each followed by markers of the pages it cites."""
    text, spans = "", dict[str, list[tuple[int, int]]]()
    order = list(dict.fromkeys(url for _, urls in cited for url in urls))
    for sentence, urls in cited:
        text += (" " if text else "") + sentence
        for url in urls:
            marker = f" [{order.index(url) + 1}]"
            spans.setdefault(url, []).append((len(text) + 1, len(text) + len(marker)))
            text += marker
    return Answer(text, tuple(Citation(url, url, None, None, "marker", tuple(places)) for url, places in spans.items()))


SOURCES = {"ferry": FERRY, "garden": GARDEN, "other": "Whales are mammals that breathe air and live in the sea."}


def test_a_whole_line_of_the_page_is_supported_however_little_it_says(embedder: Embedder) -> None:
    page = "What we would buy\nPlanzibel Free\nIt is free for a team of ten.\nNot for us\nTavorane costs $9 a month."
    said, mixed, cut = check(
        [("- **Planzibel Free** [2]", page), ("Tavorane Free", page), ("Planzibel", page)], embedder
    )
    assert said.supported and said.score >= QUOTED
    assert max(mixed.score, cut.score) < QUOTED, "a quotation is a whole line, word for word"


def test_recall_and_precision_of_citations(embedder: Embedder) -> None:
    quality = citation_quality(
        answer(
            ("Bicycles travel free of charge, but cars are not allowed on the island.", ("ferry",)),
            ("Tomatoes need at least six hours of sun a day.", ("garden", "other")),
            ("The ferry was built by a shipyard in Gdansk in 1987.", ("ferry",)),
            ("Storö is a fine place for a holiday with grandparents.", ()),
        ),
        SOURCES,
        embedder,
    )
    assert (quality.sentences, quality.citations, quality.unknown) == (4, 4, 0)
    # two of four sentences hold; of four citations one is not needed and one supports nothing
    assert quality.recall == 0.5
    assert quality.precision == 0.5


def test_two_citations_that_support_only_together_are_both_needed(embedder: Embedder) -> None:
    quality = citation_quality(
        answer(
            (
                "Bicycles travel free of charge, cars are not allowed on the island, tomatoes need at least six hours "
                "of sun a day, and their side shoots are pinched out once a week.",
                ("ferry", "garden"),
            )
        ),
        SOURCES,
        embedder,
    )
    assert (quality.recall, quality.precision) == (1.0, 1.0)


def test_sentences_whose_pages_are_not_known_are_not_judged(embedder: Embedder) -> None:
    quality = citation_quality(answer(("Trains run daily.", ("https://gone.example/",))), SOURCES, embedder)
    assert (quality.recall, quality.precision, quality.unknown) == (None, None, 1)
    assert citation_quality(Answer(""), SOURCES, embedder).recall is None


def test_several_answers_are_judged_together_as_each_alone_and_pairs_say_which(embedder: Embedder) -> None:
    known = "Bicycles travel free of charge, but cars are not allowed on the island."
    one = answer((known, ("ferry",)), ("Whales live in the sea.", ("ferry", "gone")))
    other = answer((known, ("garden",)), (known, ()))
    together = judge([(one, SOURCES), (other, SOURCES)], embedder)
    assert together == [judge([(each, SOURCES)], embedder)[0] for each in (one, other)]
    assert [each.quality for each in together] == [citation_quality(each, SOURCES, embedder) for each in (one, other)]
    first, second = together
    assert [(pair.url, pair.verdict and pair.verdict.supported) for pair in first.pairs] == [
        ("ferry", True),
        ("ferry", False),
        ("gone", None),
    ]
    assert (first.quality.sentences, first.quality.unknown) == (1, 1), "one page of its sentence is not known"
    assert one.text[slice(*first.pairs[0].span)].startswith(known)
    assert [pair.verdict.supported for pair in second.pairs if pair.verdict] == [False]
    assert judge([], embedder) == []


def run(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
    main(["support", "--device", "cpu"])


def test_the_command_answers_row_by_row(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    pairs = [
        ("Bicycles travel free of charge.", FERRY),
        ("Whales sing \u2028 at night.", FERRY),
        ("", ""),
        ("Water tomatoes early in the morning.", GARDEN),
    ]
    lines = [json.dumps({"claim": claim, "evidence": evidence}, ensure_ascii=False) for claim, evidence in pairs]
    run(monkeypatch, "\n".join(lines) + "\n\n")
    rows = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [row["supported"] for row in rows] == [True, False, False, True]
    assert all(set(row) == {"score", "supported"} and 0 <= row["score"] <= 1 for row in rows)


@pytest.mark.parametrize("bad", ["{", "[]", '{"claim": "a"}', '{"claim": 1, "evidence": "b"}', "[" * 100_000])
def test_a_bad_line_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], bad: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, '{"claim": "a", "evidence": "b"}\n' + bad + "\n")
    assert stopped.value.code == 2
    assert "line 2" in capsys.readouterr().err
