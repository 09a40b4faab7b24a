"""On both databases: a workspace creates, changes and archives event types."""

from dataclasses import replace
from typing import Any

import pytest

from app.catalogue import BUILT_IN
from app.catalogue.event_type import EventCategory
from app.errors import Forbidden, Problem, Rejected, UserErrorCode
from app.event_types import definitions
from app.event_types.definitions import create_event_type, update_event_type
from app.event_types.drafts import EventTypeChanges, EventTypeDraft
from app.publishing.draft import EventDraft
from app.registry import KnownEventType
from app.resources import open_resources
from app.statuses import Scope
from app.webhooks.fields import WebhookDraft
from app.webhooks.lifecycle import create_webhook
from tests.domain import Domain

INVOICE = EventTypeDraft(
    "invoice.paid",
    "An invoice was paid in full.",
    {
        "type": "object",
        "required": ["amount"],
        "properties": {"amount": {"type": "integer", "minimum": 1, "description": "In cents."}},
    },
    {"amount": 12_900},
)


async def made(domain: Domain, draft: EventTypeDraft = INVOICE) -> KnownEventType:
    return await create_event_type(domain.resources, domain.caller, draft)


async def changed(domain: Domain, name: str, **changes: Any) -> KnownEventType:
    return await update_event_type(domain.resources, domain.caller, name, EventTypeChanges(**changes))


async def published(domain: Domain, event_type: str, data: dict[str, Any]) -> int:
    """How many events were published: one, or an exception."""
    draft = EventDraft(event_type, data)
    return len((await domain.resources.publisher.publish(domain.caller, [draft], batch=False)).events)


async def problems_of(domain: Domain, **draft: Any) -> list[tuple[tuple[str, ...], UserErrorCode]]:
    with pytest.raises(Rejected) as rejected:
        await made(domain, replace(INVOICE, **draft))
    return [(problem.path, problem.code) for problem in rejected.value.problems]


async def test_an_event_type_of_ones_own_is_listed_and_published(domain: Domain) -> None:
    created = await made(domain)
    registry = await domain.resources.registries.current(domain.resources.database, domain.caller.workspace_id)

    assert registry.event_types["invoice.paid"] == created
    assert list(registry.event_types)[: len(BUILT_IN)] == list(BUILT_IN)
    assert created.event_type.category is EventCategory.CUSTOM
    assert created.event_type.description == "An invoice was paid in full."
    assert await published(domain, "invoice.paid", {"amount": 1}) == 1


async def test_what_is_published_has_to_fit_its_schema(domain: Domain) -> None:
    await made(domain)

    with pytest.raises(Rejected) as rejected:
        await published(domain, "invoice.paid", {"amount": 0})

    assert [problem.path for problem in rejected.value.problems] == [("data", "amount")]


async def test_without_schema_and_example_any_object_fits(domain: Domain) -> None:
    created = await made(domain, EventTypeDraft("invoice.paid", "An invoice was paid."))

    assert (created.event_type.json_schema, created.event_type.example) == ({"type": "object"}, {})
    assert await published(domain, "invoice.paid", {"anything": [1, None]}) == 1


async def test_a_name_is_taken_by_another_or_by_a_built_in_one(domain: Domain) -> None:
    await made(domain)

    assert await problems_of(domain) == [(("name",), UserErrorCode.TAKEN)]
    assert await problems_of(domain, name="ticket.created") == [(("name",), UserErrorCode.TAKEN)]


async def test_two_workspaces_may_use_the_same_name(domain: Domain) -> None:
    await made(domain)
    other = replace(INVOICE, description="Something else.")

    theirs = await create_event_type(domain.resources, domain.stranger, other)

    assert theirs.event_type.description == "Something else."
    with pytest.raises(Rejected) as rejected:
        await update_event_type(domain.resources, domain.stranger, "invoice.sent", EventTypeChanges(archived=True))
    assert rejected.value.problems[0].code is UserErrorCode.NOT_FOUND


async def test_another_workspaces_event_type_does_not_exist(domain: Domain) -> None:
    await made(domain)

    with pytest.raises(Rejected) as rejected:
        await update_event_type(domain.resources, domain.stranger, "invoice.paid", EventTypeChanges(archived=True))

    assert rejected.value.problems == (
        Problem(
            'There is no event type "invoice.paid". Query eventTypes for those there are.',
            ("name",),
            UserErrorCode.NOT_FOUND,
        ),
    )


@pytest.mark.parametrize(
    "name", ["", "invoice", "Invoice.paid", "invoice.", "invoice..paid", "invoice.*", "ínvoice.paid"]
)
async def test_a_name_is_dotted_and_lower_case(domain: Domain, name: str) -> None:
    assert await problems_of(domain, name=name) == [(("name",), UserErrorCode.INVALID)]


async def test_everything_that_is_wrong_is_said_at_once_with_its_place(domain: Domain) -> None:
    found = await problems_of(
        domain, name="n" * 101, description=" ", json_schema={"properties": {"a": {"type": "text"}}}
    )

    assert found == [
        (("name",), UserErrorCode.TOO_LONG),
        (("description",), UserErrorCode.REQUIRED),
        (("jsonSchema", "properties", "a", "type"), UserErrorCode.INVALID),
    ]


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ([], ("jsonSchema",)),
        ("object", ("jsonSchema",)),
        ({"$ref": "https://example.com/schema.json"}, ("jsonSchema", "$ref")),
        ({"properties": {"a": {"$ref": "#"}}}, ("jsonSchema", "properties", "a", "$ref")),
        ({"pattern": "("}, ("jsonSchema", "pattern")),
        ({"description": "x" * 70_000}, ("jsonSchema",)),
    ],
)
async def test_a_schema_is_json_schema_and_whole_in_itself(domain: Domain, schema: Any, path: tuple[str, ...]) -> None:
    assert (path, UserErrorCode.INVALID) in await problems_of(domain, json_schema=schema)


@pytest.mark.parametrize(
    ("example", "problem"),
    [
        ({"amount": 0}, (("example", "amount"), UserErrorCode.INVALID_PAYLOAD)),
        ({}, (("example", "amount"), UserErrorCode.INVALID_PAYLOAD)),
        ([], (("example",), UserErrorCode.INVALID)),
        ({"amount": 2**70}, (("example",), UserErrorCode.INVALID)),
        ({"amount": 1, "note": "\ud800"}, (("example",), UserErrorCode.INVALID)),
        ({"amount": 1, "note": "x" * 70_000}, (("example",), UserErrorCode.TOO_LONG)),
    ],
)
async def test_an_example_fits_its_schema(domain: Domain, example: Any, problem: tuple[Any, UserErrorCode]) -> None:
    assert await problems_of(domain, example=example) == [problem]


async def test_a_schema_that_the_empty_object_does_not_fit_needs_an_example(domain: Domain) -> None:
    with pytest.raises(Rejected) as rejected:
        await made(domain, replace(INVOICE, example=None))

    assert rejected.value.problems == (
        Problem(
            "The schema needs an example that fits it, and the empty one does not:"
            ' "amount" is required in the data but is missing.',
            ("example",),
            UserErrorCode.REQUIRED,
        ),
    )


async def test_the_number_of_a_workspaces_own_event_types_is_limited(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(definitions, "MAX_EVENT_TYPES", 2)
    await made(domain)
    await made(domain, replace(INVOICE, name="invoice.sent"))

    with pytest.raises(Rejected) as rejected:
        await made(domain, replace(INVOICE, name="invoice.lost"))

    assert rejected.value.problems[0].code is UserErrorCode.TOO_MANY


async def test_a_change_leaves_the_rest_as_it_is(domain: Domain) -> None:
    await made(domain)
    domain.clock.advance(60)

    known = await changed(domain, "invoice.paid", description="Paid at last.")

    assert known.event_type.description == "Paid at last."
    assert (known.event_type.json_schema, known.event_type.example) == (INVOICE.json_schema, INVOICE.example)
    assert not known.archived


async def test_a_new_schema_and_its_example_are_judged_together(domain: Domain) -> None:
    await made(domain)
    schema = {"type": "object", "required": ["total"]}

    with pytest.raises(Rejected) as rejected:
        await changed(domain, "invoice.paid", json_schema=schema)
    known = await changed(domain, "invoice.paid", json_schema=schema, example={"total": 1})

    assert [(problem.path, problem.code) for problem in rejected.value.problems] == [
        (("example",), UserErrorCode.REQUIRED)
    ]
    assert known.event_type.json_schema == schema


async def test_a_change_from_one_to_true_is_a_change(domain: Domain) -> None:
    await made(domain, EventTypeDraft("invoice.paid", "Paid.", example={"fully": 1}))

    known = await changed(domain, "invoice.paid", example={"fully": True})

    assert known.event_type.example["fully"] is True


async def test_what_is_archived_can_neither_be_published_nor_newly_selected(domain: Domain) -> None:
    await made(domain)
    await published(domain, "invoice.paid", {"amount": 1})

    await changed(domain, "invoice.paid", archived=True)

    with pytest.raises(Rejected, match="is archived and can no longer be published"):
        await published(domain, "invoice.paid", {"amount": 1})
    draft = WebhookDraft("A webhook", "https://example.com/hook", ["invoice.paid"])
    with pytest.raises(Rejected, match="is archived"):
        await create_webhook(domain.resources, domain.caller, draft)
    await changed(domain, "invoice.paid", archived=False)
    assert await published(domain, "invoice.paid", {"amount": 1}) == 1


async def test_another_process_stops_publishing_what_was_archived_at_once(domain: Domain) -> None:
    await made(domain)
    settings = domain.resources.settings
    async with open_resources(settings, send_wake_up=domain.woken.extend, clock=domain.clock) as elsewhere:
        draft = EventDraft("invoice.paid", {"amount": 1})
        await elsewhere.publisher.publish(domain.caller, [draft], batch=False)
        await changed(domain, "invoice.paid", archived=True)

        with pytest.raises(Rejected, match="is archived and can no longer be published"):
            await elsewhere.publisher.publish(domain.caller, [draft], batch=False)

    assert len(await domain.rows("SELECT id FROM event")) == 1


async def test_another_process_checks_against_a_new_schema_at_once(domain: Domain) -> None:
    await made(domain)
    settings = domain.resources.settings
    async with open_resources(settings, send_wake_up=domain.woken.extend, clock=domain.clock) as elsewhere:
        drafts = [EventDraft("invoice.paid", {"amount": amount}) for amount in (1, 5)]
        await elsewhere.publisher.publish(domain.caller, drafts, batch=True)
        schema = {"type": "object", "properties": {"amount": {"minimum": 3}}}
        await changed(domain, "invoice.paid", json_schema=schema)

        with pytest.raises(Rejected) as rejected:
            await elsewhere.publisher.publish(domain.caller, drafts, batch=True)

    assert [problem.path for problem in rejected.value.problems] == [("events", "0", "data", "amount")]


async def test_a_built_in_event_type_is_archived_for_one_workspace_only(domain: Domain) -> None:
    archived = await changed(domain, "ticket.created", archived=True)
    theirs = await domain.resources.registries.current(domain.resources.database, domain.stranger.workspace_id)
    again = await changed(domain, "ticket.created", archived=False)

    assert archived.archived
    assert archived.event_type is BUILT_IN["ticket.created"]
    assert not theirs.event_types["ticket.created"].archived
    assert not again.archived
    assert await domain.rows("SELECT id FROM event_type") == []


async def test_of_a_built_in_event_type_nothing_else_can_be_changed(domain: Domain) -> None:
    with pytest.raises(Rejected) as rejected:
        await changed(domain, "ticket.created", description="Mine.", json_schema={}, example={}, archived=True)

    assert [(problem.path, problem.code) for problem in rejected.value.problems] == [
        (("description",), UserErrorCode.CONFLICT),
        (("jsonSchema",), UserErrorCode.CONFLICT),
        (("example",), UserErrorCode.CONFLICT),
    ]
    assert rejected.value.problems[0].message == (
        'The event type "ticket.created" is built in: only archived, keepBodies, keepBodiesDays and redact can be'
        " changed, not description."
    )
    assert await domain.rows("SELECT id FROM event_type") == []


async def test_changes_are_in_the_audit_log(domain: Domain) -> None:
    await made(domain)
    await changed(domain, "invoice.paid", description="Paid at last.", archived=True)
    await changed(domain, "invoice.paid", archived=True)
    await changed(domain, "ticket.created", archived=True)
    await changed(domain, "ticket.created", archived=True)

    [created] = await domain.audit_log("event_type.created")
    own, built_in = await domain.audit_log("event_type.updated")

    assert (created["subject_id"], created["actor"]) == ("invoice.paid", "Ada")
    assert created["changes"] == {
        "description": [None, INVOICE.description],
        "jsonSchema": [None, INVOICE.json_schema],
        "example": [None, INVOICE.example],
    }
    assert own["changes"] == {
        "description": [INVOICE.description, "Paid at last."],
        "archived": [False, True],
    }
    assert (built_in["subject_id"], built_in["changes"]) == ("ticket.created", {"archived": [False, True]})


async def test_event_types_take_the_scope_admin(domain: Domain) -> None:
    caller = replace(domain.caller, scopes=frozenset(Scope) - {Scope.ADMIN})

    with pytest.raises(Forbidden):
        await create_event_type(domain.resources, caller, INVOICE)
    with pytest.raises(Forbidden):
        await update_event_type(domain.resources, caller, "ticket.created", EventTypeChanges(archived=True))
