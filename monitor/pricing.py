"""What a workspace pays and what its calls usually use: prices of its own over the built-in ones, and typical sizes.

Shared by the services that reserve and settle, and by the queries that forecast. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from django.conf import settings
from django.db import connection

from inference import prices
from inference.prices import Price, Prices
from monitor import assistants
from monitor.models import OwnPrice

#: Answers that a typical size is measured on, and how many of them make one; and of how many runs they are at most.
MEASURED, ENOUGH, RUNS_MEASURED = 200, 5, 20


@dataclass(frozen=True, slots=True)
class Typical:
    """What one call usually uses. `measured` answers of the workspace say so; with none it is a stated default."""

    input_tokens: int
    output_tokens: int
    searches: int
    measured: int = 0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def within(self, output_limit: int | None) -> Typical:
        """The same call where no more than so many tokens may be written."""
        return replace(self, output_tokens=min(self.output_tokens, output_limit)) if output_limit else self


#: A question with web search, before anything was measured: what is read from the web is most of it.
DEFAULT = Typical(input_tokens=10_000, output_tokens=900, searches=2)


def book(workspace_id: int) -> Prices:
    """All prices as they hold for a workspace: its own, then the operator's file, then those that come along."""
    own = [as_price(row) for row in OwnPrice.objects.for_workspace(workspace_id)]
    return prices.load(settings.PRICES_FILE).under(own)


def as_price(row: OwnPrice) -> Price:
    return Price(
        assistant=row.assistant,
        model=row.model,
        input=row.input,
        output=row.output,
        search=row.search,
        request=row.request,
        date=row.entered_on,
        source="Entered here",
    )


def find(book: Prices, assistant: str, model: str) -> Price | None:
    """The price of what is asked; where no model is named, of the assistant's default one."""
    return book.find(assistant, model or assistants.default_model(assistant))


def typical(workspace_id: int, names: Iterable[str]) -> dict[str, Typical]:
    """What calls to these assistants use, by the workspace's latest answers; the default where there are too few."""
    found = dict.fromkeys(names, DEFAULT)
    with connection.cursor() as cursor:
        for name in found:
            cursor.execute(
                "SELECT count(*), avg(input_tokens), avg(output_tokens), avg(searches) FROM ("
                " SELECT input_tokens, output_tokens, jsonb_array_length(searches) AS searches FROM monitor_response"
                " WHERE workspace_id = %(workspace)s AND assistant = %(name)s AND status = 'answered'"
                " AND input_tokens IS NOT NULL AND output_tokens IS NOT NULL AND run_id = ANY(ARRAY("
                # by the runs that asked it: without, a long history is read to its end for one that was never asked
                "  (SELECT run_id FROM monitor_daycounts WHERE workspace_id = %(workspace)s AND assistant = %(name)s"
                "   ORDER BY day DESC, run_id DESC LIMIT %(runs)s)"
                "  UNION ALL (SELECT id FROM monitor_run WHERE workspace_id = %(workspace)s AND rolled_up_at IS NULL"
                "   ORDER BY id DESC LIMIT %(runs)s)))"
                " ORDER BY run_id DESC, id DESC LIMIT %(most)s) latest",
                {"workspace": workspace_id, "name": name, "runs": RUNS_MEASURED, "most": MEASURED},
            )
            count, *means = cursor.fetchone() or (0,)
            if count >= ENOUGH:
                tokens_in, tokens_out, searches = (round(mean) for mean in means)
                found[name] = Typical(tokens_in, tokens_out, searches, measured=count)
    return found


def expected_cost(price: Price | None, usual: Typical) -> Decimal | None:
    """What one call usually costs."""
    return prices.cost(
        price, input_tokens=usual.input_tokens, output_tokens=usual.output_tokens, searches=usual.searches
    )
