"""The life of a delivery: claimed, signed, sent, recorded, announced, and retried according to its row."""

import asyncio
import base64
import json
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from standardwebhooks import Webhook as StandardWebhook
from structlog.testing import capture_logs
from svix.webhooks import Webhook as SvixWebhook

from app.clock import to_micros
from app.updates import Topic
from app.webhooks.drafts import AuthenticationDraft, BasicAuthDraft, HeaderDraft
from app.webhooks.lifecycle import pause_webhook, resume_webhook
from app.webhooks.secrets import reveal_secret, rotate_secret
from tests.clock import FakeClock
from tests.patience import PATIENCE_SECONDS
from tests.receiver import (
    Received,
    Wire,
    after,
    answer,
    close,
    drip,
    hang,
    head,
    in_turn,
    raw,
    redirect,
    reset,
    retry_after,
)
from tests.world import TICKET, World, open_world


async def test_an_event_reaches_its_webhook_signed_and_is_recorded(world: World) -> None:
    await world.webhook("/hook")

    published = await world.publish()
    (request,) = await world.receiver.received()
    (delivery,) = await world.until_status("SUCCEEDED")
    (attempt,) = await world.attempts()

    assert orjson.loads(request.body)["data"] == TICKET
    assert request.header("webhook-id") == published.row.id
    assert request.header("webhook-attempt") == "1"
    assert request.body.decode() == published.row.body
    assert (delivery["attempt_count"], delivery["last_response_status"], delivery["next_attempt_at"]) == (1, 200, None)
    assert (attempt["number"], attempt["trigger"], attempt["outcome"]) == (1, "FIRST", "SUCCEEDED")
    assert attempt["remote_address"] == "127.0.0.1"


async def test_a_kept_connection_that_the_receiver_closes_costs_no_attempt_and_the_record_says_so(world: World) -> None:
    world.receiver.on("/", in_turn(answer(), close(), answer()))
    webhook = await world.webhook()

    for number in (1, 2):
        await world.publish()
        await world.until_status(*["SUCCEEDED"] * number)
    await webhook.refresh_from_db(using_db=world.resources.database.orm)

    assert [received.connection for received in world.receiver.requests] == [1, 1, 2]
    assert [(row["number"], bool(row["sent_again"])) for row in await world.attempts()] == [(1, False), (1, True)]
    assert webhook.consecutive_failures == 0


async def test_the_reference_libraries_verify_what_arrives(database_url: str, tmp_path: Path) -> None:
    # Real time, because the libraries read the clock themselves.
    async with open_world(database_url, tmp_path) as world:
        webhook = await world.webhook()
        await world.publish()
        (request,) = await world.receiver.received()
        secret = await reveal_secret(world.resources, world.caller, webhook.id)

        headers = dict(request.headers)

        assert StandardWebhook(secret).verify(request.body, headers) == orjson.loads(request.body)
        SvixWebhook(secret).verify(request.body, headers)  # raises if it is not valid


async def test_during_a_rotation_both_secrets_sign_the_current_one_first(world: World) -> None:
    webhook = await world.webhook()
    old = await reveal_secret(world.resources, world.caller, webhook.id)
    rotated = await rotate_secret(world.resources, world.caller, webhook.id, None, 3_600)
    await world.publish()

    (request,) = await world.receiver.received()
    signatures = (request.header("webhook-signature") or "").split(" ")
    await world.advance(3_601)
    await world.publish()
    later = (await world.receiver.received(2))[1]

    assert len(signatures) == 2
    signed = (request.header("webhook-id") or "", world.resources.clock.now() - timedelta(seconds=3_601), request.body)
    assert signatures[0] == StandardWebhook(rotated.secret).sign(signed[0], signed[1], signed[2].decode())
    assert signatures[1] == StandardWebhook(old).sign(signed[0], signed[1], signed[2].decode())
    assert len((later.header("webhook-signature") or "").split(" ")) == 1


@pytest.mark.parametrize(
    ("path", "behaviour", "outcome", "status"),
    [
        ("/301", redirect("https://example.com/", 301), "HTTP_ERROR", 301),
        ("/400", answer(400), "HTTP_ERROR", 400),
        ("/500", answer(500), "HTTP_ERROR", 500),
        ("/reset", reset(), "CONNECTION_ERROR", None),
        ("/closed", close(), "CONNECTION_ERROR", None),
        ("/hang", hang(), "TIMEOUT", None),
        ("/drip", drip(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n" + b"x" * 1_000, 0.005), "TIMEOUT", 200),
    ],
)
async def test_whatever_is_not_2xx_is_retried_with_its_cause_kept(
    world: World, path: str, behaviour: object, outcome: str, status: int | None
) -> None:
    world.receiver.on(path, behaviour)  # type: ignore[arg-type]
    await world.webhook(path, timeout_seconds=1)

    await world.publish()
    (delivery,) = await world.until_status("RETRYING")
    (attempt,) = await world.attempts()

    assert (delivery["last_outcome"], delivery["last_response_status"]) == (outcome, status)
    assert (attempt["outcome"], attempt["response_status"]) == (outcome, status)
    assert attempt["error"] is None if outcome == "HTTP_ERROR" else len(attempt["error"]) > 10
    due_in = (delivery["next_attempt_at"] - to_micros(world.resources.clock.now())) / 1e6
    assert 5 <= due_in <= 5.5


async def test_a_retry_carries_the_same_id_and_a_new_number_and_time(world: World, clock: FakeClock) -> None:
    world.receiver.on("/", in_turn(answer(503), answer(200)))
    await world.webhook()
    await world.publish()
    await world.until_status("RETRYING")

    await world.advance(6)
    await world.sweep()
    await world.until_status("SUCCEEDED")
    first, second = await world.receiver.received(2)
    attempts = await world.attempts()

    assert first.header("webhook-id") == second.header("webhook-id")
    assert (first.header("webhook-attempt"), second.header("webhook-attempt")) == ("1", "2")
    assert int(second.header("webhook-timestamp") or 0) - int(first.header("webhook-timestamp") or 0) == 6
    assert [(attempt["number"], attempt["trigger"]) for attempt in attempts] == [(1, "FIRST"), (2, "RETRY")]


async def test_nothing_is_sent_before_its_time(world: World, clock: FakeClock) -> None:
    world.receiver.on("/", answer(500))
    await world.webhook()
    await world.publish()
    await world.until_status("RETRYING")

    await world.advance(4.9)

    assert await world.sweep() == 0


async def test_a_delivery_fails_when_its_delays_are_used_up(world: World, clock: FakeClock) -> None:
    world.receiver.on("/", answer(500))
    await world.webhook(retry_delays_seconds=[1, 1])
    await world.publish()
    for count in (1, 2):
        await world.until_attempts(count)
        await world.advance(2)
        await world.sweep()

    (delivery,) = await world.until_status("FAILED")

    assert delivery["attempt_count"] == 3
    assert delivery["completed_at"] == to_micros(clock.now())
    assert delivery["next_attempt_at"] is None


async def test_410_fails_the_delivery_and_disables_the_webhook(world: World) -> None:
    world.receiver.on("/", answer(410))
    webhook = await world.webhook()
    changes = world.resources.updates.follow(Topic.WEBHOOKS, world.caller.workspace_id)
    async with aclosing(changes) as batches:
        await anext(batches)
        await world.publish()
        await world.until_status("FAILED")
        async with asyncio.timeout(PATIENCE_SECONDS):
            batch = await anext(batches)

    row = await world.resources.database.fetch_one("SELECT * FROM webhook WHERE id = $1", webhook.id)
    audit = await world.resources.database.fetch("SELECT * FROM audit_entry WHERE action = 'webhook.disabled'")

    assert row is not None
    assert (row["status"], row["status_reason"]) == ("DISABLED", "The receiver answered 410 Gone.")
    assert [update.subject_id for _, update in batch.updates] == [webhook.id]
    assert [(entry["actor"], entry["subject_id"]) for entry in audit] == [("system", webhook.id)]
    assert (await world.publish()).delivery_count == 0


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_retry_after_moves_the_next_attempt_later(world: World, clock: FakeClock, form: str) -> None:
    date = (clock.now() + timedelta(seconds=100)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    world.receiver.on("/", retry_after("100" if form == "seconds" else date, 503))
    await world.webhook()

    await world.publish()
    (delivery,) = await world.until_status("RETRYING")

    due_in = (delivery["next_attempt_at"] - to_micros(clock.now())) / 1e6
    assert 99 <= due_in <= 110.1


async def test_a_webhook_that_fails_for_five_days_is_disabled(world: World, clock: FakeClock) -> None:
    world.receiver.on("/", answer(500))
    webhook = await world.webhook(retry_delays_seconds=[86_400] * 6)
    await world.publish()
    for count in range(1, 6):
        await world.until_attempts(count)
        await world.advance(timedelta(days=1.11))
        await world.sweep()
    await world.until_attempts(6)

    row = await world.resources.database.fetch_one("SELECT * FROM webhook WHERE id = $1", webhook.id)

    assert row is not None
    assert row["status"] == "DISABLED"
    assert "All attempts since" in row["status_reason"]


async def test_one_success_restarts_the_five_days(world: World, clock: FakeClock) -> None:
    world.receiver.on("/", in_turn(answer(500), answer(200), answer(500)))
    webhook = await world.webhook()
    await world.publish()
    await world.until_status("RETRYING")
    await world.advance(timedelta(days=4))
    await world.sweep()
    await world.until_status("SUCCEEDED")
    await world.advance(timedelta(days=4))
    await world.publish()
    await world.until_status("SUCCEEDED", "RETRYING")

    row = await world.resources.database.fetch_one("SELECT * FROM webhook WHERE id = $1", webhook.id)

    assert row is not None
    assert (row["status"], row["consecutive_failures"], row["failing_since"]) == ("ACTIVE", 1, to_micros(clock.now()))


async def test_a_paused_webhook_receives_nothing_until_it_is_resumed(world: World) -> None:
    webhook = await world.webhook()
    await pause_webhook(world.resources, world.caller, webhook.id)
    published = await world.publish()
    assert await world.sweep() == 0
    assert published.delivery_count == 1

    await resume_webhook(world.resources, world.caller, webhook.id)

    assert len(await world.receiver.received(1)) == 1
    await world.until_status("SUCCEEDED")


async def test_a_webhook_that_is_deleted_between_claim_and_request_is_no_fault(world: World) -> None:
    deleted, other = await world.webhook("/deleted"), await world.webhook("/other")
    # As a deletion leaves it for a process that has claimed before.
    await world.resources.database.execute("DELETE FROM secret WHERE webhook_id = $1", deleted.id)

    async def reached_the_other() -> bool:
        [row] = await world.deliveries(webhook_id=other.id)
        return bool(row["status"] == "SUCCEEDED")

    with capture_logs() as log:
        await world.publish()  # both are claimed at once
        await world.until(reached_the_other)

    [row] = await world.deliveries(webhook_id=deleted.id)
    assert (row["status"], row["claimed_by"], row["attempt_count"]) == ("RETRYING", None, 0)
    assert row["next_attempt_at"] > row["created_at"]
    assert [entry["event"] for entry in log if entry["log_level"] in {"warning", "error"}] == []


async def test_after_a_run_of_failures_one_probe_at_a_time_goes_through(world: World, clock: FakeClock) -> None:
    release = asyncio.Event()
    world.receiver.on("/", in_turn(*[answer(500)] * 10, after(release, answer(200))))
    webhook = await world.webhook(max_in_flight=10)
    for _ in range(10):
        await world.publish()
    await world.until_status(*["RETRYING"] * 10)
    assert await world.sweep() == 0  # Held back: waiting uses up no attempt.

    await world.advance(timedelta(minutes=6))
    await world.sweep()
    await world.receiver.received(11)
    claimed = await world.resources.database.fetch("SELECT id FROM delivery WHERE claimed_by IS NOT NULL")
    release.set()
    await world.until(lambda: _all(world, "SUCCEEDED"))

    row = await world.resources.database.fetch_one("SELECT * FROM webhook WHERE id = $1", webhook.id)
    assert row is not None
    assert len(claimed) == 1
    assert (row["consecutive_failures"], row["held_until"]) == (0, None)


async def test_no_more_than_max_in_flight_requests_reach_a_receiver_at_once(world: World) -> None:
    release = asyncio.Event()
    world.receiver.on("/", after(release, answer(200)))
    await world.webhook(max_in_flight=3)
    for _ in range(8):
        await world.publish()
    await world.receiver.received(3)
    await world.sweep()
    held = await world.resources.database.fetch("SELECT id FROM delivery WHERE claimed_by IS NOT NULL")

    release.set()
    await world.until_status(*["SUCCEEDED"] * 8)

    assert len(held) == 3


async def test_a_hanging_receiver_costs_its_own_deliveries_only(world: World) -> None:
    world.receiver.on("/hang", hang())
    await world.webhook("/hang", event_types=["ticket.created"])
    await world.webhook("/well", event_types=["ticket.*"])
    for _ in range(30):
        await world.publish()

    async def all_well() -> bool:
        return len(await world.deliveries(status="SUCCEEDED")) == 30

    await world.until(all_well)
    assert len(await world.deliveries(status="PENDING")) == 30


async def test_deliveries_of_one_ordering_key_go_out_one_after_another(world: World, clock: FakeClock) -> None:
    world.receiver.on("/", in_turn(answer(500), answer(200)))
    await world.webhook()
    events = [await world.publish(ordering_key="tkt_1") for _ in range(3)]
    other = await world.publish(ordering_key="tkt_2")
    await world.until_status("RETRYING", "PENDING", "PENDING", "SUCCEEDED")

    await world.advance(6)
    await world.sweep()
    await world.until_status(*["SUCCEEDED"] * 4)

    order = [request.header("webhook-id") for request in await world.receiver.received(5)]
    ids = [event.row.id for event in events]
    assert order == [ids[0], other.row.id, ids[0], ids[1], ids[2]]


async def test_a_credential_as_the_name_of_a_header_is_masked_in_the_error_and_the_status_is_kept(world: World) -> None:
    world.receiver.on("/", raw(head(200, [("hushhush", "x" * 9_000)])))
    await world.webhook(headers=[HeaderDraft("x-token", "hushhush", sensitive=True)])

    await world.publish()
    await world.until_status("RETRYING")
    (attempt,) = await world.attempts()

    assert attempt["error"] == "The answer cannot be read: its header •••• is longer than 8190 bytes."
    assert (attempt["outcome"], attempt["response_status"]) == ("PROTOCOL_ERROR", 200)


async def test_settings_of_a_webhook_take_effect_on_the_wire_and_credentials_are_masked(world: World) -> None:
    headers = [HeaderDraft("x-tenant", "acme"), HeaderDraft("x-token", "hush", sensitive=True)]
    login = AuthenticationDraft(basic=BasicAuthDraft("ada", "l0vel4ce"))
    await world.webhook(method="PUT", headers=headers, authentication=login)

    await world.publish()
    (request,) = await world.receiver.received()
    await world.until_status("SUCCEEDED")
    (attempt,) = await world.attempts()

    assert request.method == "PUT"
    assert (request.header("x-tenant"), request.header("x-token")) == ("acme", "hush")
    assert request.header("authorization") == "Basic YWRhOmwwdmVsNGNl"
    shown = dict(orjson.loads(attempt["request_headers"]))
    assert (shown["x-tenant"], shown["x-token"], shown["authorization"]) == ("acme", "••••", "••••")
    assert "hush" not in attempt["request_headers"]


async def test_a_bearer_token_is_sent(world: World) -> None:
    await world.webhook(authentication=AuthenticationDraft(bearer="t0ken"))

    await world.publish()

    assert (await world.receiver.received())[0].header("authorization") == "Bearer t0ken"


@pytest.mark.parametrize(
    "login",
    [AuthenticationDraft(bearer='t0k/e"n'), AuthenticationDraft(basic=BasicAuthDraft("ada", 'l0v/el"4ce'))],
    ids=["bearer", "basic"],
)
async def test_credentials_that_a_receiver_repeats_are_masked_in_what_is_kept(
    world: World, login: AuthenticationDraft
) -> None:
    async def echo(received: Received, wire: Wire) -> None:
        token = (received.header("authorization") or "").partition(" ")[2]
        decoded = base64.b64decode(token).decode() if login.basic else token
        echoed = json.dumps([dict(received.headers), decoded])
        body = (echoed + echoed.replace("/", "\\/") + decoded).encode()
        headers = [(name, value) for name, value in received.headers if name.startswith(("a", "x-"))]
        await answer(400, [*headers, ("x-decoded", decoded)], body)(received, wire)

    world.receiver.on("/", echo)
    headers = [HeaderDraft("x-tenant", "acme"), HeaderDraft("x-token", "hu/sh", sensitive=True)]
    await world.webhook(headers=headers, authentication=login)

    await world.publish()
    await world.until_status("RETRYING")
    (attempt,) = await world.attempts()

    kept = f"{attempt['response_headers']} {attempt['response_body']}"
    assert kept.count("acme") == 3
    for secret in ("hu/sh", "t0k", "l0v", base64.b64encode(b'ada:l0v/el"4ce').decode()):
        assert secret not in kept


async def test_a_filter_chooses_among_events(world: World) -> None:
    await world.webhook(filter='data.ticket.priority == "urgent"')

    calm = await world.publish(data={"ticket": {"id": "tkt_2", "priority": "low"}})
    without = await world.publish(data={"ticket": {"id": "tkt_3"}})
    urgent = await world.publish()

    assert [calm.delivery_count, without.delivery_count, urgent.delivery_count] == [0, 0, 1]


async def test_an_address_outside_the_webhooks_allowlist_is_blocked(world: World) -> None:
    webhook = await world.webhook()
    # Registration would refuse it; this is the state after a name has changed its address.
    await world.resources.database.execute(
        "UPDATE webhook SET ip_allowlist = $2, updated_at = updated_at + 1 WHERE id = $1",
        webhook.id,
        '["192.0.2.0/24"]',
    )

    await world.publish()
    (delivery,) = await world.until_status("RETRYING")

    assert delivery["last_outcome"] == "ADDRESS_BLOCKED"


async def test_followers_see_a_delivery_made_and_finished(world: World) -> None:
    await world.webhook()
    follow = world.resources.updates.follow(Topic.DELIVERIES, world.caller.workspace_id)
    seen: list[str | None] = []
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(follow) as batches:
        await anext(batches)
        await world.publish()
        while len(seen) < 2:
            seen += [update.status for _, update in (await anext(batches)).updates]

    assert seen == ["PENDING", "SUCCEEDED"]


async def _all(world: World, status: str) -> bool:
    return all(row["status"] == status for row in await world.deliveries())


async def test_the_query_of_a_url_is_sent_and_neither_kept_nor_taken_from_an_echo(world: World) -> None:
    world.receiver.on("/hook", answer(400, body=b"api_key=hunter22 is unknown: aHVudGVyMjI= 68756e7465723232"))
    await world.webhook("/hook?api_key=hunter22")

    await world.publish()
    (request,) = await world.receiver.received()
    (attempt,) = await world.until_attempts(1)

    assert request.path == "/hook?api_key=hunter22"
    assert attempt["request_url"] == world.receiver.url("/hook?api_key=") + "••••"
    assert attempt["response_body"] == "api_key=•••• is unknown: ••••I= ••••"
