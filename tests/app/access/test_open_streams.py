"""On both databases: open streams end with their credentials."""

from app.access.keys import KeyDraft, create_key, revoke_key
from app.access.known_keys import KEPT
from app.access.open_streams import CHECK_SECONDS
from app.errors import Unauthenticated
from app.statuses import Scope
from tests.domain import Domain


def test_revocation_reaches_every_open_stream_within_a_second() -> None:
    # Chores jitter by a tenth.
    assert KEPT.total_seconds() + 1.1 * CHECK_SECONDS < 0.9


async def test_a_stream_ends_with_its_key_and_others_go_on(domain: Domain) -> None:
    streams = domain.resources.open_streams
    keys = [await create_key(domain.resources, domain.caller, KeyDraft("CI", tuple(Scope))) for _ in range(2)]
    with streams.held(keys[0].key, None) as first, streams.held(keys[1].key, None) as second:
        await streams.check()
        before = first.done(), second.done()
        await revoke_key(domain.resources, domain.resources.authenticator.keys, domain.caller, keys[0].api_key.id)
        await streams.check()
        after = first.done(), second.done()

        assert (before, after) == ((False, False), (True, False))
        assert str(first.result()) == str(Unauthenticated("The API key is not valid."))


async def test_a_key_that_cannot_be_read_costs_its_own_streams_only(domain: Domain) -> None:
    streams = domain.resources.open_streams
    keys = [await create_key(domain.resources, domain.caller, KeyDraft("CI", tuple(Scope))) for _ in range(2)]
    with streams.held(keys[0].key, None) as broken, streams.held(keys[1].key, None) as other:
        await domain.rows("UPDATE api_key SET scopes = '[' WHERE id = $1 RETURNING id", keys[0].api_key.id)
        await domain.rows("UPDATE api_key SET revoked_at = 1 WHERE id = $1 RETURNING id", keys[1].api_key.id)
        domain.clock.advance(KEPT)
        await streams.check()

        assert (broken.done(), other.done()) == (False, True)


async def test_streams_stay_open_while_the_database_cannot_tell(domain: Domain) -> None:
    streams = domain.resources.open_streams
    created = await create_key(domain.resources, domain.caller, KeyDraft("CI", tuple(Scope)))
    with streams.held(created.key, None) as stream:
        await domain.rows("ALTER TABLE api_key RENAME TO away")
        await streams.check()
        await domain.rows("ALTER TABLE away RENAME TO api_key")

        assert not stream.done()
