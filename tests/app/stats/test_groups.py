"""On both databases: deliveries in groups, and the share that succeeded in time, are what counting row by row gives."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.clock import to_micros
from app.ids import ATTEMPT, DELIVERY, new_id
from app.stats import groups, within
from app.stats.groups import StatsDimension
from app.stats.latency import rounded
from app.stats.measure import Counted, measure
from app.stats.periods import close_periods
from tests.app.stats.test_measure import webhooks_of
from tests.domain import Domain

MINUTE = timedelta(minutes=1)


async def insert(domain: Domain, webhook: tuple[str, str], at: datetime, **given: Any) -> None:
    """A delivery that was created at a time, with one attempt if `ms`, its duration, is given."""
    made = {"event_type": "ticket.created", "status": "SUCCEEDED", "test": False, "outcome": None, "answered": None}
    row = {**made, "ms": None, **given}
    created, webhook_id, delivery_id = to_micros(at), webhook[0], new_id(DELIVERY, at)
    await domain.resources.database.execute(
        "INSERT INTO delivery (id, workspace_id, event_id, webhook_id, event_type, test, status, trigger,"
        " attempt_count, retries_used, created_at, completed_at, last_outcome, last_response_status)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, 'FIRST', 1, 0, $8, $9, $10, $11)",
        *(delivery_id, webhook[1], delivery_id, webhook_id, row["event_type"], row["test"], row["status"], created),
        *(None if row["ms"] is None else created + row["ms"] * 1_000, row["outcome"], row["answered"]),
    )
    if row["ms"] is not None:
        await domain.resources.database.execute(
            "INSERT INTO attempt (id, workspace_id, delivery_id, webhook_id, worker_id, number, trigger, started_at,"
            " duration_us, outcome, request_method, request_url, request_headers, response_truncated)"
            " VALUES ($1, $2, $3, $4, 'wrk', 1, $5, 0, $6, 'SUCCEEDED', 'POST', 'https://example.com', '[]',"
            " false)",
            *(new_id(ATTEMPT, at), webhook[1], delivery_id, webhook_id, "TEST" if row["test"] else "FIRST"),
            row["ms"] * 1_000,
        )


async def counted(domain: Domain, webhook_id: str | None = None, **window: Any) -> Counted:
    stats = await measure(domain.resources, domain.caller, webhook_id, **window)
    assert stats.counted is not None
    return stats.counted


async def grouped(domain: Domain, counted_: Counted, by: StatsDimension, first: int = 20) -> list[Any]:
    found = await counted_.groups(domain.resources.database, by, first)
    return [(group.key, group.deliveries, group.succeeded, group.failed, group.took.total()) for group in found]


@pytest.fixture
async def webhooks(domain: Domain) -> list[tuple[str, str]]:
    """Two webhooks of ours and one of others, with deliveries of the last half hour, and some before that."""
    ours, second, theirs = await webhooks_of(domain)
    at = domain.clock.now() - 30 * MINUTE
    for number in range(4):
        when = at + number * MINUTE
        await insert(domain, ours, when, outcome="SUCCEEDED", answered=200, ms=100)
    failed = {"status": "FAILED", "outcome": "HTTP_ERROR", "answered": 503}
    await insert(domain, ours, at, event_type="agent.error", ms=2_000, **failed)
    await insert(domain, second, at, event_type="agent.error", status="FAILED", outcome="TIMEOUT", ms=30_000)
    await insert(domain, second, at, event_type="system.update", status="PENDING")
    await insert(domain, second, at, outcome="SUCCEEDED", answered=204, ms=5_000)
    await insert(domain, second, at, test=True, ms=1)
    await insert(domain, theirs, at, ms=1)
    await insert(domain, ours, at - 90 * MINUTE, ms=1)
    return [ours, second, theirs]


@pytest.mark.parametrize("closes", [False, True])
async def test_deliveries_are_grouped_by_each_dimension(
    domain: Domain, webhooks: list[tuple[str, str]], closes: bool
) -> None:
    if closes:
        await close_periods(domain.resources.database, domain.resources.clock)
    hour = await counted(domain, since=domain.clock.now() - 60 * MINUTE)
    one = await counted(domain, webhooks[1][0], since=domain.clock.now() - 60 * MINUTE, buckets=1)

    assert await grouped(domain, hour, StatsDimension.EVENT_TYPE) == [
        ("ticket.created", 5, 5, 0, 5),
        ("agent.error", 2, 0, 2, 2),
        ("system.update", 1, 0, 0, 0),
    ]
    assert await grouped(domain, hour, StatsDimension.OUTCOME) == [
        ("SUCCEEDED", 5, 5, 0, 5),
        ("HTTP_ERROR", 1, 0, 1, 1),
        ("NONE", 1, 0, 0, 0),
        ("TIMEOUT", 1, 0, 1, 1),
    ]
    assert await grouped(domain, hour, StatsDimension.STATUS_CLASS) == [
        ("2xx", 5, 5, 0, 5),
        ("NONE", 2, 0, 1, 1),
        ("5xx", 1, 0, 1, 1),
    ]
    assert await grouped(domain, hour, StatsDimension.WEBHOOK) == [
        (webhooks[0][0], 5, 4, 1, 5),
        (webhooks[1][0], 3, 1, 1, 2),
    ]
    assert await grouped(domain, one, StatsDimension.WEBHOOK) == [(webhooks[1][0], 3, 1, 1, 2)]
    assert await grouped(domain, one, StatsDimension.EVENT_TYPE, first=1) == [("agent.error", 1, 0, 1, 1)]


async def test_of_very_many_deliveries_groups_are_estimated_from_the_newest_of_each_part(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "MAX_ROWS", 20)
    [webhook, *_] = await webhooks_of(domain)
    begin = domain.clock.now() - 40 * MINUTE
    for second in range(60):  # all in the first of two parts
        kind = "ticket.created" if second % 2 else "agent.error"
        await insert(domain, webhook, begin + timedelta(seconds=second), event_type=kind, ms=7)
    await insert(domain, webhook, begin + 30 * MINUTE, event_type="system.update")

    half_hours = await counted(domain, since=begin, until=begin + 40 * MINUTE, buckets=2)

    assert await grouped(domain, half_hours, StatsDimension.EVENT_TYPE) == [
        ("agent.error", 30, 30, 0, 30),
        ("ticket.created", 30, 30, 0, 30),
        ("system.update", 1, 1, 0, 0),
    ]


async def test_the_share_that_succeeded_in_time_is_of_those_that_succeeded(
    domain: Domain, webhooks: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, hour = domain.resources.database, domain.clock.now() - 60 * MINUTE
    everything = await counted(domain, since=hour)
    second = await counted(domain, webhooks[1][0], since=hour)
    nothing = await counted(domain, since=domain.clock.now() - MINUTE)

    assert await everything.share_within(database, 100) == pytest.approx(0.8)
    assert await everything.share_within(database, 99) == 0
    assert await everything.share_within(database, 5_000) == 1
    assert await second.share_within(database, 100) == 0
    assert await nothing.share_within(database, 100) is None
    # A row at most of each of 24 parts: the 4 of the first one are taken for slow or fast as its newest is.
    monkeypatch.setattr(within, "MAX_ROWS", 1)
    assert 0 <= (await everything.share_within(database, 100) or 0) <= 1


async def test_percentiles_of_a_group_are_those_of_its_attempts(
    domain: Domain, webhooks: list[tuple[str, str]]
) -> None:
    hour = await counted(domain, since=domain.clock.now() - 60 * MINUTE)

    [slow] = [
        group
        for group in await hour.groups(domain.resources.database, StatsDimension.OUTCOME, 20)
        if group.key == "TIMEOUT"
    ]

    assert slow.took == Counter({rounded(30_000_000): 1})
