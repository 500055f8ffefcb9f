"""What a call costs: prices per assistant and model, each with its date and source, and the sums over them.

Dollars are `Decimal` throughout. An unknown price is None and never zero. Knows nothing of budgets, nor of who pays.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_UP, Decimal
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

BUILT_IN = Path(__file__).with_name("prices.toml")
MILLION = Decimal(1_000_000)
#: Sums are kept in millionths of a dollar, rounded up: books must never say less than was charged.
SMALLEST = Decimal("0.000001")
#: What a figure may be: prices beyond this are slips of a key.
HIGHEST = Decimal(100_000)
_RATES = ("input", "cached_input", "output", "search", "request")
_LIMITS = ("max_input_tokens", "max_output_tokens", "max_searches")


@dataclass(frozen=True, slots=True)
class Price:
    """What one assistant charges for the models that `model` names, in US dollars; tokens by the million."""

    assistant: str
    model: str
    input: Decimal = Decimal(0)
    output: Decimal = Decimal(0)
    cached_input: Decimal | None = None
    search: Decimal = Decimal(0)
    request: Decimal = Decimal(0)
    date: date | None = None
    source: str = ""
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    max_searches: int | None = None

    @property
    def is_free(self) -> bool:
        return not (self.input or self.output or self.search or self.request)

    def fits(self, assistant: str, model: str) -> bool:
        return self.assistant == assistant and fnmatchcase(model, self.model.lower())

    @property
    def specificity(self) -> tuple[bool, int]:
        """An exact id before any pattern, then the one that says more."""
        wild = sum(self.model.count(mark) for mark in "*?[")
        return not wild, len(self.model) - wild


@dataclass(frozen=True, slots=True)
class Maximum:
    """The most that one call may use where its price does not say."""

    input_tokens: int
    output_tokens: int
    searches: int


@dataclass(frozen=True, slots=True)
class Prices:
    """A list of prices in layers: one of the first layer that fits goes before all of the next."""

    layers: tuple[tuple[Price, ...], ...]
    default_maximum: Maximum

    def find(self, assistant: str, model: str) -> Price | None:
        """The price of a model; None when nobody stated one. `vendor/model` is also looked up as `model`."""
        wanted = model.strip().lower()
        for name in dict.fromkeys((wanted, wanted.rpartition("/")[2])):
            for layer in self.layers:
                fitting = [price for price in layer if price.fits(assistant, name)]
                if fitting:
                    return max(fitting, key=lambda price: price.specificity)
        return None

    def under(self, own: Iterable[Price]) -> Prices:
        """These prices below a layer of one's own."""
        return Prices((tuple(own), *self.layers), self.default_maximum)

    def maximum(
        self,
        price: Price | None,
        *,
        prompt: str = "",
        max_output_tokens: int | None = None,
        max_searches: int | None = None,
    ) -> Decimal | None:
        """The most that one call can cost: what a budget must have before it is sent. None when the price is unknown.

        No token is shorter than a byte, so a prompt's bytes bound its tokens; what a search reads comes on top.
        """
        most = self.default_maximum
        searches = _first(max_searches, price.max_searches if price else None, most.searches)
        return cost(
            price,
            input_tokens=len(prompt.encode("utf-8", "surrogatepass"))
            + _first(price.max_input_tokens if price else None, most.input_tokens),
            output_tokens=_first(max_output_tokens, price.max_output_tokens if price else None, most.output_tokens),
            searches=searches,
        )


def cost(
    price: Price | None,
    *,
    input_tokens: int | None,
    output_tokens: int | None,
    searches: int | None = None,
    cached_input_tokens: int = 0,
    requests: int = 1,
) -> Decimal | None:
    """What a call cost, rounded up to a millionth of a dollar; None where the price or a count it needs is unknown.

    `cached_input_tokens` are among `input_tokens`. Searches that were not reported count as none.
    """
    if price is None:
        return None
    if (input_tokens is None and price.input) or (output_tokens is None and price.output):
        return None
    tokens_in = max(input_tokens or 0, 0)
    cached = min(max(cached_input_tokens, 0), tokens_in)
    cached_rate = price.input if price.cached_input is None else price.cached_input
    total = (
        ((tokens_in - cached) * price.input + cached * cached_rate + max(output_tokens or 0, 0) * price.output)
        / MILLION
        + max(searches or 0, 0) * price.search
        + requests * price.request
    )
    return total.quantize(SMALLEST, rounding=ROUND_UP)


def _first(*values: int | None) -> int:
    """The first that is stated."""
    return next(value for value in values if value is not None)


@lru_cache(maxsize=8)
def load(override: Path | None = None) -> Prices:
    """The prices that come along, below those of a file of one's own. Raises ValueError for a file that is wrong."""
    built_in, maximum = _read(BUILT_IN)
    if maximum is None:
        raise ValueError(f"{BUILT_IN.name} states no [maximum].")
    if override is None:
        return Prices((built_in,), maximum)
    own, own_maximum = _read(override)
    return Prices((own, built_in), own_maximum or maximum)


def _read(path: Path) -> tuple[tuple[Price, ...], Maximum | None]:
    try:
        with path.open("rb") as file:
            content = tomllib.load(file, parse_float=Decimal)
    except OSError as error:
        raise ValueError(f"The price file {path.name} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"The price file {path.name} is no TOML: {error}") from None
    rows = content.get("price", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"In the price file {path.name}, each price stands under [[price]].")
    prices: list[Price] = []
    for number, row in enumerate(rows, start=1):
        try:
            prices += _prices(row)
        except ValueError as error:
            raise ValueError(f"Price {number} of {path.name}: {error}") from None
    return tuple(prices), _maximum(content["maximum"], path) if "maximum" in content else None


def _prices(row: Mapping[str, Any]) -> list[Price]:
    """One price per assistant and model of a row."""
    if unknown := set(row) - {"assistants", "models", "date", "source", *_RATES, *_LIMITS}:
        raise ValueError(f"nobody knows {sorted(unknown)[0]!r}.")
    for name in ("assistants", "models"):
        if not row.get(name) or not all(isinstance(item, str) and item for item in row[name]):
            raise ValueError(f"give {name} as a list of names.")
    if not isinstance(row.get("date"), date) or not isinstance(row.get("source"), str):
        raise ValueError("give the date and the source of the figure.")
    figures: dict[str, Any] = {name: rate(row[name]) for name in _RATES if name in row}
    figures |= {name: _count(name, row[name]) for name in _LIMITS if name in row}
    return [
        Price(assistant=assistant, model=model, date=row["date"], source=row["source"], **figures)
        for assistant in row["assistants"]
        for model in row["models"]
    ]


def rate(value: Any) -> Decimal:
    """A price as a Decimal. Raises ValueError for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"{value!r} is no number.")
    amount = Decimal(value)
    if not amount.is_finite() or not 0 <= amount <= HIGHEST:
        raise ValueError(f"a price is a number from 0 to {HIGHEST:,}; this is {value}.")
    return amount


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} is a whole number.")
    return value


def _maximum(row: Any, path: Path) -> Maximum:
    names = ("input_tokens", "output_tokens", "searches")
    if not isinstance(row, dict) or set(row) != set(names):
        raise ValueError(f"[maximum] of {path.name} needs {', '.join(names)}.")
    return Maximum(**{name: _count(name, row[name]) for name in names})
