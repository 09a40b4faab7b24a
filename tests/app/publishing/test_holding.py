"""Who publishes may go on before the commit is done, if they hold what they tell until then."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from app.catalogue import BUILT_IN
from app.database.errors import DatabaseUnavailable
from app.errors import Rejected
from app.group_commit import Commit
from app.publishing.commit import Published
from app.publishing.draft import EventDraft
from app.updates import Topic
from app.webhooks.fields import WebhookDraft
from app.webhooks.lifecycle import create_webhook
from tests.clock import FakeClock
from tests.domain import Domain, open_domain
from tests.sqlite_faults import no_room_for_commits, slow_commits

EXAMPLE = dict(BUILT_IN["ticket.created"].example)

# On PostgreSQL nothing is known before it is committed.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
async def domain(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Domain]:
    async with open_domain(database_url, tmp_path, clock) as opened:
        webhook = WebhookDraft("Support desk", "https://example.com/hooks", ["*"])
        await create_webhook(opened.resources, opened.caller, webhook)
        # At hand, as of the last change: else the transaction is begun twice, and what comes of it not known early.
        registries = opened.resources.publisher.registries
        await registries.current(opened.resources.database, opened.caller.workspace_id)
        yield opened


async def publish(
    domain: Domain, hold: Callable[[Commit], None] | None = None, *, key: str | None = None, more: int = 0
) -> Published:
    draft = EventDraft("ticket.created", EXAMPLE | {"more": more}, idempotency_key=key)
    return await domain.resources.publisher.publish(domain.caller, [draft], batch=False, hold=hold)


async def counts(domain: Domain) -> tuple[int, int]:
    [row] = await domain.rows(
        "SELECT (SELECT count(*) FROM event) AS events, (SELECT count(*) FROM delivery) AS deliveries"
    )
    return row["events"], row["deliveries"]


async def test_what_is_known_before_the_commit_is_done_is_told_to_nobody_else(domain: Domain) -> None:
    held: list[Commit] = []
    follow = domain.resources.updates.follow(Topic.DELIVERIES, domain.caller.workspace_id)
    async with aclosing(follow) as updates:
        await anext(updates)
        with slow_commits(domain.resources.database) as let_go:
            known = await publish(domain, held.append)
            told = asyncio.ensure_future(anext(updates))
            before = await counts(domain)
            assert (told.done(), domain.woken) == (False, [])
            let_go.set()
            await held[0].done()
        [(_, update)] = (await told).updates

    assert (known.events[0].delivery_count, before) == (1, (0, 0))
    assert await counts(domain) == (1, 1)
    assert update.event_id == known.events[0].row.id


async def test_who_holds_nothing_waits_for_the_commit(domain: Domain) -> None:
    with slow_commits(domain.resources.database) as let_go:
        holding = asyncio.create_task(publish(domain, list[Commit]().append))
        waiting = asyncio.create_task(publish(domain))
        await holding
        assert not waiting.done()
        let_go.set()
        await waiting

    assert await counts(domain) == (2, 2)


async def test_a_key_conflicts_with_one_of_the_same_commit_only_when_that_is_done(domain: Domain) -> None:
    held: list[Commit] = []
    with slow_commits(domain.resources.database) as let_go:
        first, second = (asyncio.create_task(publish(domain, held.append, key="k", more=n)) for n in range(2))
        await first
        assert not second.done()
        let_go.set()
        with pytest.raises(Rejected, match="used before"):
            await second

    assert len(held) == 1


async def test_a_commit_that_fails_is_told_to_who_waits_and_to_who_holds_and_wakes_nobody(domain: Domain) -> None:
    held: list[Commit] = []
    with no_room_for_commits(domain.resources.database):
        holding = asyncio.create_task(publish(domain, held.append))
        with pytest.raises(DatabaseUnavailable, match="disk"):
            await publish(domain)
        await holding
        with pytest.raises(DatabaseUnavailable, match="disk"):
            await held[0].done()

    assert (await counts(domain), domain.woken) == ((0, 0), [])
    await publish(domain)
    assert await counts(domain) == (1, 1)
