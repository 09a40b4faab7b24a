"""Trying settings that are not saved, over the API."""

from typing import Any

from tests.graph.conftest import Api
from tests.receiver import answer
from tests.world import World

TRIED = """
ok steps { name ok durationMs detail }
request { method url headers { name value } body } response { status headers { name value } body truncated }
userErrors { path code message }
"""


def settings(url: str, **fields: Any) -> dict[str, Any]:
    return {"name": "Desk", "url": url, "eventTypes": ["ticket.*"], **fields}


async def test_each_step_of_a_trial_is_reported_and_nothing_is_saved(world: World, live: Api) -> None:
    world.receiver.on("/hook", answer(202, body=b"thanks"))
    webhook = settings(world.receiver.url("/hook"), authentication={"bearer": "hunter2"})

    tried = await live.change("testConnection", {"webhook": webhook, "eventType": "ticket.resolved"}, TRIED)
    saved = await live.data("{ webhooks { totalCount } deliveries { nodes { id } } events { nodes { id } } }")

    [received] = world.receiver.requests
    assert (tried["ok"], tried["userErrors"]) == (True, [])
    assert [(step["name"], step["ok"]) for step in tried["steps"]] == [
        ("RESOLVE", True),
        ("CONNECT", True),
        ("REQUEST", True),
        ("RESPONSE", True),
    ]
    assert all(step["detail"].endswith(".") and step["durationMs"] >= 0 for step in tried["steps"])
    assert tried["request"]["body"].encode() == received.body
    assert tried["request"]["method"] == "POST"
    assert (tried["response"]["status"], tried["response"]["body"]) == (202, "thanks")
    assert received.header("authorization") == "Bearer hunter2"
    assert "hunter2" not in str(tried)
    assert saved == {"webhooks": {"totalCount": 0}, "deliveries": {"nodes": []}, "events": {"nodes": []}}


async def test_the_step_that_fails_is_the_last_and_says_why(live: Api) -> None:
    tried = await live.change("testConnection", {"webhook": settings("http://127.0.0.1:2/")}, TRIED)

    assert (tried["ok"], tried["response"], tried["userErrors"]) == (False, None, [])
    assert (tried["steps"][-1]["name"], tried["steps"][-1]["ok"]) == ("CONNECT", False)
    assert tried["steps"][-1]["detail"]
    assert tried["request"]["url"] == "http://127.0.0.1:2/"


async def test_what_is_wrong_with_the_settings_is_said_with_its_place(live: Api) -> None:
    wrong = {"webhook": settings("gopher://example.com"), "eventType": "no.such"}

    tried = await live.change("testConnection", wrong, TRIED)

    assert (tried["ok"], tried["steps"], tried["request"]) == (None, None, None)
    assert [error["path"] for error in tried["userErrors"]] == [["webhook", "url"], ["eventType"]]


async def test_a_saved_webhook_is_tried_with_changes_and_a_past_event(world: World, live: Api) -> None:
    world.receiver.on("/new", answer(200))
    webhook = await world.webhook("/old")
    event = await world.publish()
    await world.until_status("SUCCEEDED")
    changes = {"id": webhook.id, "url": world.receiver.url("/new"), "method": "PUT"}

    tried = await live.change("testWebhook", {"id": webhook.id, "changes": changes, "eventId": event.row.id}, TRIED)
    saved = await live.data(
        "query($id: ID!) { webhook(id: $id) { url method } deliveries { nodes { id } } }", id=webhook.id
    )

    [_, received] = world.receiver.requests
    assert (tried["ok"], tried["userErrors"]) == (True, [])
    assert [step["name"] for step in tried["steps"]] == ["RESOLVE", "CONNECT", "REQUEST", "RESPONSE"]
    assert tried["request"]["url"] == world.receiver.url("/new")
    assert (received.method, received.header("webhook-id")) == ("PUT", event.row.id)
    assert saved["webhook"] == {"url": world.receiver.url("/old"), "method": "POST"}
    assert len(saved["deliveries"]["nodes"]) == 1


async def test_a_filter_is_tried_on_past_events(world: World, live: Api) -> None:
    for priority in ("high", "low", "high"):
        await world.publish(data={"ticket": {"id": "t", "subject": "s", "status": "open", "priority": priority}})
    asked = {"filter": 'data.ticket.priority == "high"', "eventTypes": ["ticket.*"]}
    selection = "looked matched events { id data } userErrors { path code message }"

    preview = await live.change("previewFilter", asked, selection)
    wrong = await live.change("previewFilter", {"filter": "1 + 1", "eventTypes": ["tickets.*"]}, selection)

    assert (preview["looked"], preview["matched"], preview["userErrors"]) == (3, 2, [])
    assert [event["data"]["ticket"]["priority"] for event in preview["events"]] == ["high", "high"]
    assert (wrong["looked"], wrong["events"]) == (None, None)
    assert {(error["code"], *error["path"]) for error in wrong["userErrors"]} == {("INVALID", "eventTypes", "0")}
