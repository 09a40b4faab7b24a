import asyncio
from datetime import timedelta
from random import Random

from app.ids import ATTEMPT, DELIVERY, new_id
from app.stats.periods import CLOSED_AFTER, ClosedPeriods, close_periods, closed_until, period_begin, period_id
from app.stats.window import PERIOD, period_of
from tests.app.stats.traffic import Ended, Made, Traffic, random_traffic
from tests.domain import Domain


def a_webhook(domain: Domain) -> tuple[str, str]:
    return new_id("wh", domain.clock.now()), domain.caller.workspace_id


async def test_a_period_is_written_for_each_webhook_and_for_the_workspace(domain: Domain) -> None:
    (one, workspace_id), (other, _) = a_webhook(domain), a_webhook(domain)
    at = domain.clock.now() - 2 * CLOSED_AFTER
    await Traffic(
        [
            Made(new_id(DELIVERY, at), workspace_id, webhook_id, test, "SUCCEEDED", at)
            for webhook_id, test in ((one, False), (one, False), (one, True), (other, False))
        ],
        [
            Ended(new_id(ATTEMPT, at), workspace_id, one, trigger, duration, at)
            for trigger, duration in (("FIRST", 1_010), ("RETRY", 1_020), ("MANUAL", 9_000), ("TEST", 1_000))
        ],
    ).insert(domain)

    closed = await close_periods(domain.resources.database, domain.resources.clock)
    rows = await domain.rows("SELECT * FROM stats_period")

    assert closed == 1
    assert {row["id"]: (row["deliveries"], row["latencies"]) for row in rows} == {
        period_id(one, period_of(at)): (2, "[[1025,2],[9100,1]]"),
        period_id(other, period_of(at)): (1, "[]"),
        period_id(workspace_id, period_of(at)): (3, "[[1025,2],[9100,1]]"),
    }
    assert {period_begin(row["id"]) for row in rows} == {period_of(at)}


async def test_the_database_is_not_asked_again_before_another_period_is_over(domain: Domain) -> None:
    database, clock = domain.resources.database, domain.clock
    periods = ClosedPeriods(database, clock)
    await periods.close()
    await database.execute("DELETE FROM stats_progress")

    await periods.close()
    at_once = await domain.rows("SELECT * FROM stats_progress")
    clock.advance(PERIOD)
    await periods.close()

    assert at_once == []
    assert await closed_until(database) == period_of(clock.now() - CLOSED_AFTER)


async def test_a_period_stays_open_for_a_while_after_it_is_over(domain: Domain) -> None:
    webhook_id, workspace_id = a_webhook(domain)
    at = period_of(domain.clock.now())
    await Traffic([Made(new_id(DELIVERY, at), workspace_id, webhook_id, False, "PENDING", at)], []).insert(domain)

    domain.clock.advance(at + PERIOD + CLOSED_AFTER - timedelta(microseconds=1) - domain.clock.now())
    too_early = await close_periods(domain.resources.database, domain.resources.clock)
    domain.clock.advance(timedelta(microseconds=1))

    assert too_early == 0
    assert await close_periods(domain.resources.database, domain.resources.clock) == 1
    assert await closed_until(domain.resources.database) == at + PERIOD


async def test_time_without_anything_in_it_is_skipped(domain: Domain) -> None:
    webhook_id, workspace_id = a_webhook(domain)
    at = domain.clock.now() - timedelta(days=800)
    await Traffic([Made(new_id(DELIVERY, at), workspace_id, webhook_id, False, "FAILED", at)], []).insert(domain)

    closed = await close_periods(domain.resources.database, domain.resources.clock)

    assert closed == 1
    assert await closed_until(domain.resources.database) == period_of(domain.clock.now() - CLOSED_AFTER)


async def test_what_is_made_after_the_clock_was_set_back_is_counted(domain: Domain) -> None:
    webhook_id, workspace_id = a_webhook(domain)
    database, clock = domain.resources.database, domain.clock

    async def make(count: int) -> None:
        at = clock.now()
        rows = [Made(new_id(DELIVERY, at), workspace_id, webhook_id, False, "SUCCEEDED", at) for _ in range(count)]
        await Traffic(rows, []).insert(domain)

    await make(2)
    clock.advance(timedelta(hours=1))
    await close_periods(database, clock)
    clock.advance(-timedelta(hours=1))
    await make(3)

    await close_periods(database, clock)
    reopened = await closed_until(database)
    clock.advance(timedelta(hours=1))
    await close_periods(database, clock)

    assert reopened <= clock.now() - timedelta(hours=1)
    rows = await domain.rows("SELECT id, deliveries FROM stats_period ORDER BY id")
    assert [row["deliveries"] for row in rows] == [5, 5]
    assert {row["id"].partition(".")[0] for row in rows} == {webhook_id, workspace_id}


async def test_a_clock_that_was_set_back_by_days_leaves_what_was_counted(domain: Domain) -> None:
    database, clock = domain.resources.database, domain.clock
    await close_periods(database, clock)
    until = await closed_until(database)

    clock.advance(-timedelta(days=40))
    await close_periods(database, clock)

    assert await closed_until(database) == until


async def test_nothing_is_counted_twice_by_processes_that_close_at_once(domain: Domain) -> None:
    traffic = random_traffic(
        Random(1), [a_webhook(domain)], domain.clock.now() - timedelta(hours=5), domain.clock.now(), 300
    )
    await traffic.insert(domain)

    await asyncio.gather(*(close_periods(domain.resources.database, domain.resources.clock) for _ in range(4)))
    while await close_periods(domain.resources.database, domain.resources.clock):
        pass
    [row] = await domain.rows("SELECT sum(deliveries) AS total FROM stats_period WHERE id LIKE 'ws_%'")

    over = period_of(domain.clock.now() - CLOSED_AFTER)
    assert row["total"] == sum(made.at < over and not made.test for made in traffic.made)
