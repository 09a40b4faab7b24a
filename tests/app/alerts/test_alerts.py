"""Alerts: each transition is published once, as an event with its deliveries, and never in a circle."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from app.alerts.alert import LEVELS, level_of
from app.alerts.conditions import Condition, expiring_secrets
from app.alerts.watch import watch
from app.catalogue.operational import OPERATIONAL_EVENT_TYPES
from app.catalogue.patterns import OPERATIONAL
from app.catalogue.validation import PayloadValidator
from app.clock import Micros, to_micros
from app.database.database import Database
from app.delivery_filter import TimeRange
from app.errors import Rejected
from app.event_types.definitions import update_event_type
from app.event_types.drafts import EventTypeChanges
from app.operations.replay import replay_events
from app.webhooks.fields import WebhookChanges
from app.webhooks.lifecycle import resume_webhook, update_webhook
from app.webhooks.secrets import rotate_secret
from tests.receiver import answer
from tests.world import World

FAMILIES = ["webhook.*", "delivery.*", "backlog.*", "secret.*"]
HOURLY = [3_600] * 20
DISABLE_AFTER = timedelta(days=5)


async def told(world: World) -> list[tuple[str, Mapping[str, Any]]]:
    """The alerts so far, in order: type and data."""
    rows = [row for row in await world.rows("event") if row["type"] in OPERATIONAL]
    return [(row["type"], orjson.loads(row["body"])["data"]) for row in rows]


async def types_told(world: World) -> list[str]:
    return [type_ for type_, _ in await told(world)]


async def look(world: World) -> int:
    return await watch(world.resources, world.resources.alerts)


async def failing_webhook(world: World, delays: list[int] | None = None) -> str:
    """A webhook whose receiver answers 500, with one delivery that failed once; returns its ID."""
    world.receiver.on("/broken", answer(500))
    webhook = await world.webhook("/broken", name="Broken", retry_delays_seconds=HOURLY if delays is None else delays)
    await world.publish()
    await world.until_attempts(1)
    return webhook.id


async def fail_again_after(world: World, time: timedelta) -> None:
    """Let another attempt fail when the webhook has been failing for this long."""
    (row,) = [row for row in await world.rows("webhook") if row["name"] == "Broken"]
    before = len(await world.attempts(webhook_id=row["id"]))
    passed = to_micros(world.resources.clock.now()) - row["failing_since"]
    await world.advance(time - timedelta(microseconds=passed))
    await world.sweep()

    async def reached() -> bool:
        return len(await world.attempts(webhook_id=row["id"])) > before

    await world.until(reached)


def test_the_catalogue_has_the_alerts_that_everything_leaves_out() -> None:
    assert {event_type.name for event_type in OPERATIONAL_EVENT_TYPES} == OPERATIONAL


@pytest.mark.parametrize(("percent", "level"), [(0, 0), (49.9, 0), (50, 50), (74.9, 50), (75, 75), (90, 90), (400, 90)])
def test_the_level_is_the_last_one_that_was_passed(percent: float, level: int) -> None:
    now = Micros(int(DISABLE_AFTER / timedelta(microseconds=1) * percent / 100))

    assert level_of(Micros(0), now, DISABLE_AFTER) == level


async def test_a_webhook_that_goes_on_failing_is_told_at_each_level_once_and_when_it_is_disabled(world: World) -> None:
    await failing_webhook(world)
    for part in (0.4, 0.51, 0.52, 0.76, 0.91, 0.92, 1.01):
        await fail_again_after(world, DISABLE_AFTER * part)
    alerts = await told(world)

    assert [data["failure"]["percent"] for type_, data in alerts if type_ == "webhook.failing"] == list(LEVELS)
    assert [type_ for type_, _ in alerts if type_ != "webhook.failing"] == ["webhook.disabled"]
    assert alerts[-1][1]["disabling"]["reasonCode"] == "FAILING"
    assert {data["webhook"]["name"] for _, data in alerts} == {"Broken"}
    for type_, data in alerts:
        (event_type,) = [known for known in OPERATIONAL_EVENT_TYPES if known.name == type_]
        assert PayloadValidator(event_type.json_schema).errors(data) == []


async def test_time_alone_tells_that_a_webhook_has_been_failing(world: World) -> None:
    await failing_webhook(world, [604_800])
    await world.advance(DISABLE_AFTER * 0.6)
    first, second = await asyncio.gather(look(world), look(world))
    again = await look(world)

    assert sorted([first, second]) == [0, 2]
    assert again == 0
    assert sorted(await types_told(world)) == ["backlog.growing", "webhook.failing"]


async def test_what_ends_while_it_is_looked_for_is_not_told_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt may be recorded between reading that a webhook fails and publishing it."""
    await failing_webhook(world)
    await fail_again_after(world, DISABLE_AFTER * 0.6)
    world.receiver.on("/broken", answer(200))
    recover = [fail_again_after(world, DISABLE_AFTER * 0.7)]

    async def meanwhile(database: Database, now: datetime) -> list[Condition]:
        if recover:
            await recover.pop()
        return await expiring_secrets(database, now)

    monkeypatch.setattr("app.alerts.watch.expiring_secrets", meanwhile)
    await look(world)
    await look(world)

    assert [type_ for type_ in await types_told(world) if type_.startswith("webhook.")] == [
        "webhook.failing",
        "webhook.recovered",
    ]


async def test_an_alert_is_delivered_to_who_asked_for_it_and_not_to_who_asked_for_everything(world: World) -> None:
    await world.webhook("/everything", event_types=["*"])
    await world.webhook("/alerts", event_types=["webhook.disabled"])
    world.receiver.on("/gone", answer(410))
    gone = await world.webhook("/gone", name="Gone", event_types=["ticket.*", "webhook.*", "delivery.*"])
    await world.publish()

    async def sent() -> bool:
        return any(request.path == "/alerts" for request in world.receiver.requests)

    await world.until(sent)
    (alert,) = [request for request in world.receiver.requests if request.path == "/alerts"]
    body = orjson.loads(alert.body)

    assert body["type"] == "webhook.disabled"
    assert body["data"]["webhook"] == {"id": gone.id, "name": "Gone"}
    assert body["data"]["disabling"]["reasonCode"] == "GONE"
    assert await types_told(world) == ["delivery.exhausted", "webhook.disabled"]
    assert [request.path for request in world.receiver.requests].count("/everything") == 1
    assert [request.path for request in world.receiver.requests].count("/gone") == 1


async def test_a_recovery_is_told_if_the_failure_was(world: World) -> None:
    await failing_webhook(world)
    await fail_again_after(world, DISABLE_AFTER * 0.6)
    world.receiver.on("/broken", answer(200))
    await fail_again_after(world, DISABLE_AFTER * 0.7)
    await world.until_status("SUCCEEDED")
    since = (await told(world))[0][1]["failure"]["since"]

    assert await types_told(world) == ["webhook.failing", "webhook.recovered"]
    assert (await told(world))[1][1]["recovery"]["failingSince"] == since


async def test_a_short_failure_and_its_end_are_not_told(world: World) -> None:
    await failing_webhook(world)
    world.receiver.on("/broken", answer(200))
    await fail_again_after(world, timedelta(hours=2))
    await world.until_status("SUCCEEDED")
    await look(world)

    assert await told(world) == []


async def test_a_webhook_that_works_after_it_was_resumed_is_told_to_have_recovered(world: World) -> None:
    world.receiver.on("/gone", answer(410))
    gone = await world.webhook("/gone", name="Gone")
    await world.publish()
    await world.until_status("FAILED")
    world.receiver.on("/gone", answer(204))
    await world.advance(60)
    await resume_webhook(world.resources, world.caller, gone.id)
    none_yet = await look(world)
    await world.publish()
    await world.until_status("FAILED", "SUCCEEDED")
    at_once = await types_told(world)
    again = await look(world)

    assert (none_yet, again) == (0, 0)
    assert at_once == ["delivery.exhausted", "webhook.disabled", "webhook.recovered"]


async def test_a_recovery_that_only_an_alert_has_shown_is_told(world: World) -> None:
    broken = await failing_webhook(world)
    await fail_again_after(world, DISABLE_AFTER * 0.6)
    world.receiver.on("/broken", answer(200))
    world.receiver.on("/gone", answer(410))
    await update_webhook(world.resources, world.caller, broken, WebhookChanges(event_types=["webhook.*"]))
    await world.webhook("/gone")
    await world.publish()
    await world.until_status("RETRYING", "FAILED", "SUCCEEDED")
    told_by_the_alert = await types_told(world)
    await look(world)
    await look(world)
    alerts = await told(world)
    recoveries = [data["recovery"]["failingSince"] for type_, data in alerts if type_ == "webhook.recovered"]

    assert "webhook.recovered" not in told_by_the_alert
    assert recoveries == [alerts[0][1]["failure"]["since"]]


async def test_a_delivery_without_a_retry_left_is_told_with_its_event(world: World) -> None:
    await failing_webhook(world, [])
    await world.until_status("FAILED")
    ((type_, data),) = await told(world)
    (delivery,) = await world.deliveries()

    assert type_ == "delivery.exhausted"
    assert data["delivery"]["id"] == delivery["id"]
    assert data["delivery"]["responseStatus"] == 500
    assert data["event"] == {"id": delivery["event_id"], "type": "ticket.created"}


async def test_alerts_cause_no_alerts_although_both_webhooks_ask_for_them_and_fail(world: World) -> None:
    for path in ("/one", "/two"):
        world.receiver.on(path, answer(500))
        await world.webhook(path, event_types=["ticket.*", *FAMILIES], retry_delays_seconds=[])
    await world.publish()
    # One alert about each, to the other, fails as well.
    await world.until_status("FAILED", "FAILED", "FAILED", "FAILED")
    events = await world.rows("event")
    about = {row["id"]: orjson.loads(row["body"])["data"].get("webhook", {}).get("id") for row in events}

    assert await types_told(world) == ["delivery.exhausted", "delivery.exhausted"]
    assert [row for row in await world.deliveries() if row["webhook_id"] == about[row["event_id"]]] == []


async def test_a_disabled_webhook_does_not_miss_the_alerts_about_itself(world: World) -> None:
    world.receiver.on("/gone", answer(410))
    webhook = await world.webhook("/gone", event_types=["ticket.*", *FAMILIES])
    await rotate_secret(world.resources, world.caller, webhook.id, None, overlap_seconds=172_800)
    await world.publish()
    await world.until_status("FAILED")
    await world.advance(timedelta(days=1, seconds=1))
    await look(world)

    assert "secret.expiring" in await types_told(world)
    assert await world.rows("missed_delivery") == []


async def test_a_backlog_is_told_once_and_again_after_it_was_gone(world: World) -> None:
    await failing_webhook(world)
    await world.advance(20)
    early = await look(world)
    await world.advance(20)
    counts = [await look(world), await look(world)]
    world.receiver.on("/broken", answer(200))
    await world.advance(7_200)
    await world.sweep()
    await world.until_status("SUCCEEDED")
    await look(world)
    world.receiver.on("/broken", answer(500))
    await world.publish()
    await world.until_status("SUCCEEDED", "RETRYING")
    await world.advance(31)
    counts.append(await look(world))

    assert early == 0
    assert counts == [1, 0, 1]
    assert [type_ for type_ in await types_told(world) if type_ == "backlog.growing"] == ["backlog.growing"] * 2


async def test_a_secret_that_expires_within_a_day_is_told_once(world: World) -> None:
    webhook = await world.webhook()
    await rotate_secret(world.resources, world.caller, webhook.id, None, overlap_seconds=172_800)
    early = await look(world)
    await world.advance(timedelta(days=1, seconds=1))
    counts = [await look(world), await look(world)]
    ((type_, data),) = await told(world)

    assert early == 0
    assert counts == [1, 0]
    assert (type_, data["webhook"]["id"]) == ("secret.expiring", webhook.id)


async def test_a_replay_sends_past_alerts_to_who_asks_for_them_but_not_to_whom_they_are_about(world: World) -> None:
    broken = await failing_webhook(world, [])
    await world.until_status("FAILED")
    other = await world.webhook("/alerts", event_types=["delivery.*"])
    everything = await world.webhook("/everything", event_types=["*"])
    await update_webhook(world.resources, world.caller, broken, WebhookChanges(event_types=["delivery.*"]))
    counts = [
        (await replay_events(world.resources, world.caller, webhook_id, TimeRange(), dry_run=True)).matched
        for webhook_id in (broken, other.id, everything.id)
    ]

    assert counts == [0, 1, 1]


async def test_an_alert_that_the_workspace_archived_is_left_out(world: World) -> None:
    await update_event_type(world.resources, world.caller, "delivery.exhausted", EventTypeChanges(archived=True))
    await failing_webhook(world, [])
    await world.until_status("FAILED")

    assert await told(world) == []


async def test_nobody_but_the_server_publishes_an_alert(world: World) -> None:
    with pytest.raises(Rejected) as refused:
        await world.publish("webhook.disabled", {"disabling": {"at": "2026-11-28T10:00:00Z", "reasonCode": "GONE"}})

    assert [problem.message for problem in refused.value.problems] == [
        'The event type "webhook.disabled" is an alert, which only the server itself publishes.'
    ]
