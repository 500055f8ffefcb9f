"""What calls cost: the most before they are sent, the true figure after, and prices that people enter.

The ledger reserves `maximum`, and settles what `of_result` says. Knows nothing of budgets.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from decimal import ROUND_UP, Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from inference import prices
from inference.answer import Answer, AssistantError, ErrorKind
from inference.prices import SMALLEST, Prices
from monitor import assistants, pricing
from monitor.models import OwnPrice, Workspace
from monitor.services import credentials
from monitor.services.errors import Problem

#: Errors that no service charges for: nothing was sent, or it was turned away.
FREE_ERRORS: frozenset[ErrorKind] = frozenset(
    {"rate_limited", "quota", "auth", "invalid_request", "unreachable", "server"}
)
#: How long the expected size of a call is good for, in seconds.
EXPECTED_SECONDS = 120.0
LONGEST_MODEL = 120

_expected: dict[tuple[int, str], tuple[float, int]] = {}


def prices_of(*, workspace_id: int) -> Prices:
    """All prices as they hold for a workspace; read once for a batch."""
    return pricing.book(workspace_id)


def maximum(book: Prices, assistant: str, model: str, prompt: str, options: Mapping[str, Any]) -> Decimal | None:
    """The most that one call can cost, for its budget; None when nobody knows its price."""
    persona = (options.get("persona") or {}).get("words", "")
    return book.maximum(
        pricing.find(book, assistant, model),
        prompt=persona + prompt,
        max_output_tokens=_count(options.get("max_output_tokens")),
        max_searches=_count(options.get("max_searches")),
    )


def of_result(book: Prices, assistant: str, model: str, result: Answer | AssistantError) -> Decimal | None:
    """What a call came to. None when it is not known: then its maximum counts.

    What the service itself says it charged goes before any price list.
    """
    if isinstance(result, AssistantError):
        return Decimal(0) if result.kind in FREE_ERRORS else None
    usage = result.usage
    if usage.cost_usd is not None and usage.cost_usd >= 0:
        return Decimal(str(usage.cost_usd)).quantize(SMALLEST, rounding=ROUND_UP)
    price = book.find(assistant, result.model or "") or pricing.find(book, assistant, model)
    searches = usage.searches if usage.searches is not None else len(result.searches)
    return prices.cost(price, input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, searches=searches)


def expected_tokens(*, workspace_id: int, assistant: str) -> int:
    """Tokens that one call usually uses, for its place under a limit; looked up anew every two minutes."""
    key, now = (workspace_id, assistant), time.monotonic()
    at, tokens = _expected.get(key, (0.0, 0))
    if not tokens or now - at > EXPECTED_SECONDS:
        tokens = max(pricing.typical(workspace_id, [assistant])[assistant].tokens, 1)
        _expected[key] = now, tokens
    return tokens


def require_ready(*, workspace: Workspace, plan: Iterable[Mapping[str, Any]]) -> None:
    """Problem that says which key or price is missing before these assistants can be asked."""
    items = list(plan)
    if names := credentials.missing(workspace_id=workspace.pk, names=[item["assistant"] for item in items]):
        raise Problem(
            f"{assistants.label(names[0])} needs a key before it can be asked. An owner enters it under Settings, "
            "Assistants."
        )
    book = prices_of(workspace_id=workspace.pk)
    for item in items:
        name, model = item["assistant"], item.get("model") or assistants.default_model(item["assistant"])
        if pricing.find(book, name, model) is None:
            called = f"the model “{model}” of {assistants.label(name)}" if model else assistants.label(name)
            raise Problem(
                f"Nobody knows what {called} costs, so no budget can hold it. An owner enters its price under Cost."
            )


def save_price(*, workspace: Workspace, assistant: str, model: str, figures: Mapping[str, Decimal | None]) -> OwnPrice:
    """A price of one's own, from today on; it replaces an earlier one for the same model. Raises Problem.

    `figures`: input and output for a million tokens, search and request by the piece; what is left out costs nothing.
    """
    model = " ".join(model.split()) or assistants.default_model(assistant) or "*"
    if assistant not in {name for name, _ in assistants.choices()}:
        raise Problem("Choose one of the assistants.")
    if len(model) > LONGEST_MODEL or "\x00" in model:
        raise Problem(f"A model's name has at most {LONGEST_MODEL} characters.")
    try:
        cleaned = {name: prices.rate(figures.get(name) or Decimal(0)) for name in RATES}
    except ValueError as error:
        raise Problem(f"{str(error)[:1].upper()}{str(error)[1:]}") from None
    with transaction.atomic():
        row, _ = OwnPrice.objects.for_workspace(workspace).update_or_create(
            assistant=assistant,
            model=model,
            defaults={**cleaned, "entered_on": timezone.now().astimezone(workspace.zone).date()},
            create_defaults={
                **cleaned,
                "entered_on": timezone.now().astimezone(workspace.zone).date(),
                "workspace": workspace,
            },
        )
    return row


RATES = ("input", "output", "search", "request")


def delete_price(*, price: OwnPrice) -> None:
    """Go back to the built-in price, or to none."""
    OwnPrice.objects.for_workspace(price.workspace_id).filter(pk=price.pk).delete()


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
