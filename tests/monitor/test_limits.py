"""Limits that all workers share: buckets never give more than a minute allows, one probe a breaker, fair shares."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from monitor.models import Budget, Credential, Gate, RateLimit, Response, ResponseStatus, Workspace
from monitor.services import limits
from tests.factories import make_workspace
from tests.monitor.test_budgets import in_threads, make_run


def make_credential(workspace: Workspace, assistant: str = "oracle", **wanted: Any) -> Credential:
    row = Credential.objects.create(workspace=workspace, assistant=assistant)
    limits.configure(
        credential=row,
        requests_per_minute=wanted.get("requests"),
        tokens_per_minute=wanted.get("tokens"),
        max_in_flight=wanted.get("max_in_flight", limits.IN_FLIGHT),
    )
    return row


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


def gate(credential: Credential) -> Gate:
    return Gate.objects.unscoped().get(credential=credential)


def later(credential: Credential, seconds: float) -> None:
    """As if that much time had passed: everything noted lies so much further back."""
    shift = timedelta(seconds=seconds)
    for limit in RateLimit.objects.unscoped().filter(credential=credential):
        limit.at -= shift
        limit.save()
    row = gate(credential)
    for name in ("cool_until", "open_until", "probe_until"):
        if moment := getattr(row, name):
            setattr(row, name, moment - shift)
    row.save()


def take(credential: Credential, requests: int = 1, tokens: int = 0) -> limits.Taken:
    return limits.take(credential_id=credential.pk, requests=requests, tokens=tokens)


# --- buckets ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_credential_without_limits_gives_what_is_asked(workspace: Workspace) -> None:
    assert take(make_credential(workspace), 1000) == limits.Taken(1000)


@pytest.mark.django_db
@pytest.mark.parametrize("per_minute", [1, 2, 7, 19, 20, 60, 500, 3000])
def test_no_minute_gets_more_than_its_number(workspace: Workspace, per_minute: int) -> None:
    credential = make_credential(workspace, requests=per_minute)
    taken: list[tuple[float, int]] = []
    for step in range(150):
        taken.append((step, take(credential, per_minute).granted))
        later(credential, 1)
    most = max(sum(n for at, n in taken if start <= at < start + 60) for start, _ in taken)
    assert 0 < most <= per_minute
    assert sum(n for _, n in taken) >= per_minute * 0.8 * 150 / 60 - 1, "and not much less than that either"


@pytest.mark.django_db
def test_tokens_and_requests_move_together(workspace: Workspace) -> None:
    credential = make_credential(workspace, requests=600, tokens=10_000)
    taken = take(credential, 50, 300)
    assert taken.granted == 3 and 0 < taken.wait_seconds < 5
    assert take(credential, 1, 50_000).granted == 0
    later(credential, 240)
    assert take(credential, 1, 50_000).granted == 1, "a call larger than the limit goes when the bucket is full"
    assert take(credential, 1, 300).granted == 0


@pytest.mark.django_db
def test_what_was_used_beyond_the_estimate_is_taken_out_and_unsent_calls_go_back(workspace: Workspace) -> None:
    credential = make_credential(workspace, requests=100, tokens=10_000)
    assert take(credential, 2, 100).granted == 2
    limits.spend_tokens(credential_id=credential.pk, tokens=5_000)
    late = take(credential, 1, 100)
    assert late.granted == 0 and late.wait_seconds > 20
    limits.spend_tokens(credential_id=credential.pk, tokens=-5_000)
    limits.give_back(credential_id=credential.pk, requests=2, tokens=100)
    assert take(credential, 20, 1).granted == 10


@pytest.mark.django_db(transaction=True)
def test_ten_thousand_takes_of_many_threads_never_pass_the_limit(workspace: Workspace) -> None:
    credential = make_credential(workspace, requests=6000)
    granted: list[int] = []
    started = time.monotonic()

    def ask(number: int) -> None:
        for _ in range(100):
            granted.append(take(credential, 12).granted)

    in_threads(10, ask)
    seconds = time.monotonic() - started
    capacity, rate = 600, (0.95 * 6000 + 1 - 600) / 60
    assert len(granted) * 12 > 10_000
    assert capacity <= sum(granted) <= capacity + rate * (seconds + 0.5) + 1
    assert 0 <= RateLimit.objects.unscoped().get().level <= capacity


# --- cooldown and breaker ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_everyone_waits_as_long_as_the_service_asked(workspace: Workspace) -> None:
    credential = make_credential(workspace, requests=60)
    limits.cool_down(credential_id=credential.pk, seconds=30)
    limits.cool_down(credential_id=credential.pk, seconds=5)
    taken = take(credential)
    assert taken.granted == 0 and 29 < taken.wait_seconds <= 30
    later(credential, 31)
    assert take(credential).granted == 1
    limits.cool_down(credential_id=credential.pk, seconds=1e9)
    assert take(credential).wait_seconds <= limits.LONGEST_COOLDOWN_SECONDS


@pytest.mark.django_db
def test_failures_in_a_row_open_the_breaker_and_a_good_probe_closes_it(workspace: Workspace) -> None:
    credential = make_credential(workspace)
    for _ in range(limits.FAILURES - 1):
        limits.report(credential_id=credential.pk, failed=1)
    limits.report(credential_id=credential.pk, ok=1)
    limits.report(credential_id=credential.pk, failed=limits.FAILURES - 1)
    assert take(credential).granted == 1
    limits.report(credential_id=credential.pk, failed=1)
    assert take(credential).wait_seconds > limits.OPEN_SECONDS - 1
    limits.report(credential_id=credential.pk, ok=3, failed=0)  # answers to calls from before
    assert take(credential).granted == 0
    later(credential, limits.OPEN_SECONDS + 1)
    probe = take(credential, 64)
    assert (probe.granted, probe.is_probe) == (1, True)
    assert take(credential).granted == 0
    # what calls from before bring while the probe is out is not the probe's
    limits.report(credential_id=credential.pk, ok=3)
    limits.report(credential_id=credential.pk, failed=3)
    assert take(credential).granted == 0
    limits.report(credential_id=credential.pk, ok=1, is_probe=True)
    assert take(credential, 64).granted == 64


@pytest.mark.django_db
def test_a_bad_probe_opens_it_for_longer_and_a_lost_one_is_made_again(workspace: Workspace, settings: Any) -> None:
    credential = make_credential(workspace)
    limits.report(credential_id=credential.pk, failed=limits.FAILURES)
    waits = []
    for _ in range(7):
        later(credential, limits.LONGEST_OPEN_SECONDS + 1)
        assert take(credential).is_probe
        limits.report(credential_id=credential.pk, failed=1, is_probe=True)
        waits.append(round(take(credential).wait_seconds / limits.OPEN_SECONDS))
    assert waits == [2, 4, 8, 16, 30, 30, 30]
    later(credential, limits.LONGEST_OPEN_SECONDS + 1)
    assert take(credential).is_probe
    over = max(settings.LEASE_SECONDS, settings.CALL_SECONDS + limits.MARGIN_SECONDS)
    assert take(credential).wait_seconds > over - 2
    later(credential, over + 1)
    assert take(credential).is_probe


@pytest.mark.django_db
def test_a_probe_that_its_bucket_does_not_allow_is_left_to_the_next(workspace: Workspace) -> None:
    credential = make_credential(workspace, requests=1)
    assert take(credential).granted == 1
    limits.report(credential_id=credential.pk, failed=limits.FAILURES)
    later(credential, limits.OPEN_SECONDS + 1)
    assert take(credential).granted == 0
    assert gate(credential).probe_until is None
    later(credential, 60)
    assert take(credential).is_probe


@pytest.mark.django_db(transaction=True)
def test_exactly_one_of_many_threads_makes_the_probe(workspace: Workspace) -> None:
    credential = make_credential(workspace)
    for _ in range(5):
        limits.report(credential_id=credential.pk, failed=limits.FAILURES)
        later(credential, limits.LONGEST_OPEN_SECONDS + 1)
        barrier = threading.Barrier(16)

        def ask(number: int, barrier: threading.Barrier = barrier) -> int:
            barrier.wait()
            return take(credential, 8).granted

        assert sum(in_threads(16, ask)) == 1
        limits.report(credential_id=credential.pk, failed=1, is_probe=True)


# --- fair shares ------------------------------------------------------------------------------------------------------


def flood(workspace: Workspace, count: int, assistant: str = "oracle", queue: str = "external") -> list[int]:
    run = make_run(workspace, responses=count)
    rows = Response.objects.filter(run=run)
    rows.update(status=ResponseStatus.PENDING, lease=0, assistant=assistant, queue=queue)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def claim(limit: int = 64, queues: tuple[str, ...] = ("external",), run_id: int | None = None) -> list[int]:
    """What a claim does with the rule."""
    with transaction.atomic(), connection.cursor() as cursor:
        limits.in_turn()
        cursor.execute(limits.FAIR_SHARE, limits.fair_values(queues=queues, limit=limit, run_id=run_id))
        ids = [row[0] for row in cursor.fetchall()]
        Response.objects.unscoped().filter(pk__in=ids).update(status=ResponseStatus.SENDING, lease_until=timezone.now())
    return ids


def owners(ids: list[int]) -> Counter[int]:
    return Counter(Response.objects.unscoped().filter(pk__in=ids).values_list("workspace_id", flat=True))


@pytest.mark.django_db
def test_a_flood_of_one_workspace_does_not_hold_back_another(workspace: Workspace) -> None:
    flood(workspace, 3000)
    assert len(claim()) == 64
    other = make_workspace()
    few = flood(other, 10)
    assert set(few) <= set(claim()), "all ten in the next round, for the other has 64 in flight already"
    assert owners(claim()) == {workspace.pk: 64}


@pytest.mark.django_db
def test_equal_workspaces_and_assistants_go_in_turn(workspace: Workspace) -> None:
    other = make_workspace()
    for assistant in ("oracle", "augur"):
        flood(workspace, 100, assistant)
    flood(other, 100)
    ids = claim(40)
    assert owners(ids) == {workspace.pk: 20, other.pk: 20}
    mine = Response.objects.for_workspace(workspace).filter(pk__in=ids)
    assert Counter(mine.values_list("assistant", flat=True)) == {"oracle": 10, "augur": 10}


@pytest.mark.django_db
def test_queues_come_in_their_order_and_a_run_may_be_asked_for_alone(workspace: Workspace) -> None:
    flood(workspace, 5, "local", "local")
    first = flood(workspace, 3, "local", "online")
    assert claim(4, ("online", "local"))[:3] == first
    alone = flood(workspace, 2)
    flood(workspace, 2)
    run_id = Response.objects.get(pk=alone[0]).run_id
    assert claim(run_id=run_id) == alone


@pytest.mark.django_db
def test_what_is_not_due_cancelled_or_behind_a_gate_is_left(workspace: Workspace) -> None:
    waiting = flood(workspace, 3)
    Response.objects.filter(pk=waiting[0]).update(next_try_at=timezone.now() + timedelta(minutes=1))
    credential = make_credential(workspace, requests=60)
    limits.cool_down(credential_id=credential.pk, seconds=20)
    assert claim() == []
    opens = limits.next_opening(queues=["external"])
    assert opens is not None and 19 < opens <= 20
    later(credential, 21)
    assert claim() == waiting[1:]
    other = flood(workspace, 2)
    Response.objects.get(pk=other[0]).run.__class__.objects.filter(responses=other[0]).update(status="cancelled")
    assert claim() == []


@pytest.mark.django_db
def test_a_claim_takes_no_more_than_bucket_and_cap_allow(workspace: Workspace) -> None:
    flood(workspace, 100)
    flood(make_workspace(), 5)
    credential = make_credential(workspace, requests=600, max_in_flight=70)
    assert owners(claim(200))[workspace.pk] == 60, "the bucket holds sixty"
    assert owners(claim(200))[workspace.pk] == 10, "ten more make seventy in flight"
    assert owners(claim(200))[workspace.pk] == 0
    Response.objects.for_workspace(workspace).filter(status="sending").update(status=ResponseStatus.ANSWERED)
    take(credential, 60)
    assert claim() == []
    opens = limits.next_opening(queues=["external"])
    assert opens is not None and 0 < opens < 1


@pytest.mark.django_db
def test_a_breaker_lets_one_be_claimed_and_a_full_budget_none(workspace: Workspace) -> None:
    ids = flood(workspace, 20)
    credential = make_credential(workspace)
    limits.report(credential_id=credential.pk, failed=limits.FAILURES)
    assert claim() == []
    later(credential, limits.OPEN_SECONDS + 1)
    assert claim() == ids[:1]
    assert take(credential, 1).is_probe
    assert claim() == []
    limits.report(credential_id=credential.pk, ok=1, is_probe=True)
    run = Response.objects.get(pk=ids[0]).run
    budget = Budget.objects.create(workspace=workspace, run=run, is_full=True)
    assert claim() == []
    free = flood(workspace, 1, "local", "local")
    assert claim(queues=("local",)) == free
    budget.is_full = False
    budget.save()
    assert claim() == ids[1:]


@pytest.mark.django_db(transaction=True)
def test_threads_that_claim_at_once_share_everything_out_once(workspace: Workspace) -> None:
    flood(workspace, 300)
    flood(make_workspace(), 300)

    def work(number: int) -> list[int]:
        mine: list[int] = []
        for _ in range(40):
            mine += claim(32)
        return mine

    claimed = [pk for part in in_threads(8, work) for pk in part]
    assert len(claimed) == len(set(claimed)) == 600


@pytest.mark.django_db(transaction=True)
def test_threads_that_claim_at_once_keep_to_the_cap(workspace: Workspace) -> None:
    flood(workspace, 200)
    make_credential(workspace, max_in_flight=20)
    claimed = [pk for part in in_threads(8, lambda number: claim(16) + claim(16)) for pk in part]
    assert len(claimed) == len(set(claimed)) == 20
