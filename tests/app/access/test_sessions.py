"""Sessions of the dashboard: how they open and how they end, on both databases."""

from datetime import timedelta

import pytest

from app.access.keys import KeyDraft, create_key, revoke_key
from app.access.sessions import IDLE
from app.errors import Unauthenticated
from app.statuses import Scope
from tests.domain import Domain


async def opened(domain: Domain) -> tuple[str, str]:
    """A key's ID and the token of a session of its holder."""
    created = await create_key(domain.resources, domain.caller, KeyDraft("a person", (Scope.READ,)))
    return created.api_key.id, await domain.resources.authenticator.sessions.open(created.api_key.id)


async def test_a_session_may_do_what_its_key_may_do(domain: Domain) -> None:
    key_id, token = await opened(domain)

    caller = await domain.resources.authenticator.authenticate(token, None)

    assert (caller.api_key_id, caller.scopes) == (key_id, frozenset({Scope.READ}))


async def test_a_session_ends_when_nobody_used_it_for_twelve_hours_and_not_before(domain: Domain) -> None:
    authenticator = domain.resources.authenticator
    _, token = await opened(domain)

    domain.clock.advance(IDLE - timedelta(minutes=1))
    await authenticator.authenticate(token, None)
    domain.clock.advance(IDLE - timedelta(minutes=1))
    await authenticator.authenticate(token, None)
    domain.clock.advance(IDLE)

    with pytest.raises(Unauthenticated, match=r"^The session has ended; sign in again\.$"):
        await authenticator.authenticate(token, None)


async def test_a_session_ends_with_its_key(domain: Domain) -> None:
    key_id, token = await opened(domain)

    await revoke_key(domain.resources, domain.resources.authenticator.keys, domain.caller, key_id)

    with pytest.raises(Unauthenticated):
        await domain.resources.authenticator.authenticate(token, None)


async def test_a_session_that_was_ended_is_refused_and_ending_it_twice_is_no_error(domain: Domain) -> None:
    authenticator = domain.resources.authenticator
    _, token = await opened(domain)

    await authenticator.sessions.end(token)
    await authenticator.sessions.end(token)

    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(token, None)


async def test_the_token_of_a_session_is_not_in_the_database(domain: Domain) -> None:
    _, token = await opened(domain)

    rows = await domain.resources.database.fetch("SELECT * FROM session")

    assert len(rows) == 1
    assert token.removeprefix("eevs_") not in str(rows)


async def test_idle_sessions_are_deleted_when_the_next_one_opens(domain: Domain) -> None:
    await opened(domain)
    domain.clock.advance(IDLE)

    await opened(domain)

    assert len(await domain.resources.database.fetch("SELECT id FROM session")) == 1
