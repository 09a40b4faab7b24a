"""On both databases: how long a cached key is trusted."""

import asyncio

import pytest

from app.access.keys import KeyDraft, create_key
from app.access.known_keys import KnownKeys
from app.statuses import Scope
from tests.domain import Domain


async def test_no_more_keys_are_kept_than_the_bound(domain: Domain) -> None:
    keys, now = KnownKeys(most=2), domain.clock.now()
    ids = [
        (await create_key(domain.resources, domain.caller, KeyDraft("CI", (Scope.READ,)))).api_key.id for _ in range(3)
    ]
    for key_id in ids:
        await keys.find(domain.resources.database, "id", key_id, now)
    await domain.rows("UPDATE api_key SET revoked_at = 1 RETURNING id")

    found = [await keys.find(domain.resources.database, "id", key_id, now) for key_id in reversed(ids)]

    assert [key.revoked for key in found if key is not None] == [False, False, True]


async def test_what_was_read_of_a_key_while_it_changed_is_not_kept(domain: Domain) -> None:
    keys, now = KnownKeys(), domain.clock.now()
    created = await create_key(domain.resources, domain.caller, KeyDraft("CI", (Scope.READ,)))
    key_id = created.api_key.id

    reading = asyncio.create_task(keys.find(domain.resources.database, "id", key_id, now))
    await asyncio.sleep(0)
    keys.forget(key_id)
    await reading
    await domain.rows("UPDATE api_key SET revoked_at = 1 RETURNING id")

    key = await keys.find(domain.resources.database, "id", key_id, now)
    assert key is not None
    assert key.revoked


async def test_uses_that_could_not_be_written_are_written_the_next_time(domain: Domain) -> None:
    resources, now = domain.resources, domain.clock.now()
    created = await create_key(resources, domain.caller, KeyDraft("CI", (Scope.READ,)))
    key = await resources.authenticator.keys.find(resources.database, "id", created.api_key.id, now)
    assert key is not None
    resources.authenticator.keys.note_use(key, now)

    await domain.rows("ALTER TABLE api_key RENAME TO away")
    with pytest.raises(Exception, match="api_key"):
        await resources.authenticator.keys.write_uses(resources.database)
    await domain.rows("ALTER TABLE away RENAME TO api_key")

    assert await resources.authenticator.keys.write_uses(resources.database) == 1
    assert await resources.authenticator.keys.write_uses(resources.database) == 0
