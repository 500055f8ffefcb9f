"""What other tools would show for the same answers, by the formulas they publish.

Pure functions of how often a brand came at which rank. They are here to show why tools disagree, not to be used: most
pool prompts and assistants, and put presence and rank into one figure. Ranks are those among the listed brands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

TRAKKR_RANKS = 10
RANKSCALE_STEP = 0.1
EVERTUNE_STEP = 0.9


@dataclass(frozen=True, slots=True)
class Named:
    """How a brand is named in `responses` valid answers to `prompts` prompts: `ranks` has answers by its rank in them.

    `of_all_brands` is the sum over all brands of the answers that name each.
    """

    responses: int
    prompts: int
    prompts_naming: int
    ranks: Mapping[int, int]
    of_all_brands: int

    @property
    def naming(self) -> int:
        return sum(self.ranks.values())

    @property
    def mean_rank(self) -> float | None:
        return sum(rank * count for rank, count in self.ranks.items()) / self.naming if self.naming else None


@dataclass(frozen=True, slots=True)
class Formula:
    """One published measure: who publishes it, how it is made in words, and the figure; `unit` is how it is shown."""

    tool: str
    measure: str
    words: str
    source: str
    unit: str
    of: Callable[[Named], float | None]


def presence(named: Named) -> float | None:
    """Percent of answers that name the brand, whatever the prompt."""
    return 100 * named.naming / named.responses if named.responses else None


def coverage(named: Named) -> float | None:
    """Percent of prompts with at least one answer that names the brand: it can only rise with more repeats."""
    return 100 * named.prompts_naming / named.prompts if named.prompts else None


def share_of_mentions(named: Named) -> float | None:
    """Percent of all brands' mentions, an answer counting once for each brand."""
    return 100 * named.naming / named.of_all_brands if named.of_all_brands else None


def trakkr_visibility(named: Named) -> float | None:
    """Ten points for the first rank down to one for the tenth, of the most possible, under a square root."""
    if not named.responses:
        return None
    points = sum(max(0, TRAKKR_RANKS + 1 - rank) * count for rank, count in named.ranks.items())
    return 100 * math.sqrt(points / (TRAKKR_RANKS * named.responses))


def rankscale_visibility(named: Named) -> float | None:
    """The share of answers naming the brand, times 1 / (1 + 0.1 (mean rank - 1))."""
    if not named.responses or named.mean_rank is None:
        return 0.0 if named.responses else None
    return 100 * named.naming / named.responses / (1 + RANKSCALE_STEP * (named.mean_rank - 1))


def evertune_score(named: Named) -> float | None:
    """Each answer counts 1 for the first rank, .9 for the second, .81 for the third, and so on."""
    if not named.responses:
        return None
    return 100 * sum(EVERTUNE_STEP ** (rank - 1) * count for rank, count in named.ranks.items()) / named.responses


FORMULAS = (
    Formula(
        "Peec AI", "Visibility", "answers that name the brand ÷ all answers", "docs.peec.ai", "percent", presence
    ),
    Formula("Peec AI", "Position", "mean rank over the answers that name it", "docs.peec.ai", "rank",
            lambda named: named.mean_rank),
    Formula("Otterly.AI", "Brand mentions", "answers that name the brand, counted", "help.otterly.ai", "count",
            lambda named: float(named.naming)),
    Formula("Otterly.AI", "Brand coverage", "prompts with any answer that names it ÷ prompts", "help.otterly.ai",
            "percent", coverage),
    Formula("Otterly.AI", "Share of voice", "its mentions ÷ mentions of all brands", "help.otterly.ai", "percent",
            share_of_mentions),
    Formula("Trakkr", "Visibility score", "√ (points by rank, 10 for first to 1 for tenth ÷ most possible)",
            "learn.trakkr.ai", "score", trakkr_visibility),
    Formula("Trakkr", "Presence score", "answers that name the brand ÷ all answers", "learn.trakkr.ai", "percent",
            presence),
    Formula("Rankscale", "Visibility score", "answers naming it ÷ all answers × 1 ÷ (1 + 0.1 (mean rank − 1))",
            "helpdesk.rankscale.ai", "score", rankscale_visibility),
    Formula("Evertune", "AI Brand Score", "mean over answers of 1 for first, 0.9 for second, 0.81 for third, …",
            "docs.evertune.ai", "score", evertune_score),
)  # fmt: skip
