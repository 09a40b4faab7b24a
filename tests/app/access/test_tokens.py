"""Access tokens: their contents and their end. Tests that need an API key run on both databases."""

import base64
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.actor import Actor
from app.access.caller import Caller
from app.access.keys import CreatedKey, KeyDraft, create_key, revoke_key
from app.access.narrowing import Narrowing
from app.access.reach import Reach
from app.access.token_signer import Claims, TokenSigner
from app.access.tokens import create_access_token
from app.access.workspaces import delete_workspace
from app.clock import Micros, from_micros
from app.errors import Forbidden, Problem, Rejected, Unauthenticated, UserErrorCode
from app.statuses import ActorKind, Scope
from app.webhooks.fields import WebhookDraft
from app.webhooks.lifecycle import create_webhook
from tests.clock import START
from tests.domain import Domain, open_domain

KEY, OTHER_KEY = bytes(range(32)), bytes(32)
CLAIMS = Claims("key_01jd7k3m9pegxv0t5c8h2n4w6z", frozenset({Scope.READ}), from_micros(Micros(1_800_000_000_000_000)))


async def keyed(domain: Domain, *scopes: Scope, **fields: object) -> tuple[CreatedKey, Caller]:
    draft = replace(KeyDraft("browser backend", scopes or tuple(Scope)), **fields)  # type: ignore[arg-type]
    created = await create_key(domain.resources, domain.caller, draft)
    return created, await domain.resources.authenticator.authenticate(created.key, "203.0.113.9")


def test_a_token_says_what_was_written_into_it() -> None:
    signer = TokenSigner([KEY])

    token = signer.write(CLAIMS)

    assert token.startswith("eevt_")
    assert signer.read(token, START) == CLAIMS


def test_a_token_outlives_the_change_of_the_encryption_key_but_not_its_removal() -> None:
    token = TokenSigner([KEY]).write(CLAIMS)

    assert TokenSigner([OTHER_KEY, KEY]).read(token, START) == CLAIMS
    with pytest.raises(Unauthenticated, match=r"^The access token is not valid\.$"):
        TokenSigner([OTHER_KEY]).read(token, START)


def test_a_token_with_more_scopes_than_were_signed_is_refused() -> None:
    signer = TokenSigner([KEY])
    content, _, signature = signer.write(CLAIMS).removeprefix("eevt_").partition(".")
    said = orjson.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)))
    forged = base64.urlsafe_b64encode(orjson.dumps(said | {"scopes": ["ADMIN"]})).decode().rstrip("=")

    with pytest.raises(Unauthenticated, match=r"^The access token is not valid\.$"):
        signer.read(f"eevt_{forged}.{signature}", START)


@given(st.one_of(st.text(), st.text("abcAB01-_.=é\ud800")))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(Unauthenticated, match=r"^The access token is not valid\.$"):
        TokenSigner([KEY]).read(f"eevt_{text}", START)


async def test_a_token_acts_for_its_key_with_the_scopes_it_was_given(domain: Domain) -> None:
    created, caller = await keyed(domain, Scope.READ, Scope.PUBLISH)

    made = await create_access_token(domain.resources.authenticator, caller, [Scope.READ], 60)

    assert made.expires_at == domain.clock.now() + timedelta(seconds=60)
    acting = await domain.resources.authenticator.authenticate(made.token, "198.51.100.1")
    assert acting.scopes == {Scope.READ}
    assert acting.workspace_id == domain.caller.workspace_id
    assert acting.api_key_id == created.api_key.id
    assert acting.actor == Actor(ActorKind.ACCESS_TOKEN, created.api_key.id, "browser backend")
    assert acting.expires_at == made.expires_at


async def test_a_token_ends_at_its_time_to_the_moment(domain: Domain) -> None:
    _, caller = await keyed(domain)
    made = await create_access_token(domain.resources.authenticator, caller, [Scope.READ], 60)

    domain.clock.advance(59.999999)
    await domain.resources.authenticator.authenticate(made.token, None)
    domain.clock.advance(0.000001)

    with pytest.raises(Unauthenticated) as refused:
        await domain.resources.authenticator.authenticate(made.token, None)
    assert str(refused.value) == "The access token expired at 2026-03-14T09:27:53.589Z; ask for a new one."


async def test_a_token_ends_with_its_key(domain: Domain) -> None:
    await keyed(domain)
    created, caller = await keyed(domain, expires_at=domain.clock.now() + timedelta(hours=1))

    made = await create_access_token(domain.resources.authenticator, caller, [Scope.READ], 86_400)
    await domain.resources.authenticator.authenticate(made.token, None)
    await revoke_key(domain.resources, domain.resources.authenticator.keys, domain.caller, created.api_key.id)

    assert made.expires_at == created.api_key.expires_at
    with pytest.raises(Unauthenticated):
        await domain.resources.authenticator.authenticate(made.token, None)


async def test_a_token_is_bound_to_the_addresses_of_its_key(domain: Domain) -> None:
    _, caller = await keyed(domain, allowed_sources=["203.0.113.0/24"])
    made = await create_access_token(domain.resources.authenticator, caller, [Scope.READ], 60)

    with pytest.raises(Forbidden):
        await domain.resources.authenticator.authenticate(made.token, "198.51.100.1")


async def test_a_token_cannot_prolong_its_own_life(domain: Domain) -> None:
    _, caller = await keyed(domain)
    made = await create_access_token(domain.resources.authenticator, caller, [Scope.READ], 60)
    acting = await domain.resources.authenticator.authenticate(made.token, None)

    with pytest.raises(Forbidden, match="not with another access token"):
        await create_access_token(domain.resources.authenticator, acting, [Scope.READ], 60)


async def test_a_token_creates_no_key_that_would_outlive_it(domain: Domain) -> None:
    _, caller = await keyed(domain)
    made = await create_access_token(domain.resources.authenticator, caller, [Scope.ADMIN, Scope.READ], 60)
    acting = await domain.resources.authenticator.authenticate(made.token, None)

    with pytest.raises(Forbidden, match="An access token cannot create API keys"):
        await create_key(domain.resources, acting, KeyDraft("for ever", [Scope.READ]))


async def test_a_session_creates_keys_and_the_log_says_with_whose_key(domain: Domain) -> None:
    created, caller = await keyed(domain)
    token = await domain.resources.authenticator.sessions.open(created.api_key.id)
    acting = await domain.resources.authenticator.authenticate(token, "203.0.113.9")

    made = await create_key(domain.resources, acting, KeyDraft("from the dashboard", [Scope.READ]))

    rows = await domain.resources.database.fetch(
        "SELECT actor_id FROM audit_entry WHERE action = 'api_key.created' AND subject_id = $1", made.api_key.id
    )
    assert [row["actor_id"] for row in rows] == [caller.api_key_id]


@pytest.mark.parametrize(
    ("scopes", "seconds", "problem"),
    [
        (
            [Scope.READ, Scope.ADMIN],
            60,
            Problem(
                "You do not have the scope ADMIN and cannot pass it on; you have PUBLISH, READ.",
                ("scopes", "1"),
                UserErrorCode.INVALID,
            ),
        ),
        (
            [],
            60,
            Problem(
                "There is no scope; give at least one of those that you have.", ("scopes",), UserErrorCode.REQUIRED
            ),
        ),
        *(
            (
                [Scope.READ],
                seconds,
                Problem(
                    f"The token would expire in {seconds} seconds; it must be 60 to 86400 (24 hours).",
                    ("expiresInSeconds",),
                    UserErrorCode.INVALID,
                ),
            )
            for seconds in (-1, 0, 59, 86_401)
        ),
    ],
)
async def test_a_token_that_may_not_be_is_explained(
    domain: Domain, scopes: list[Scope], seconds: int, problem: Problem
) -> None:
    _, caller = await keyed(domain, Scope.READ, Scope.PUBLISH)

    with pytest.raises(Rejected) as refused:
        await create_access_token(domain.resources.authenticator, caller, scopes, seconds)

    assert refused.value.problems == (problem,)


async def test_the_audit_log_says_that_a_token_was_made_and_never_which(domain: Domain) -> None:
    created, caller = await keyed(domain)

    made = await create_access_token(domain.resources.authenticator, caller, [Scope.READ], 60)

    [entry] = await domain.audit_log("access_token.created")
    assert (entry["subject_id"], entry["actor"]) == (created.api_key.id, str(caller.actor))
    assert entry["changes"] == {"scopes": [None, ["READ"]], "expiresAt": [None, "2026-03-14T09:27:53.589Z"]}
    assert made.token not in repr((entry, made))


@given(st.text(alphabet="=.-_Aa0 \n", min_size=1, max_size=3), st.booleans())
def test_a_token_has_one_spelling(added: str, at_the_end: bool) -> None:
    signer = TokenSigner([KEY])
    token = signer.write(CLAIMS)
    content, _, signature = token.partition(".")
    changed = token + added if at_the_end else f"{content}{added}.{signature}"

    with pytest.raises(Unauthenticated):
        signer.read(changed, START)


def test_unused_bits_of_the_last_character_are_no_other_spelling() -> None:
    signer = TokenSigner([KEY])
    token = signer.write(CLAIMS)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(base64.urlsafe_b64decode(token.partition(".")[2] + "=")) == 32

    for other in set(alphabet) - {token[-1]}:
        with pytest.raises(Unauthenticated):
            signer.read(token[:-1] + other, START)


async def webhook_of(domain: Domain, caller: Caller) -> str:
    draft = WebhookDraft(name="Desk", url="http://127.0.0.1:9999/", event_types=["*"])
    return (await create_webhook(domain.resources, caller, draft)).webhook.id


async def test_a_token_says_how_far_it_reaches(domain: Domain) -> None:
    _, caller = await keyed(domain)
    webhook_id = await webhook_of(domain, domain.stranger)
    reach = Reach(domain.stranger.workspace_id, [webhook_id], ["ticket.*"], "ada", "Ada Lovelace")

    made = await create_access_token(domain.resources.authenticator, caller, [Scope.READ], 60, reach)

    acting = await domain.resources.authenticator.authenticate(made.token, None)
    assert acting.workspace_id == domain.stranger.workspace_id
    assert acting.narrowing == Narrowing.of([webhook_id], ["ticket.*"])
    assert acting.actor == Actor(ActorKind.PERSON, "ada", "Ada Lovelace")
    [entry] = await domain.audit_log("access_token.created")
    assert entry["changes"] == {
        "scopes": [None, ["READ"]],
        "expiresAt": [None, "2026-03-14T09:27:53.589Z"],
        "workspaceId": [None, domain.stranger.workspace_id],
        "webhookIds": [None, [webhook_id]],
        "eventTypes": [None, ["ticket.*"]],
        "actor": [None, {"id": "ada", "name": "Ada Lovelace"}],
    }


def test_what_an_earlier_version_would_overlook_makes_the_token_invalid_to_it() -> None:
    signer = TokenSigner([KEY])
    content, _, signature = signer.write(replace(CLAIMS, narrowing=Narrowing.of(["wh_1"], None))).partition(".")
    plain = signer.write(CLAIMS).partition(".")[2]

    # It signs the content alone.
    raw = base64.urlsafe_b64decode(content.removeprefix("eevt_") + "==")
    assert signature != plain
    assert not signer._signed(base64.urlsafe_b64decode(signature + "="), raw)


async def test_a_token_for_another_workspace_needs_installation(domain: Domain) -> None:
    _, admin = await keyed(domain, Scope.ADMIN, Scope.READ)
    _, owner = await keyed(domain)
    authenticator, elsewhere = domain.resources.authenticator, Reach(domain.stranger.workspace_id)

    with pytest.raises(Forbidden, match="needs the scope INSTALLATION"):
        await create_access_token(authenticator, admin, [Scope.READ], 60, elsewhere)
    with pytest.raises(Rejected) as refused:
        await create_access_token(authenticator, owner, [Scope.READ, Scope.INSTALLATION], 60, elsewhere)
    assert [problem.path for problem in refused.value.problems] == [("scopes", "1")]
    own = await create_access_token(authenticator, admin, [Scope.READ], 60, Reach(domain.caller.workspace_id))
    assert (await authenticator.authenticate(own.token, None)).workspace_id == domain.caller.workspace_id


async def test_a_token_ends_with_the_workspace_that_it_is_for(domain: Domain) -> None:
    _, caller = await keyed(domain)
    authenticator = domain.resources.authenticator
    reach = Reach(domain.stranger.workspace_id)
    made = await create_access_token(authenticator, caller, [Scope.READ], 60, reach)
    await authenticator.authenticate(made.token, None)

    await delete_workspace(domain.resources, authenticator, domain.caller, domain.stranger.workspace_id)

    with pytest.raises(Unauthenticated, match="no longer exists"):
        await authenticator.authenticate(made.token, None)
    with pytest.raises(Rejected) as refused:
        await create_access_token(authenticator, caller, [Scope.READ], 60, reach)
    assert [(p.path, p.code) for p in refused.value.problems] == [(("workspaceId",), UserErrorCode.NOT_FOUND)]


async def test_other_processes_find_out_within_a_second_that_a_workspace_is_deleted(
    domain: Domain, database_url: str, tmp_path: Path
) -> None:
    _, caller = await keyed(domain)
    reach = Reach(domain.stranger.workspace_id)
    made = await create_access_token(domain.resources.authenticator, caller, [Scope.READ], 60, reach)
    async with open_domain(database_url, tmp_path, domain.clock) as other:
        await other.resources.authenticator.authenticate(made.token, None)

        await delete_workspace(
            domain.resources, domain.resources.authenticator, domain.caller, domain.stranger.workspace_id
        )
        domain.clock.advance(1)

        with pytest.raises(Unauthenticated):
            await other.resources.authenticator.authenticate(made.token, None)


async def test_webhooks_of_another_workspace_are_none_to_narrow_a_token_to(domain: Domain) -> None:
    _, caller = await keyed(domain)
    own, theirs = await webhook_of(domain, domain.caller), await webhook_of(domain, domain.stranger)

    with pytest.raises(Rejected) as refused:
        await create_access_token(
            domain.resources.authenticator, caller, [Scope.READ], 60, Reach(webhook_ids=[own, theirs])
        )

    assert [(p.path, p.code) for p in refused.value.problems] == [(("webhookIds", "1"), UserErrorCode.NOT_FOUND)]


async def test_a_token_for_some_webhooks_cannot_publish(domain: Domain) -> None:
    _, caller = await keyed(domain)
    reach = Reach(webhook_ids=[await webhook_of(domain, domain.caller)])

    with pytest.raises(Rejected) as refused:
        await create_access_token(domain.resources.authenticator, caller, [Scope.READ, Scope.PUBLISH], 60, reach)

    assert [problem.path for problem in refused.value.problems] == [("scopes", "1")]
