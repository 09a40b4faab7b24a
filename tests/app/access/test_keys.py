"""On both databases: who a caller is, and how keys are created and revoked."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.access.actor import Actor
from app.access.caller import Caller
from app.access.key_format import is_key
from app.access.keys import (
    CreatedKey,
    KeyDraft,
    bootstrap,
    create_key,
    revoke_key,
)
from app.access.known_keys import KEPT, digest
from app.errors import Forbidden, Problem, Rejected, Unauthenticated, UserErrorCode
from app.ids import API_KEY, new_id
from app.models import ApiKey
from app.statuses import ActorKind, Scope
from tests.clock import FakeClock
from tests.domain import Domain, open_domain


async def made(domain: Domain, *scopes: Scope, **fields: object) -> CreatedKey:
    draft = replace(KeyDraft("CI", scopes or tuple(Scope)), **fields)  # type: ignore[arg-type]
    return await create_key(domain.resources, domain.caller, draft)


async def call(domain: Domain, key: str, source: str | None = "198.51.100.1") -> Caller:
    return await domain.resources.authenticator.authenticate(key, source)


async def test_a_key_names_its_workspace_its_scopes_and_who_acts(domain: Domain) -> None:
    created = await made(domain, Scope.READ, Scope.PUBLISH)

    caller = await call(domain, created.key)

    assert caller == Caller(
        workspace_id=domain.caller.workspace_id,
        actor=Actor(ActorKind.API_KEY, created.api_key.id, "CI"),
        scopes=frozenset({Scope.READ, Scope.PUBLISH}),
        api_key_id=created.api_key.id,
        source_address="198.51.100.1",
        credential_digest=digest(created.key),
    )


async def test_a_key_is_random_recognisable_and_kept_as_a_hash_only(domain: Domain) -> None:
    created = await made(domain)

    [row] = await domain.rows("SELECT * FROM api_key WHERE id = $1", created.api_key.id)

    assert created.key.startswith("eev_")
    assert is_key(created.key)
    assert row["hint"] == created.key[-4:]
    assert row["key_hash"] == digest(created.key)
    assert created.key not in repr(row)
    assert created.key not in repr(created)
    assert created.key not in repr(await domain.audit_log())
    assert (await made(domain)).key != created.key


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("", "There is no API key; send one as `Authorization: Bearer <key>`."),
        ("eev_" + "x" * 40, "The API key is not valid."),
        ("x" * 1_001, "The API key is not valid."),
        ("\ud800", "The API key is not valid."),
        ("eevt_abc", "The access token is not valid."),
    ],
)
async def test_what_is_no_key_is_refused(domain: Domain, token: str, message: str) -> None:
    with pytest.raises(Unauthenticated) as refused:
        await call(domain, token)

    assert str(refused.value) == message


async def test_a_revoked_key_is_refused_in_the_words_for_one_that_never_was(domain: Domain) -> None:
    await made(domain)
    created = await made(domain)
    await call(domain, created.key)

    revoked = await revoke_key(domain.resources, domain.resources.authenticator.keys, domain.caller, created.api_key.id)

    assert revoked.revoked_at == domain.clock.now()
    with pytest.raises(Unauthenticated, match=r"^The API key is not valid\.$"):
        await call(domain, created.key)
    assert [entry["subject_id"] for entry in await domain.audit_log("api_key.revoked")] == [created.api_key.id]


async def test_a_key_that_another_process_revoked_is_refused_within_a_second(domain: Domain) -> None:
    created = await made(domain)
    await call(domain, created.key)
    await domain.rows("UPDATE api_key SET revoked_at = 1 WHERE id = $1 RETURNING id", created.api_key.id)

    await call(domain, created.key)

    domain.clock.advance(KEPT)
    with pytest.raises(Unauthenticated):
        await call(domain, created.key)


async def test_a_clock_that_is_set_back_does_not_keep_a_revoked_key_alive(domain: Domain) -> None:
    created = await made(domain)
    await call(domain, created.key)
    await domain.rows("UPDATE api_key SET revoked_at = 1 WHERE id = $1 RETURNING id", created.api_key.id)

    domain.clock.advance(timedelta(hours=-1))

    with pytest.raises(Unauthenticated):
        await call(domain, created.key)


async def test_a_key_ends_at_its_time_to_the_moment(domain: Domain) -> None:
    created = await made(domain, expires_at=domain.clock.now() + timedelta(seconds=90))

    domain.clock.advance(89.999999)
    await call(domain, created.key)
    domain.clock.advance(0.000001)

    with pytest.raises(Unauthenticated) as refused:
        await call(domain, created.key)
    assert str(refused.value) == (
        "The API key expired at 2026-03-14T09:28:23.589Z; an administrator can make a new one."
    )


@pytest.mark.parametrize("source", ["203.0.113.9", "::ffff:203.0.113.9", "2001:db8::7"])
async def test_a_key_bound_to_addresses_may_be_used_from_them(domain: Domain, source: str) -> None:
    created = await made(domain, allowed_sources=["203.0.113.0/24", "2001:db8::7"])

    caller = await call(domain, created.key, source)

    assert caller.source_address == source


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("198.51.100.1", "This API key may not be used from 198.51.100.1; it is not among the key's allowed sources."),
        (
            "::ffff:198.51.100.1",
            "This API key may not be used from 198.51.100.1; it is not among the key's allowed sources.",
        ),
        (None, "This API key may only be used from certain addresses, and yours is not known."),
        ("unix:", "This API key may only be used from certain addresses, and yours is not known."),
    ],
)
async def test_a_key_bound_to_addresses_may_not_be_used_from_others(
    domain: Domain, source: str | None, message: str
) -> None:
    created = await made(domain, allowed_sources=["203.0.113.0/24"])

    with pytest.raises(Forbidden) as refused:
        await call(domain, created.key, source)

    assert str(refused.value) == message


async def test_the_last_use_is_written_together_and_at_most_once_a_minute(domain: Domain) -> None:
    first, second = await made(domain), await made(domain)
    used_at = domain.clock.now()
    await call(domain, first.key)
    await call(domain, first.key)
    await call(domain, second.key)

    written = await domain.resources.authenticator.keys.write_uses(domain.resources.database)
    for seconds in (1, 58):
        domain.clock.advance(seconds)
        await call(domain, first.key)
    again = await domain.resources.authenticator.keys.write_uses(domain.resources.database)
    later = domain.clock.advance(1)
    await call(domain, first.key)
    after_a_minute = await domain.resources.authenticator.keys.write_uses(domain.resources.database)

    assert (written, again, after_a_minute) == (2, 0, 1)
    keys = {key.id: key.last_used_at for key in await ApiKey.all().using_db(domain.resources.database.orm)}
    assert keys == {first.api_key.id: later, second.api_key.id: used_at}


async def test_a_key_is_made_with_what_was_asked_for(domain: Domain) -> None:
    expires_at = domain.clock.now() + timedelta(days=1)

    created = await made(
        domain,
        Scope.PUBLISH,
        Scope.READ,
        name=" CI ",
        allowed_sources=["203.0.113.7", "10.0.0.0/8"],
        expires_at=expires_at,
    )

    [stored] = await ApiKey.filter(id=created.api_key.id).using_db(domain.resources.database.orm)
    assert stored.name == "CI"
    assert stored.scopes == ["READ", "PUBLISH"]
    assert stored.allowed_sources == ["203.0.113.7/32", "10.0.0.0/8"]
    assert (stored.created_at, stored.expires_at, stored.revoked_at) == (domain.clock.now(), expires_at, None)
    [entry] = await domain.audit_log("api_key.created")
    assert (entry["actor"], entry["source_address"], entry["subject_id"]) == ("Ada", "203.0.113.7", stored.id)
    assert entry["changes"] == {
        "name": [None, "CI"],
        "scopes": [None, ["READ", "PUBLISH"]],
        "allowedSources": [None, ["203.0.113.7/32", "10.0.0.0/8"]],
        "expiresAt": [None, "2026-03-15T09:26:53.589Z"],
    }


async def test_all_problems_of_a_key_are_reported_at_once(domain: Domain) -> None:
    draft = KeyDraft(" ", (), ["10.0.0.1/8"], domain.clock.now())

    with pytest.raises(Rejected) as refused:
        await create_key(domain.resources, domain.caller, draft)

    assert set(refused.value.problems) == {
        Problem("The name is empty; give 1 to 200 characters.", ("name",), UserErrorCode.REQUIRED),
        Problem(
            "There is no scope; give at least one of READ, PUBLISH, MANAGE, SECRETS, ADMIN, INSTALLATION, FEED.",
            ("scopes",),
            UserErrorCode.REQUIRED,
        ),
        Problem(
            '"10.0.0.1/8" has bits set behind its prefix; write 10.0.0.0/8 for the network, or 10.0.0.1 for'
            " the address.",
            ("allowedSources", "0"),
            UserErrorCode.INVALID,
        ),
        Problem(
            "The key would have expired at 2026-03-14T09:26:53.589Z; give a time in the future, or none.",
            ("expiresAt",),
            UserErrorCode.INVALID,
        ),
    }
    assert await domain.rows("SELECT id FROM api_key") == []


async def test_only_an_administrator_makes_and_revokes_keys(domain: Domain) -> None:
    created = await made(domain)
    other = replace(domain.caller, scopes=frozenset(Scope) - {Scope.ADMIN})

    with pytest.raises(Forbidden):
        await create_key(domain.resources, other, KeyDraft("CI", (Scope.READ,)))
    with pytest.raises(Forbidden):
        await revoke_key(domain.resources, domain.resources.authenticator.keys, other, created.api_key.id)


async def test_nobody_gives_a_key_a_scope_that_they_lack(domain: Domain) -> None:
    admin = replace(domain.caller, scopes=frozenset({Scope.ADMIN, Scope.READ}))

    with pytest.raises(Rejected) as refused:
        await create_key(domain.resources, admin, KeyDraft("CI", (Scope.READ, Scope.SECRETS)))
    created = await create_key(domain.resources, admin, KeyDraft("CI", (Scope.READ, Scope.ADMIN)))

    message = "You do not have the scope SECRETS and cannot pass it on; you have ADMIN, READ."
    assert refused.value.problems == (Problem(message, ("scopes", "1"), UserErrorCode.INVALID),)
    assert created.api_key.scopes == ["READ", "ADMIN"]


async def test_the_last_valid_key_with_admin_cannot_be_revoked(domain: Domain) -> None:
    last = await made(domain)
    await made(domain, Scope.READ)
    await made(domain, expires_at=domain.clock.now() + timedelta(seconds=1))
    domain.clock.advance(1)

    with pytest.raises(Rejected) as refused:
        await revoke_key(domain.resources, domain.resources.authenticator.keys, domain.caller, last.api_key.id)

    message = f"The key {last.api_key.id} is the last valid one with ADMIN; make another one first."
    assert refused.value.problems == (Problem(message, ("id",), UserErrorCode.CONFLICT),)
    await call(domain, last.key)


async def test_two_administrators_cannot_revoke_each_other_at_once(domain: Domain) -> None:
    one, other = await made(domain), await made(domain)

    outcomes = await asyncio.gather(
        revoke_key(domain.resources, domain.resources.authenticator.keys, domain.caller, one.api_key.id),
        revoke_key(domain.resources, domain.resources.authenticator.keys, domain.caller, other.api_key.id),
        return_exceptions=True,
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ApiKey", "Rejected"]


async def test_revoking_a_key_twice_changes_nothing_more(domain: Domain) -> None:
    await made(domain)
    created = await made(domain)

    first = await revoke_key(domain.resources, domain.resources.authenticator.keys, domain.caller, created.api_key.id)
    domain.clock.advance(1)
    second = await revoke_key(domain.resources, domain.resources.authenticator.keys, domain.caller, created.api_key.id)

    assert second.revoked_at == first.revoked_at
    assert len(await domain.audit_log("api_key.revoked")) == 1


async def test_a_key_of_another_workspace_is_one_that_never_existed(domain: Domain) -> None:
    created = await made(domain)
    unknown = new_id(API_KEY, domain.clock.now())

    for caller, key_id in (
        (domain.stranger, created.api_key.id),
        (domain.stranger, unknown),
        (domain.caller, "\ud800"),
    ):
        with pytest.raises(Rejected) as refused:
            await revoke_key(domain.resources, domain.resources.authenticator.keys, caller, key_id)

        assert refused.value.problems == (
            Problem(
                f'No API key has the id "{key_id}"; give the id of one in this workspace.',
                ("id",),
                UserErrorCode.NOT_FOUND,
            ),
        )
    await call(domain, created.key)


async def bootstrapped(empty_url: str, directory: Path, processes: int, **settings: object) -> list[str | None]:
    """Results of several processes that start at once on a database without a workspace."""
    async with AsyncExitStack() as stack:
        domains = [
            await stack.enter_async_context(open_domain(empty_url, directory, FakeClock(), **settings))
            for _ in range(processes)
        ]
        await domains[0].rows("DELETE FROM workspace RETURNING id")
        keys = await asyncio.gather(*(bootstrap(domain.resources) for domain in domains))
        for key in filter(None, keys):
            caller = await call(domains[-1], key)
            assert caller.scopes == frozenset(Scope)
            [workspace] = await domains[0].rows("SELECT id, name FROM workspace")
            assert workspace == {"id": caller.workspace_id, "name": "default"}
        assert await bootstrap(domains[0].resources) is None
    return keys


async def test_the_first_start_makes_a_workspace_and_a_key_once_if_several_processes_start(
    database_url: str, tmp_path: Path
) -> None:
    keys = await bootstrapped(database_url, tmp_path, processes=3)

    assert sorted(key is None for key in keys) == [False, True, True]


async def test_the_first_key_can_be_chosen(database_url: str, tmp_path: Path) -> None:
    keys = await bootstrapped(database_url, tmp_path, processes=1, bootstrap_api_key="chosen-by-a-script-0123")

    assert keys == ["chosen-by-a-script-0123"]


async def test_the_first_key_cannot_look_like_an_access_token(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="BOOTSTRAP_API_KEY begins with eevt_"):
        await bootstrapped(database_url, tmp_path, processes=1, bootstrap_api_key="eevt_chosen-by-a-script")
