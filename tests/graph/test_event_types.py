"""A workspace's own event types over the API: created, changed, archived."""

from typing import Any

from app.statuses import Scope
from app.webhooks.credentials import MASK
from tests.domain import Domain
from tests.graph.conftest import Api
from tests.receiver import answer
from tests.world import World

TYPE = "eventType { name category description jsonSchema example archived }"
KEPT = "eventType { keepBodies keepBodiesDays redact }"
ERRORS = "userErrors { message path code }"
DRAFT: dict[str, Any] = {
    "name": "order.shipped",
    "description": "An order left the house.",
    "jsonSchema": {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
    "example": {"id": 1},
}


async def test_an_event_type_is_made_published_changed_and_archived(api: Api) -> None:
    made = await api.change("createEventType", DRAFT, f"{TYPE} {ERRORS}")
    wrong = await api.change("publishEvent", {"type": "order.shipped", "data": {"id": "1"}}, ERRORS)
    right = await api.change("publishEvent", {"type": "order.shipped", "data": {"id": 1}}, f"event {{ id }} {ERRORS}")
    changed = await api.change(
        "updateEventType", {"name": "order.shipped", "description": "Gone.", "archived": True}, f"{TYPE} {ERRORS}"
    )
    lists = await api.data(
        """{
          usual: eventTypes(category: CUSTOM) { name }
          all: eventTypes(category: CUSTOM, includeArchived: true) { name }
          one: eventType(name: "order.shipped") { archived }
        }"""
    )

    assert made == {"eventType": DRAFT | {"category": "CUSTOM", "archived": False}, "userErrors": []}
    assert [error["path"] for error in wrong["userErrors"]] == [["data", "id"]]
    assert right["event"] is not None
    assert changed["eventType"] == made["eventType"] | {"description": "Gone.", "archived": True}
    assert lists == {"usual": [], "all": [{"name": "order.shipped"}], "one": {"archived": True}}


async def test_what_is_wrong_with_an_event_type_is_said_with_its_place(api: Api) -> None:
    payload = await api.change("createEventType", DRAFT | {"jsonSchema": {"type": "nonsense"}}, f"{TYPE} {ERRORS}")

    assert payload["eventType"] is None
    assert payload["userErrors"][0]["path"][0] == "jsonSchema"


async def test_event_types_are_for_administrators(api: Api, domain: Domain) -> None:
    manager = await api.with_key(domain.caller, Scope.READ, Scope.MANAGE)
    document = "mutation($input: CreateEventTypeInput!) { createEventType(input: $input) { userErrors { code } } }"

    error = await manager.error(document, input=DRAFT)

    assert error["extensions"] == {"code": "FORBIDDEN"}


async def test_another_workspaces_event_type_is_one_that_never_existed(api: Api, stranger: Api) -> None:
    await api.change("createEventType", DRAFT, ERRORS)

    found = await stranger.data('{ eventType(name: "order.shipped") { name } }')
    changed = await stranger.change("updateEventType", {"name": "order.shipped", "archived": True}, ERRORS)

    assert found == {"eventType": None}
    assert changed["userErrors"][0]["code"] == "NOT_FOUND"


async def test_what_is_kept_is_set_shown_and_reset(api: Api) -> None:
    kept = {"keepBodies": ["NEVER_RESPONSES", "DAYS"], "keepBodiesDays": 30, "redact": ["/data/email"]}

    made = await api.change("createEventType", DRAFT | kept, f"{KEPT} {ERRORS}")
    reset = await api.change(
        "updateEventType", {"name": "order.shipped", "keepBodies": [], "redact": []}, f"{KEPT} {ERRORS}"
    )
    built_in = await api.change("updateEventType", {"name": "ticket.created"} | kept, f"{KEPT} {ERRORS}")

    assert made["eventType"] == kept | {"keepBodies": ["DAYS", "NEVER_RESPONSES"]}
    assert reset == {"eventType": {"keepBodies": [], "keepBodiesDays": None, "redact": []}, "userErrors": []}
    assert built_in == made


async def test_a_malformed_pointer_is_named_with_the_reason(api: Api) -> None:
    payload = await api.change("createEventType", DRAFT | {"redact": ["/ok", "data.email"]}, f"{KEPT} {ERRORS}")

    [error] = payload["userErrors"]
    assert (error["path"], error["code"]) == (["redact", "1"], "INVALID")
    assert '"data.email" is not a JSON Pointer' in error["message"]


async def test_attempts_show_masked_requests_and_say_that_a_response_is_not_stored(live: Api, world: World) -> None:
    world.receiver.on("/", answer(200, body=b'{"seen": "Ada"}'))
    await live.change(
        "updateEventType",
        {"name": "ticket.created", "keepBodies": ["NEVER_RESPONSES"], "redact": ["/data/ticket/subject"]},
        ERRORS,
    )
    await world.webhook()
    for event_type in ("ticket.created", "ticket.updated"):
        await world.publish(event_type)
    await world.until_attempts(2)

    answered = await live.data("""{ deliveries { nodes { event { type body } attempts { nodes {
      request { body } response { status headers { name } body stored }
    } } } } }""")

    shown = {node["event"]["type"]: node for node in answered["deliveries"]["nodes"]}
    [masked], [whole] = (shown[name]["attempts"]["nodes"] for name in ("ticket.created", "ticket.updated"))
    assert masked["response"] == {"status": 200, "headers": [], "body": "", "stored": False}
    assert (whole["response"]["body"], whole["response"]["stored"]) == ('{"seen": "Ada"}', True)
    assert "printer" not in masked["request"]["body"]
    assert MASK in masked["request"]["body"]
    assert "printer" in shown["ticket.created"]["event"]["body"]
    assert whole["request"]["body"] == shown["ticket.updated"]["event"]["body"]
