"""Times at the ends of the calendar, wherever a time is accepted: an answer or a typed error, never a bug."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, get_named_type

from tests.exported_schema import SCHEMA
from tests.graph.conftest import Api

ENDS = [
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "1969-12-31T23:59:59.999Z",
    "1970-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-14:00",
]
EVENT = {"type": "ticket.created", "data": {"ticket": {"id": "tkt_1"}}}
# One webhook and one event, for their fields.
MADE = """mutation {
  createWebhook(input: {name: "Shop", url: "http://127.0.0.1:2/", eventTypes: ["*"]}) { webhook { id } }
  publishEvent(input: {type: "ticket.created", data: {ticket: {id: "tkt_1"}}}) { deliveryCount }
}"""
# What each operation needs besides the time, and what it selects.
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "Query.events.EventFilter.time": ("query($v: EventFilter) { events(filter: $v) { nodes { id } } }", {}),
    "Query.deliveries.DeliveryFilter.time": (
        "query($v: DeliveryFilter) { deliveries(filter: $v) { nodes { id } } }",
        {},
    ),
    "Event.deliveries.DeliveryFilter.time": (
        "query($v: DeliveryFilter) { events { nodes { deliveries(filter: $v) { nodes { id } } } } }",
        {},
    ),
    "Webhook.deliveries.DeliveryFilter.time": (
        "query($v: DeliveryFilter) { webhooks { nodes { deliveries(filter: $v) { nodes { id } } } } }",
        {},
    ),
    "Problem.deliveries.DeliveryFilter.time": (
        "query($v: DeliveryFilter) { problems { nodes { deliveries(filter: $v) { nodes { id } } } } }",
        {},
    ),
    "Query.stats.since": ("query($v: DateTime) { stats(since: $v) { attempts } }", {}),
    "Query.stats.until": ("query($v: DateTime) { stats(until: $v) { attempts } }", {}),
    "Webhook.stats.since": ("query($v: DateTime) { webhooks { nodes { stats(since: $v) { attempts } } } }", {}),
    "Webhook.stats.until": ("query($v: DateTime) { webhooks { nodes { stats(until: $v) { attempts } } } }", {}),
    "Mutation.publishEvent.PublishEventInput.occurredAt": (
        "mutation($v: PublishEventInput!) { publishEvent(input: $v) { userErrors { code } } }",
        EVENT,
    ),
    "Mutation.publishEvents.PublishEventInput.occurredAt": (
        "mutation($v: PublishEventInput!) { publishEvents(input: {events: [$v]}) { userErrors { code } } }",
        EVENT,
    ),
    "Mutation.replayEvents.ReplayEventsInput.time": (
        "mutation($v: ReplayEventsInput!) { replayEvents(input: $v) { userErrors { code } } }",
        {"dryRun": True},
    ),
    "Query.auditLog.AuditFilter.time": ("query($v: AuditFilter) { auditLog(filter: $v) { nodes { id } } }", {}),
    "Webhook.accounting.since": (
        "query($v: DateTime) { webhooks { nodes { accounting(since: $v) { matched } } } }",
        {},
    ),
    "Webhook.accounting.until": (
        "query($v: DateTime) { webhooks { nodes { accounting(until: $v) { matched } } } }",
        {},
    ),
    "Mutation.previewFilter.PreviewFilterInput.since": (
        "mutation($v: PreviewFilterInput!) { previewFilter(input: $v) { userErrors { code } } }",
        {"filter": "true"},
    ),
    "Mutation.testWebhook.UpdateWebhookInput.ifUpdatedAt": (
        "mutation($v: UpdateWebhookInput!)"
        ' { testWebhook(input: {id: "wh_01m8p0000000000000000000000", changes: $v}) { userErrors { code } } }',
        {"id": "wh_01m8p0000000000000000000000"},
    ),
    "Mutation.updateWebhook.UpdateWebhookInput.ifUpdatedAt": (
        "mutation($v: UpdateWebhookInput!) { updateWebhook(input: $v) { userErrors { code } } }",
        {"id": "wh_"},
    ),
    "Mutation.createApiKey.CreateApiKeyInput.expiresAt": (
        "mutation($v: CreateApiKeyInput!) { createApiKey(input: $v) { userErrors { code } } }",
        {"name": "CI", "scopes": ["READ"]},
    ),
}
for mutation in ("retryDeliveries", "cancelDeliveries"):
    WAYS[f"Mutation.{mutation}.DeliveryFilter.time"] = (
        f"mutation($v: DeliveryFilter!) {{ {mutation}(input: {{filter: $v, dryRun: true}})"
        " { userErrors { code } } }",
        {},
    )
# Followed live; the filter is the one that `Query.deliveries` takes.
FOLLOWED = "Subscription.deliveryUpdates.DeliveryFilter.time"


def places() -> Iterator[str]:
    """Each argument, and each field of an input, that takes a time or a range of times."""
    for type_ in SCHEMA.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for name, field in type_.fields.items():
                for argument, taken in field.args.items():
                    of = get_named_type(taken.type)
                    yield from (f"{type_.name}.{name}.{end}" for end in _ends(of, argument))


def _ends(type_: Any, name: str) -> Iterator[str]:
    if type_.name == "DateTime":
        yield name
    elif isinstance(type_, GraphQLInputObjectType):
        for field, taken in type_.fields.items():
            inner = get_named_type(taken.type)
            if inner.name in ("DateTime", "TimeRange"):
                yield f"{type_.name}.{field}"
            elif isinstance(inner, GraphQLInputObjectType):
                yield from _ends(inner, field)


def test_every_place_that_takes_a_time_is_tried() -> None:
    assert set(places()) == {*WAYS, FOLLOWED}


@pytest.mark.parametrize("place", WAYS)
async def test_a_time_at_an_end_of_the_calendar_is_no_internal_error(api: Api, place: str) -> None:
    await api.post(MADE)
    document, beside = WAYS[place]
    kind, _, name = place.rpartition(".")
    for end in ENDS:
        given: list[Any] = [end]
        if name == "time":
            given = [{"since": end}, {"until": end}, {"since": end, "until": end}]
        for value in given:
            variable = value if kind.endswith("stats") else {**beside, name: value}
            answer = (await api.post(document, v=variable)).json()
            codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
            assert codes <= {"BAD_USER_INPUT"}, (place, value, answer)
