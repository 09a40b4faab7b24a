"""Settings that are not saved yet are tried on a real receiver; nothing of it stays."""

import base64
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from app.errors import Forbidden, Rejected, UserErrorCode
from app.signing import new_secret, verify
from app.statuses import HttpMethod, Scope, SignatureScheme
from app.test_requests.connection_steps import ConnectionStepName
from app.test_requests.try_connection import ConnectionTried, try_connection
from app.webhooks.drafts import AuthenticationDraft, BasicAuthDraft, HeaderDraft
from app.webhooks.fields import WebhookDraft
from tests.certificates import server_context
from tests.receiver import Receiver, answer, close, hang
from tests.world import World

RESOLVE, CONNECT, TLS, REQUEST, RESPONSE = ConnectionStepName
TABLES = ("webhook", "secret", "event", "delivery", "attempt", "audit_entry")


@pytest.fixture
async def secure_receiver() -> AsyncIterator[Receiver]:
    async with Receiver(tls=server_context()) as receiver:
        yield receiver


async def tried(world: World, url: str, event_type: str | None = None, **draft: Any) -> ConnectionTried:
    given = {"name": "Test", "url": url, "event_types": ["ticket.*"], **draft}
    return await try_connection(
        world.resources, world.resources.sender, world.caller, WebhookDraft(**given), event_type
    )


async def test_a_receiver_that_answers_is_reported_step_by_step(world: World) -> None:
    world.receiver.on("/hook", answer(202, [("x-request-id", "42")], b"thanks"))

    tried_ = await tried(world, world.receiver.url("/hook"))
    [received] = world.receiver.requests

    assert tried_.ok
    assert [(step.name, step.ok) for step in tried_.steps] == [
        (RESOLVE, True),
        (CONNECT, True),
        (REQUEST, True),
        (RESPONSE, True),
    ]
    assert [step.detail for step in tried_.steps] == [
        "127.0.0.1 is an address already; there was nothing to look up.",
        f"Connected to 127.0.0.1 port {world.receiver.port}.",
        f"Sent a POST with {len(received.body)} bytes of body.",
        "Answered 202 with 6 bytes of body.",
    ]
    assert tried_.response is not None
    assert (tried_.response.status, tried_.response.body) == (202, "thanks")
    assert ("x-request-id", "42") in tried_.response.headers


async def test_nothing_is_saved(world: World) -> None:
    async def counts() -> list[Any]:
        fetch = world.resources.database.fetch_one
        return [await fetch(f"SELECT count(*) AS rows FROM {table}") for table in TABLES]

    before = await counts()

    await tried(world, world.receiver.url())

    assert len(world.receiver.requests) == 1
    assert await counts() == before


async def test_the_request_is_that_of_a_delivery(world: World) -> None:
    secret = new_secret(SignatureScheme.HMAC_SHA256)

    tried_ = await tried(
        world,
        world.receiver.url("/hook"),
        secret=secret,
        method=HttpMethod.PUT,
        headers=[HeaderDraft("x-team", "billing"), HeaderDraft("x-token", "hush", sensitive=True)],
        authentication=AuthenticationDraft(basic=BasicAuthDraft("ada", "s3cret")),
    )
    [received] = world.receiver.requests
    shown = dict(tried_.request.headers)

    verify(secret, dict(received.headers), received.body, world.resources.clock.now())
    assert received.method == "PUT"
    assert received.header("authorization") == f"Basic {base64.b64encode(b'ada:s3cret').decode()}"
    assert (received.header("x-team"), received.header("x-token")) == ("billing", "hush")
    assert received.header("webhook-attempt") == "1"
    assert received.body.decode() == tried_.request.body
    assert orjson.loads(received.body)["test"] is True
    assert orjson.loads(received.body)["type"] == "ticket.created"
    assert (tried_.request.method, tried_.request.url) == (HttpMethod.PUT, world.receiver.url("/hook"))
    assert (shown["x-team"], shown["x-token"], shown["authorization"]) == ("billing", "••••", "••••")
    assert shown["webhook-signature"] == received.header("webhook-signature")


async def test_the_event_type_can_be_chosen(world: World) -> None:
    tried_ = await tried(world, world.receiver.url(), "agent.error")

    assert orjson.loads(tried_.request.body)["type"] == "agent.error"


async def test_tls_is_reported_with_the_certificate(world: World, secure_receiver: Receiver) -> None:
    tried_ = await tried(world, secure_receiver.url(), verify_ssl=False)
    tls = tried_.steps[2]

    assert [step.name for step in tried_.steps] == [RESOLVE, CONNECT, TLS, REQUEST, RESPONSE]
    assert tried_.ok
    assert re.fullmatch(
        r"TLSv1\.3, with a certificate for CN=A receiver in a test, issued by CN=A receiver in a test, valid for .*\.",
        tls.detail,
    )


async def test_a_certificate_that_is_not_trusted_ends_it(world: World, secure_receiver: Receiver) -> None:
    tried_ = await tried(world, secure_receiver.url())

    assert not tried_.ok
    assert [(step.name, step.ok) for step in tried_.steps] == [(RESOLVE, True), (CONNECT, True), (TLS, False)]
    assert tried_.steps[-1].detail == "TLS: the certificate of 127.0.0.1 was refused: self-signed certificate."
    assert tried_.response is None
    assert secure_receiver.requests == []


async def test_a_name_that_does_not_resolve_ends_it(world: World) -> None:
    tried_ = await tried(world, "http://nowhere.invalid/hook")

    assert [(step.name, step.ok) for step in tried_.steps] == [(RESOLVE, False)]
    assert "nowhere.invalid" in tried_.steps[0].detail


async def test_a_port_where_nobody_listens_ends_it(world: World) -> None:
    async with Receiver() as closed:
        url = closed.url()

    tried_ = await tried(world, url)

    assert [(step.name, step.ok) for step in tried_.steps] == [(RESOLVE, True), (CONNECT, False)]
    assert tried_.steps[-1].detail == f"Connection refused by 127.0.0.1 port {closed.port}."


async def test_no_answer_in_time_ends_it(world: World) -> None:
    world.receiver.on("/", hang())

    tried_ = await tried(world, world.receiver.url("/"), timeout_seconds=1)

    assert [(step.name, step.ok) for step in tried_.steps][-1] == (RESPONSE, False)
    assert tried_.steps[-1].detail.startswith("The receiver did not answer within 1 s")
    assert 900 <= sum(step.duration_ms for step in tried_.steps) <= 5_000


async def test_a_connection_that_is_closed_ends_it(world: World) -> None:
    world.receiver.on("/", close())

    tried_ = await tried(world, world.receiver.url("/"))

    assert not tried_.ok
    assert tried_.response is None
    assert tried_.steps[-1].detail == "The receiver closed the connection without an answer."


async def test_an_answer_that_is_no_success_is_shown(world: World) -> None:
    world.receiver.on("/", answer(404, (), b"no such hook"))

    tried_ = await tried(world, world.receiver.url("/"))

    assert not tried_.ok
    assert tried_.steps[-1].detail == "Answered 404 with 12 bytes of body; only an answer of 2xx is a success."
    assert tried_.response is not None
    assert tried_.response.body == "no such hook"


async def test_all_that_is_wrong_with_the_draft_is_said_at_once_below_webhook(world: World) -> None:
    with pytest.raises(Rejected) as rejected:
        await tried(world, "ftp://example.com", "no.such", name=" ", timeout_seconds=0, secret="nothing")

    assert [problem.path for problem in rejected.value.problems] == [
        ("webhook", "name"),
        ("webhook", "url"),
        ("webhook", "timeoutSeconds"),
        ("webhook", "secret"),
        ("eventType",),
    ]


async def test_an_address_that_deliveries_may_not_go_to_is_refused(world: World) -> None:
    with pytest.raises(Rejected) as rejected:
        await tried(world, "http://169.254.169.254/latest/meta-data")

    (problem,) = rejected.value.problems
    assert (problem.code, problem.path) == (UserErrorCode.URL_NOT_ALLOWED, ("webhook", "url"))


async def test_trying_takes_the_scope_manage(world: World) -> None:
    caller = replace(world.caller, scopes=frozenset(Scope) - {Scope.MANAGE})

    with pytest.raises(Forbidden):
        await try_connection(
            world.resources, world.resources.sender, caller, WebhookDraft("Test", world.receiver.url(), ["*"]), None
        )
