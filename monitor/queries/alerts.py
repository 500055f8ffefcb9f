"""Alerts as pages and e-mails show them: what rules told, the rules in words, and what a rule would have told.

`found` is what every rule is evaluated by, in the background as in the preview. Reads alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import Max, QuerySet
from django.utils import timezone

from monitor import assistants, plain
from monitor.firings import Firing, news
from monitor.models import (
    Alert,
    AlertKind,
    AlertRecipient,
    AlertRule,
    Mail,
    MailStatus,
    Workspace,
)
from monitor.models.alerts import WATCHES
from monitor.queries import dashboard
from monitor.queries.alert_changes import changes, sentiment
from monitor.queries.alert_citations import citations
from monitor.queries.alert_money import money
from monitor.queries.alert_silence import silence
from monitor.queries.filters import Filter, Period

#: The ready-made rules, as they are offered after "Tell me when".
READY_MADE_WORDS = (
    (AlertKind.CHANGE, "we are named or cited more, or less, than before, beyond noise"),
    (AlertKind.CITATIONS, "an assistant starts or stops citing our pages for a prompt"),
    (AlertKind.SENTIMENT, "more of the answers that name us are negative"),
    (AlertKind.SILENCE, "a scheduled run did not happen, or too much of it failed"),
    (AlertKind.BUDGET, "80 % of the month's budget is spent, or a run waits for budget"),
)
PREVIEW_DAYS = 30
PREVIEWED = 12
PAGE_SIZE = 50
NEWEST = 3
TROUBLES_SHOWN = 5
DIGEST_DAYS = 7


def found(rule: AlertRule, now: datetime, days: int) -> list[Firing]:
    """All that the rule sees as of each of the last `days` days, the same thing again and again included."""
    today = now.astimezone(rule.workspace.zone).date()
    period = Period(today - timedelta(days=days - 1), today)
    match rule.kind:
        case AlertKind.CHANGE:
            return changes(rule, period)
        case AlertKind.CITATIONS:
            return citations(rule, period)
        case AlertKind.SENTIMENT:
            return sentiment(rule, period)
        case AlertKind.SILENCE:
            return silence(rule, period, now)
        case AlertKind.BUDGET:
            return money(rule, period, today)
    raise ValueError(f"There is no kind of rule {rule.kind!r}.")


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would have told over the last thirty days, the newest first."""

    firings: tuple[Firing, ...]
    more: int

    @property
    def count(self) -> int:
        return len(self.firings) + self.more


def preview(rule: AlertRule) -> Preview:
    """For a rule that need not be saved."""
    told = news(found(rule, timezone.now(), PREVIEW_DAYS), {})[::-1]
    return Preview(tuple(told[:PREVIEWED]), max(0, len(told) - PREVIEWED))


# --- what was told -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    alert: Alert
    address: str


def unseen(workspace: Workspace) -> QuerySet[Alert]:
    return Alert.objects.for_workspace(workspace).filter(seen_at=None)


def page(workspace: Workspace, *, everything: bool, number: str | None) -> Page[Alert]:
    """A page of what was told, the newest first."""
    rows = Alert.objects.for_workspace(workspace) if everything else unseen(workspace)
    return Paginator(rows.select_related("rule").order_by("-pk"), PAGE_SIZE).get_page(number)


def any_rule(workspace: Workspace) -> bool:
    return AlertRule.objects.for_workspace(workspace).filter(archived_at=None).exists()


def rows_of(workspace: Workspace, alerts: Iterable[Alert]) -> list[Row]:
    return [Row(alert, alert.address(workspace.slug)) for alert in alerts]


def newest_unseen(workspace: Workspace) -> list[Row]:
    return rows_of(workspace, unseen(workspace).select_related("rule").order_by("-pk")[:NEWEST])


def troubles(workspace: Workspace) -> list[Mail]:
    """The latest e-mails that a mail server did not take, or perhaps not; those that will be tried again included.

    Reports' own stand with the reports.
    """
    rows = Mail.objects.for_workspace(workspace).filter(issue=None).exclude(error="").exclude(status=MailStatus.SENT)
    recent = rows.filter(created_at__gte=timezone.now() - timedelta(days=14))
    return list(recent.order_by("-pk")[:TROUBLES_SHOWN])


def what_changed(workspace: Workspace, until: datetime) -> list[str]:
    """The Overview's findings of the seven days before, a sentence each."""
    end = until.astimezone(workspace.zone).date() - timedelta(days=1)
    chosen = Filter(Period(end - timedelta(days=DIGEST_DAYS - 1), end))
    return [_finding_words(finding) for finding in dashboard.overview(workspace, chosen).findings]


def _finding_words(finding: dashboard.Finding) -> str:
    act = "named" if finding.measure == "named" else "cited"
    after, before = plain.percent(finding.after.rate), plain.percent(finding.before.rate)
    moved = f"{'up' if finding.up else 'down'} from {before}"
    weight = f"{plain.points(finding.change.difference)}; {finding.change.pairs} prompts"
    return f"{finding.subject} is {act} in {after} of {finding.label}'s answers, {moved} ({weight})."


# --- the rules -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule in words, the addresses it writes to, and when it last told something."""

    rule: AlertRule
    words: str
    recipients: tuple[str, ...]
    last_told: datetime | None


def rules(workspace: Workspace) -> list[RuleRow]:
    """The rules that are not deleted; a fixed number of queries."""
    rows = AlertRule.objects.for_workspace(workspace).filter(archived_at=None).select_related("brand", "panel")
    listed = list(rows.annotate(last_told=Max("alerts__created_at")).order_by("pk"))
    people: dict[int, list[str]] = defaultdict(list)
    recipients = AlertRecipient.objects.for_workspace(workspace).order_by("membership__user__email")
    for rule_id, email in recipients.values_list("rule", "membership__user__email"):
        people[rule_id].append(email)
    return [RuleRow(rule, rule_words(rule), tuple(people[rule.pk]), rule.last_told) for rule in listed]


@dataclass(frozen=True, slots=True)
class ReadyMade:
    """A ready-made rule on offer."""

    kind: str
    words: str


def ready_made(listed: Iterable[RuleRow]) -> list[ReadyMade]:
    """What "Tell me when" offers beside these rules: the kinds that none of them watches."""
    watched = {row.rule.kind for row in listed if row.rule.is_on}
    return [ReadyMade(kind, words) for kind, words in READY_MADE_WORDS if kind not in watched]


def rule_words(rule: AlertRule) -> str:
    """What the rule watches, in a line."""
    said = [WATCHES[rule.kind][watch] for watch in rule.watches if watch in WATCHES[rule.kind]]
    what = "; ".join(each[0].lower() + each[1:] if place else each for place, each in enumerate(said))
    match rule.kind:
        case AlertKind.CHANGE | AlertKind.SENTIMENT:
            what += f"; {rule.days} days against the {rule.days} before"
            what += f", at least {rule.percent} points" if rule.percent else ""
        case AlertKind.CITATIONS:
            what += f"; {rule.runs} runs against the {rule.runs} before"
        case AlertKind.SILENCE:
            what += f" ({_silence_words(rule)})"
        case AlertKind.BUDGET if "month" in rule.watches:
            what += f" ({rule.percent} %)"
    where = [
        *([rule.brand.name] if rule.brand else []),
        *([f"panel “{rule.panel.name}”"] if rule.panel else []),
        *([", ".join(map(assistants.label, rule.assistants))] if rule.assistants else []),
    ]
    return f"{' · '.join(where)}: {what}" if where else what


def _silence_words(rule: AlertRule) -> str:
    said = {"missed": f"{rule.hours} h", "failed": f"more than {rule.percent} %"}
    return ", ".join(said[watch] for watch in rule.watches if watch in said)
