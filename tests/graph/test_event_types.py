"""A workspace's own event types over the API: created, changed, archived."""

from typing import Any

from app.statuses import Scope
from tests.domain import Domain
from tests.graph.conftest import Api

TYPE = "eventType { name category description jsonSchema example archived }"
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
