"""Every field of every input is tried with every kind of value, and each error names the value and what would be right.

The table is in `tests.graph.inputs`. It leaves out values that the schema alone refuses: those are generated here, by
type.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_required_input_field,
)

from tests.exported_schema import SCHEMA
from tests.graph.conftest import Api, on_sqlite_only
from tests.graph.inputs.of_others import OTHERS, TICKET
from tests.graph.inputs.of_webhooks import WEBHOOKS
from tests.graph.inputs.tries import FULLWIDTH_2, Kind, Try

TABLE = {**WEBHOOKS, **OTHERS}
DRAFT = {"name": "Desk", "url": "http://127.0.0.1:2/", "eventTypes": ["*"]}
NUMBERS = count(1)
# These send a request.
CONNECT = ("testConnection", "testWebhook")

# The smallest value of an input within another one.
LEAST: Mapping[str, dict[str, Any]] = {
    "CreateWebhookInput": DRAFT,
    "HeaderInput": {"name": "X-Tenant", "value": "a"},
    "AuthenticationInput": {},
    "BasicAuthInput": {"username": "ada", "password": "secret"},
    "RetryPolicyInput": {"delaysSeconds": []},
    "PublishEventInput": {"type": "ticket.created", "data": TICKET},
    "DeliveryFilter": {},
    "TimeRange": {},
    "IntRange": {},
    "DataCondition": {"path": "ticket.id", "equals": "tkt_1"},
    "ActorInput": {"id": "ada"},
}
# The kinds of values that a field of a type must be tried with.
TEXT = {Kind.EMPTY, Kind.TOO_LONG, Kind.CONTROL, Kind.LOOK_ALIKE}
KINDS = {
    "String": TEXT,
    "ID": TEXT,
    "Int": {Kind.AT_LIMIT, Kind.PAST_LIMIT},
    "JSON": {Kind.EMPTY, Kind.OTHER_TYPE, Kind.AT_LIMIT, Kind.TOO_LONG},
    "[String]": TEXT | {Kind.AT_LIMIT, Kind.PAST_LIMIT},
    "[Int]": {Kind.EMPTY, Kind.AT_LIMIT, Kind.PAST_LIMIT, Kind.OTHER_UNIT},
    "[enum]": {Kind.EMPTY},
    "[input]": {Kind.EMPTY, Kind.AT_LIMIT, Kind.PAST_LIMIT},
}
# Values that are never valid for a type, as variables.
NEVER: Mapping[str, list[Any]] = {
    "String": [7, True, {"a": 1}],
    "ID": [1.5, {"a": 1}],
    "Int": ["30", 1.5, 2**31, True],
    "Boolean": ["true", 1],
    "DateTime": [
        1_700_000_000,
        "",
        "2026-11-23",
        "2026-11-23T10:00:00",
        f"{FULLWIDTH_2}026-11-23T10:00:00Z",
        "2026-02-30T00:00:00Z",
    ],
    "JSON": [],
    "enum": ["NOPE", 1],
    "input": ["text", 1],
}


@dataclass(frozen=True)
class Place:
    """A field of an input of a mutation: `path` leads to the input that has the field."""

    mutation: str
    path: tuple[str, ...]
    types: tuple[str, ...]
    field: str

    @property
    def input_type(self) -> str:
        """The input that has the field."""
        return self.types[-1]

    def put(self, value: Any, beside: Mapping[str, Any], least: dict[str, Any]) -> dict[str, Any]:
        """The mutation's whole input with a value in this place."""
        smallest = {**LEAST, "UpdateWebhookInput": {"id": least.get("id")}}
        inner = {**(smallest[self.input_type] if self.path else {}), **beside, self.field: value}
        for index in reversed(range(len(self.path))):
            step = self.path[index]
            outer_type = self.types[len([step for step in self.path[:index] if not step.isdigit()])]
            inner = [inner] if step.isdigit() else {**(smallest[outer_type] if index else {}), step: inner}  # type: ignore[assignment]
        return {**least, **inner}

    def __str__(self) -> str:
        return ".".join((self.mutation, *self.path, self.field))


def places() -> Iterator[Place]:
    """Every field of every input of every mutation."""
    assert SCHEMA.mutation_type is not None
    for mutation, field in SCHEMA.mutation_type.fields.items():
        yield from _within(mutation, (), (), get_named_type(field.args["input"].type))


def _within(mutation: str, path: tuple[str, ...], types: tuple[str, ...], input_type: Any) -> Iterator[Place]:
    types = (*types, input_type.name)
    for name, field in input_type.fields.items():
        yield Place(mutation, path, types, name)
        inner = get_named_type(field.type)
        if isinstance(inner, GraphQLInputObjectType):
            step = (name, "0") if is_list_type(get_nullable_type(field.type)) else (name,)
            yield from _within(mutation, (*path, *step), types, inner)


PLACES = list(places())
every_mutation = pytest.mark.parametrize("mutation", list(dict.fromkeys(place.mutation for place in PLACES)))


def places_of(mutation: str) -> list[Place]:
    """Every field that a mutation takes."""
    return [place for place in PLACES if place.mutation == mutation]


def type_of(place: Place) -> tuple[str, bool, bool]:
    """The kind of a field's type, whether it is a list, and whether the field is required."""
    parent = SCHEMA.type_map[place.input_type]
    assert isinstance(parent, GraphQLInputObjectType)
    field = parent.fields[place.field]
    named = get_named_type(field.type)
    kind = "enum" if isinstance(named, GraphQLEnumType) else named.name
    kind = "input" if isinstance(named, GraphQLInputObjectType) else kind
    return kind, is_list_type(get_nullable_type(field.type)), is_required_input_field(field)


@pytest.fixture
async def least(api: Api) -> Mapping[str, dict[str, Any]]:
    """The smallest valid input of each mutation, about existing objects."""
    created = await api.change("createWebhook", DRAFT, "webhook { id secrets { id } }")
    webhook = {"id": created["webhook"]["id"]}
    published = await api.change("publishEvent", LEAST["PublishEventInput"], "event { deliveries { nodes { id } } }")
    await api.change("createEventType", {"name": "order.made", "description": "An order."}, "eventType { name }")
    delivery = {"id": published["event"]["deliveries"]["nodes"][0]["id"]}
    return {
        **dict.fromkeys(["updateWebhook", "deleteWebhook", "pauseWebhook", "resumeWebhook", "pingWebhook"], webhook),
        "testWebhook": webhook,
        "previewFilter": {},
        **dict.fromkeys(["rotateWebhookSecret", "revealWebhookSecret"], webhook),
        "createWebhook": DRAFT,
        "upsertWebhook": {"externalId": "desk", "webhook": DRAFT},
        "cancelOperation": {"id": "op_"},
        "acknowledgeProblem": {"id": "prb_"},
        "testConnection": {"webhook": DRAFT},
        "revokeWebhookSecret": {**webhook, "secretId": created["webhook"]["secrets"][0]["id"]},
        "publishEvent": LEAST["PublishEventInput"],
        "publishEvents": {"events": [LEAST["PublishEventInput"]]},
        **dict.fromkeys(["retryDelivery", "cancelDelivery"], delivery),
        "retryDeliveries": {"filter": {}, "dryRun": True},
        "cancelDeliveries": {"filter": {}, "dryRun": True},
        "replayEvents": {"webhookId": webhook["id"], "time": {}, "dryRun": True},
        "eraseData": {"eventIds": ["evt_"], "dryRun": True},
        "createEventType": {"name": "order.shipped", "description": "An order was shipped."},
        "updateEventType": {"name": "order.made"},
        "createApiKey": {"name": "Desk", "scopes": ["READ"]},
        "revokeApiKey": {"id": "key_"},
        "createAccessToken": {"scopes": ["READ"]},
        "createWorkspace": {"name": "Acme"},
        "deleteWorkspace": {"id": "ws_"},
        "createContact": {"kind": "WEBHOOK", "target": "http://127.0.0.1:2/", "events": ["*"]},
        "deleteContact": {"id": "con_"},
        "testContact": {"id": "con_"},
    }


def test_the_table_has_every_field_of_every_input() -> None:
    fields = {(place.input_type, place.field) for place in PLACES}

    assert {(name, field) for name, table in TABLE.items() for field in table} == fields


def test_every_field_is_tried_with_every_kind_of_value() -> None:
    for place in PLACES:
        kind, is_list, _ = type_of(place)
        tried = {one.kind for one in TABLE[place.input_type][place.field]}
        assert tried >= KINDS.get(f"[{kind}]" if is_list else kind, set()), place


@on_sqlite_only
@every_mutation
async def test_every_value_is_taken_or_explained_with_its_place_what_is_wrong_and_what_would_be_right(
    mutation: str, api: Api, least: Mapping[str, dict[str, Any]]
) -> None:
    for place in places_of(mutation):
        if (place.mutation, place.path, place.field) == ("upsertWebhook", ("webhook",), "externalId"):
            continue  # it must be the one beside the webhook, which is tried
        for one in TABLE[place.input_type][place.field]:
            if one.code is not None:
                message = await said(place, one, api, least)
                assert [words for words in one.says if words not in message] == [], (place, one, message)
                assert message.endswith((".", "?")), (place, one, message)
            elif mutation not in CONNECT:  # they accept what createWebhook and updateWebhook accept
                assert await tried(place, one, api, least) == [], (place, one)


async def said(place: Place, one: Try, api: Api, least: Mapping[str, dict[str, Any]]) -> str:
    """The errors for a value, with their code and path."""
    errors = await tried(place, one, api, least)
    where = [*place.path, place.field, *one.below]
    messages = [error["message"] for error in errors if (error["code"], error["path"]) == (one.code, where)]
    assert len(messages) == 1, (place, one, errors)
    message: str = messages[0]
    return message


async def tried(place: Place, one: Try, api: Api, least: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The userErrors for a value."""
    input_ = place.put(one.value, one.beside, least[place.mutation])
    if place.mutation == "createEventType" and place.field != "name":
        input_["name"] = f"order.number_{next(NUMBERS)}"
    if place.mutation == "upsertWebhook" and place.path:
        # each creates a webhook, because not everything about an existing one can change
        input_["externalId"] = f"desk {next(NUMBERS)}"
    payload = await api.change(place.mutation, input_, "userErrors { message path code }")
    errors: list[dict[str, Any]] = payload["userErrors"]
    return errors


@on_sqlite_only
@every_mutation
async def test_what_has_another_type_is_said_with_its_place(
    mutation: str, api: Api, least: Mapping[str, dict[str, Any]]
) -> None:
    for place in places_of(mutation):
        kind, is_list, is_required = type_of(place)
        never = [[value] for value in NEVER[kind]] if is_list else NEVER[kind]
        where = "".join(f"[{step}]" if step.isdigit() else f".{step}" for step in (*place.path, place.field))
        document = f"mutation($input: {place.types[0]}!) {{ {mutation}(input: $input) {{ __typename }} }}"

        for value in [*never, *([None] if is_required else [])]:
            error = await api.error(document, input=place.put(value, {}, least[mutation]))
            assert error["extensions"] == {"code": "BAD_USER_INPUT"}, (place, value, error)
            assert f" at {where}" in error["message"], (place, value, error)
