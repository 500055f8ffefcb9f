"""Prices: which one fits, what a call costs to the millionth, and files that are wrong said so."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference import prices
from inference.prices import Maximum, Price, Prices, cost, load

MOST = Maximum(input_tokens=1000, output_tokens=500, searches=2)
counts = st.integers(min_value=0, max_value=10_000_000)
rates = st.decimals(min_value=0, max_value=1000, places=4)


def price(model: str = "*", **fields: object) -> Price:
    return Price(**{"assistant": "oracle", "model": model, **fields})  # type: ignore[arg-type]


def test_every_price_that_comes_along_has_a_date_and_a_source_of_the_past() -> None:
    found = [one for layer in load().layers for one in layer]
    assert len(found) > 60
    assert all(one.source and one.date and date(2024, 1, 1) < one.date <= date.today() for one in found)
    assert all(one.fits(one.assistant, one.model.lower().replace("*", "x").replace("?", "1")) for one in found)


@pytest.mark.parametrize(
    ("assistant", "model", "dollars_in", "dollars_out"),
    [
        ("openai", "gpt-5-2025-08-07", "1.25", "10"),
        ("openai", "gpt-5-mini-2025-08-07", "0.25", "2"),
        ("openai", "gpt-4o-mini-search-preview-2025-03-11", "0.15", "0.6"),
        ("openrouter", "openai/gpt-5", "1.25", "10"),
        ("anthropic", "claude-haiku-4-5-20251001", "1", "5"),
        ("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "3", "15"),
        ("bedrock", "eu.amazon.nova-pro-v1:0", "0.8", "3.2"),
        ("gemini", "gemini-2.5-flash-lite", "0.1", "0.4"),
        ("GEMINI".lower(), "GEMINI-2.5-FLASH", "0.3", "2.5"),
    ],
)
def test_a_model_is_known_by_its_id_and_by_its_dated_ids(
    assistant: str, model: str, dollars_in: str, dollars_out: str
) -> None:
    found = load().find(assistant, model)
    assert found is not None
    assert (found.input, found.output) == (Decimal(dollars_in), Decimal(dollars_out))


@pytest.mark.parametrize("model", ["gpt-5.9", "gpt-5-ultra", "", "claude-sonnet-4"])
def test_a_model_of_another_generation_is_unknown_rather_than_guessed(model: str) -> None:
    assert load().find("openai", model) is None


def test_the_most_specific_price_wins_and_ones_own_goes_before_all() -> None:
    listed = Prices(
        ((price("*", input=Decimal(1)), price("a-*", input=Decimal(2)), price("a-b", input=Decimal(3))),), MOST
    )
    assert [listed.find("oracle", model).input for model in ("z", "a-z", "a-b")] == [1, 2, 3]  # type: ignore[union-attr]
    own = listed.under([price("a-*", input=Decimal(9))])
    assert [own.find("oracle", model).input for model in ("z", "a-z", "a-b")] == [1, 9, 9]  # type: ignore[union-attr]


def test_a_cost_is_the_sum_of_what_was_used() -> None:
    one = price(
        input=Decimal(2),
        cached_input=Decimal("0.5"),
        output=Decimal(8),
        search=Decimal("0.01"),
        request=Decimal("0.005"),
    )
    known = cost(one, input_tokens=10_000, cached_input_tokens=4_000, output_tokens=1_000, searches=3)
    assert known == Decimal("0.012") + Decimal("0.002") + Decimal("0.008") + Decimal("0.03") + Decimal("0.005")


def test_what_is_not_known_is_none_and_what_is_free_is_zero() -> None:
    assert cost(None, input_tokens=1, output_tokens=1) is None
    assert cost(price(input=Decimal(1)), input_tokens=None, output_tokens=1) is None
    assert cost(price(output=Decimal(1)), input_tokens=1, output_tokens=None) is None
    assert cost(price(request=Decimal("0.01")), input_tokens=None, output_tokens=None) == Decimal("0.01")
    assert load().find("local", "anything").is_free  # type: ignore[union-attr]
    assert Prices(((),), MOST).maximum(None) is None


@given(rates, rates, rates, counts, counts, st.integers(0, 50), st.text(max_size=50))
def test_no_call_within_its_limits_costs_more_than_its_maximum(
    inward: Decimal, outward: Decimal, search: Decimal, tokens_in: int, tokens_out: int, searches: int, prompt: str
) -> None:
    one = price(input=inward, output=outward, search=search, cached_input=inward / 2)
    most = Prices(((one,),), MOST).maximum(one, prompt=prompt)
    used = cost(
        one,
        input_tokens=min(tokens_in, 1000 + len(prompt)),
        output_tokens=min(tokens_out, 500),
        searches=min(searches, 2),
        cached_input_tokens=tokens_in // 2,
    )
    assert most is not None and used is not None and 0 <= used <= most
    assert used == used.quantize(prices.SMALLEST)


def test_a_file_of_ones_own_goes_before_those_that_come_along(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        '[[price]]\nassistants = ["openai"]\nmodels = ["gpt-5"]\ninput = 9.5\ndate = 2025-01-01\nsource = "Ours"\n'
    )
    assert load(path).find("openai", "gpt-5").input == Decimal("9.5")  # type: ignore[union-attr]
    assert load(path).find("openai", "gpt-5-mini").input == Decimal("0.25")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("price = 3", "under \\[\\[price\\]\\]"),
        ("[[price]]\nmodels = ['a']", "give assistants"),
        ("[[price]]\nassistants = ['a']\nmodels = []", "give models"),
        ("[[price]]\nassistants = ['a']\nmodels = ['b']\nsource = 'x'", "the date and the source"),
        ("[[price]]\nassistants = ['a']\nmodels = ['b']\nsource = 'x'\ndate = 2025-01-01\ninput = -1", "from 0 to"),
        ("[[price]]\nassistants = ['a']\nmodels = ['b']\nsource = 'x'\ndate = 2025-01-01\ninput = nan", "from 0 to"),
        ("[[price]]\nassistants = ['a']\nmodels = ['b']\nsource = 'x'\ndate = 2025-01-01\ninput = '1'", "no number"),
        ("[[price]]\nassistants = ['a']\nmodels = ['b']\nsource = 'x'\ndate = 2025-01-01\ninptu = 1", "'inptu'"),
        ("[maximum]\nsearches = 1", "needs input_tokens"),
        ("[[price", "no TOML"),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=said):
        load(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        load(tmp_path / "absent.toml")
