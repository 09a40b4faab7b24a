from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest

from app.errors import Forbidden, Rejected, UserErrorCode
from app.ids import ATTEMPT, DELIVERY, WEBHOOK, new_id
from app.stats.measure import DeliveryStats, measure, measure_webhooks
from app.stats.periods import close_periods
from app.statuses import Scope
from app.webhooks.fields import WebhookDraft
from app.webhooks.lifecycle import create_webhook, delete_webhook
from tests.app.stats.traffic import Ended, Made, Traffic, random_traffic
from tests.domain import Domain

HOUR = timedelta(hours=1)


async def webhooks_of(domain: Domain) -> list[tuple[str, str]]:
    """Two webhooks of our workspace and one of the other, with their workspaces."""
    made = []
    for caller in (domain.caller, domain.caller, domain.stranger):
        draft = WebhookDraft("A webhook", "https://example.com/hook", ["*"])
        created = await create_webhook(domain.resources, caller, draft)
        made.append((created.webhook.id, caller.workspace_id))
    return made


def windows(random: Random, since: datetime, until: datetime) -> Sequence[tuple[datetime, datetime, int]]:
    """Windows of every size, at random places."""
    found = [(since, until, 24)]
    for span in (timedelta(seconds=60), timedelta(minutes=20), HOUR, 2 * HOUR, 7 * HOUR, 30 * HOUR):
        begin = since + (until - since - span) * random.random()
        found.append((begin, begin + span, random.choice([1, 7, 24, 200])))
    return found


def deliveries_of(stats: DeliveryStats) -> tuple[object, ...]:
    """What statistics say of deliveries."""
    parts = [(bucket.since, bucket.succeeded, bucket.failed) for bucket in stats.series]
    return stats.deliveries, stats.succeeded, stats.failed, stats.pending, stats.success_rate, parts


async def without_attempts(
    domain: Domain, webhook_id: str, since: datetime, until: datetime, buckets: int
) -> tuple[object, ...]:
    window = (since, until, buckets)
    [stats] = await measure_webhooks(domain.resources, domain.caller, [webhook_id], *window, attempts=False)
    assert (stats.attempts, stats.latency_ms.p50) == (0, None)
    return deliveries_of(stats)


@pytest.mark.parametrize("seed", range(3))
async def test_statistics_are_what_counting_row_by_row_gives(domain: Domain, seed: int) -> None:
    random = Random(seed)
    now = domain.clock.now()
    begin = now - timedelta(days=2)
    webhooks = await webhooks_of(domain)
    traffic = random_traffic(random, webhooks, begin, now, 600)
    await traffic.insert(domain)

    # Nothing closed, then half of it by a clock that is behind, then everything that is over.
    for closed_at in (None, now - timedelta(hours=random.uniform(1, 40)), now):
        if closed_at is not None:
            domain.clock.advance(closed_at - domain.clock.now())
            await close_periods(domain.resources.database, domain.resources.clock)
            domain.clock.advance(now - closed_at)
        for webhook_id in (None, webhooks[0][0]):
            subject_id = webhook_id or domain.caller.workspace_id
            for since, until, buckets in windows(random, begin, now):
                stats = await measure(domain.resources, domain.caller, webhook_id, since, until, buckets)

                assert stats == traffic.counted(subject_id, stats.since, stats.until, len(stats.series))
                if webhook_id is not None:
                    assert await without_attempts(domain, webhook_id, since, until, buckets) == deliveries_of(stats)


async def test_a_delivery_counts_as_what_it_is_now(domain: Domain) -> None:
    [(webhook_id, workspace_id), *_] = await webhooks_of(domain)
    at = domain.clock.now() - 2 * HOUR
    await Traffic([Made(new_id(DELIVERY, at), workspace_id, webhook_id, False, "RETRYING", at)], []).insert(domain)
    await close_periods(domain.resources.database, domain.resources.clock)
    before = await measure(domain.resources, domain.caller)

    await domain.rows("UPDATE delivery SET status = 'SUCCEEDED'")
    after = await measure(domain.resources, domain.caller)

    assert (before.pending, before.succeeded, before.success_rate) == (1, 0, None)
    assert (after.pending, after.succeeded, after.success_rate) == (0, 1, 1.0)


async def test_statistics_of_nothing_have_no_rate_and_no_percentiles(domain: Domain) -> None:
    stats = await measure(domain.resources, domain.caller)

    assert (stats.deliveries, stats.attempts, stats.success_rate) == (0, 0, None)
    assert (stats.latency_ms.p50, stats.latency_ms.p95, stats.latency_ms.p99) == (None, None, None)
    assert [bucket.latency_ms.p95 for bucket in stats.series] == [None] * 24


async def test_a_deleted_webhook_keeps_its_statistics(domain: Domain) -> None:
    [(webhook_id, workspace_id), *_] = await webhooks_of(domain)
    at = domain.clock.now() - HOUR / 2
    await Traffic([], [Ended(new_id(ATTEMPT, at), workspace_id, webhook_id, "FIRST", 50_000, at)]).insert(domain)

    await delete_webhook(domain.resources, domain.caller, webhook_id)

    assert (await measure(domain.resources, domain.caller, webhook_id)).attempts == 1


async def test_another_workspaces_webhook_does_not_exist(domain: Domain) -> None:
    *_, (theirs, _) = await webhooks_of(domain)
    nowhere = new_id(WEBHOOK, domain.clock.now())

    for webhook_id in (theirs, nowhere, "no id at all"):
        with pytest.raises(Rejected) as rejected:
            await measure(domain.resources, domain.caller, webhook_id)
        (problem,) = rejected.value.problems
        assert (problem.code, problem.path) == (UserErrorCode.NOT_FOUND, ("webhookId",))
        assert problem.message == f'No webhook has the id "{webhook_id}"; give the id of one in this workspace.'


async def test_measuring_takes_the_scope_read(domain: Domain) -> None:
    caller = replace(domain.caller, scopes=frozenset(Scope) - {Scope.READ})

    with pytest.raises(Forbidden):
        await measure(domain.resources, caller)
