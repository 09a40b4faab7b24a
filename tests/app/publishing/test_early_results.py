"""Publishing gives early results: as soon as only a failure of the commit can change them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from app.catalogue import BUILT_IN
from app.database.errors import DatabaseUnavailable
from app.errors import Rejected
from app.group_commit import EarlyResult
from app.publishing.commit import Published
from app.publishing.draft import EventDraft
from app.updates import Topic
from app.webhooks.fields import WebhookDraft
from app.webhooks.lifecycle import create_webhook
from tests.clock import FakeClock
from tests.domain import Domain, open_domain
from tests.sqlite_faults import no_room_for_commits, slow_commits

EXAMPLE = dict(BUILT_IN["ticket.created"].example)

# On PostgreSQL no result is early.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
async def domain(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Domain]:
    async with open_domain(database_url, tmp_path, clock) as opened:
        webhook = WebhookDraft("Support desk", "https://example.com/hooks", ["*"])
        await create_webhook(opened.resources, opened.caller, webhook)
        # The registry is cached, as of the last change; otherwise the transaction is begun twice.
        registries = opened.resources.registries
        await registries.current(opened.resources.database, opened.caller.workspace_id)
        yield opened


async def publish(domain: Domain, *, key: str | None = None, more: int = 0) -> EarlyResult[Published]:
    draft = EventDraft("ticket.created", EXAMPLE | {"more": more}, idempotency_key=key)
    return await domain.resources.publisher.publish_early(domain.caller, [draft], batch=False)


async def counts(domain: Domain) -> tuple[int, int]:
    [row] = await domain.rows(
        "SELECT (SELECT count(*) FROM event) AS events, (SELECT count(*) FROM delivery) AS deliveries"
    )
    return row["events"], row["deliveries"]


async def test_an_early_result_is_shown_to_no_other_before_its_commit(domain: Domain) -> None:
    follow = domain.resources.updates.follow(Topic.DELIVERIES, domain.caller.workspace_id)
    async with aclosing(follow) as updates:
        await anext(updates)
        with slow_commits(domain.resources.database) as let_go:
            early = await publish(domain)
            told = asyncio.ensure_future(anext(updates))
            before = await counts(domain)
            assert (told.done(), domain.woken) == (False, [])
            let_go.set()
            await early.committed()
        [(_, update)] = (await told).updates

    assert (early.value.events[0].delivery_count, before) == (1, (0, 0))
    assert await counts(domain) == (1, 1)
    assert update.event_id == early.value.events[0].row.id


async def test_callers_that_want_no_early_result_wait_for_the_commit(domain: Domain) -> None:
    with slow_commits(domain.resources.database) as let_go:
        early = asyncio.create_task(publish(domain))
        draft = EventDraft("ticket.created", EXAMPLE)
        waiting = asyncio.create_task(domain.resources.publisher.publish(domain.caller, [draft], batch=False))
        await early
        assert not waiting.done()
        let_go.set()
        await waiting

    assert await counts(domain) == (2, 2)


async def test_a_key_conflicts_with_one_of_the_same_commit_only_when_that_is_done(domain: Domain) -> None:
    with slow_commits(domain.resources.database) as let_go:
        first, second = (asyncio.create_task(publish(domain, key="k", more=n)) for n in range(2))
        await first
        assert not second.done()
        let_go.set()
        with pytest.raises(Rejected, match="used before"):
            await second


async def test_a_commit_that_fails_fails_its_early_results_and_wakes_nobody(domain: Domain) -> None:
    with no_room_for_commits(domain.resources.database):
        results = await asyncio.gather(publish(domain), publish(domain))
        for early in results:
            with pytest.raises(DatabaseUnavailable, match="disk"):
                await early.committed()

    assert (await counts(domain), domain.woken) == ((0, 0), [])
    await (await publish(domain)).committed()
    assert await counts(domain) == (1, 1)


async def test_a_caller_that_leaves_during_the_commit_keeps_no_worker_asleep(domain: Domain) -> None:
    with slow_commits(domain.resources.database) as let_go:
        early = await publish(domain)
        leaving = asyncio.create_task(early.committed())
        await asyncio.sleep(0)
        leaving.cancel()
        let_go.set()
        await early.committed()
    await domain.resources.waker.drained()

    assert len(domain.woken) == 1
