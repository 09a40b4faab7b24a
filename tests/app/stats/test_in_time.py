"""A webhook that cannot be counted in time keeps what closed periods tell, and the others are complete."""

from collections.abc import Sequence

import pytest

from app.database.database import Statements
from app.database.errors import DatabaseUnavailable
from app.database.in_time import NotInTime
from app.stats import in_time
from app.stats.counts import Part, Subjects, count_parts
from app.stats.measure import DeliveryStats, measure_webhooks
from app.stats.periods import close_periods
from app.stats.window import Window
from tests.app.stats.test_groups import MINUTE, insert
from tests.app.stats.test_measure import webhooks_of
from tests.domain import Domain


class SlowFor:
    """Counts as the product does, unless one webhook is among those that are counted."""

    def __init__(self, webhook_id: str) -> None:
        self._webhook_id = webhook_id
        self.counted: list[tuple[str, ...]] = []

    async def __call__(self, database: Statements, subjects: Subjects, window: Window) -> list[list[Part]]:
        self.counted.append(subjects.ids)
        if self._webhook_id in subjects.ids:
            raise NotInTime
        return await count_parts(database, subjects, window)


async def with_traffic(domain: Domain) -> tuple[str, str]:
    """Two webhooks, each with three deliveries in closed periods and one in a period that is still open."""
    one, other, _ = await webhooks_of(domain)
    for webhook in (one, other):
        for minutes in (120, 90, 60):
            await insert(domain, webhook, domain.clock.now() - minutes * MINUTE, ms=100)
        await insert(domain, webhook, domain.clock.now() - MINUTE, status="FAILED", ms=100)
    await close_periods(domain.resources.database, domain.clock)
    return one[0], other[0]


async def measured(domain: Domain, ids: Sequence[str]) -> list[DeliveryStats]:
    return await measure_webhooks(domain.resources, domain.caller, ids, None, None, 1)


async def test_what_is_slow_for_one_webhook_leaves_the_others_complete(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = await with_traffic(domain)
    monkeypatch.setattr(in_time, "count_parts", SlowFor(slow))

    known, all_of_it = await measured(domain, [slow, quick])

    assert (all_of_it.complete, all_of_it.deliveries, all_of_it.succeeded, all_of_it.failed) == (True, 4, 3, 1)
    assert all_of_it.success_rate == 0.75
    assert (known.complete, known.deliveries, known.attempts) == (False, 3, 3)
    assert (known.succeeded, known.failed, known.pending, known.success_rate) == (0, 0, 0, None)
    assert known.latency_ms == all_of_it.latency_ms


async def test_webhooks_are_counted_together_while_all_are_quick(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await with_traffic(domain)
    counting = SlowFor("")
    monkeypatch.setattr(in_time, "count_parts", counting)

    stats = await measured(domain, ids)

    assert counting.counted == [ids]
    assert [one.complete for one in stats] == [True, True]


async def test_many_slow_webhooks_take_no_longer_than_all_may(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, other = await with_traffic(domain)
    counting = SlowFor(slow)
    monkeypatch.setattr(in_time, "count_parts", counting)
    monkeypatch.setattr(in_time, "ALL_ALONE_SECONDS", -1.0)

    stats = await measured(domain, [slow, other])

    assert counting.counted == [(slow, other)]
    assert [one.complete for one in stats] == [False, False]


async def test_a_database_that_answers_nothing_is_still_an_error(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> list[list[Part]]:
        raise DatabaseUnavailable

    ids = await with_traffic(domain)
    monkeypatch.setattr(in_time, "count_parts", away)
    monkeypatch.setattr(in_time, "count_closed_parts", away)

    with pytest.raises(DatabaseUnavailable):
        await measured(domain, ids)
