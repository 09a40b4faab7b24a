"""On both databases: a webhook may select its own workspace's event types that are not archived."""

import pytest

from app.access.caller import Caller
from app.errors import Rejected
from app.ids import new_id
from app.models import CustomEventType
from app.webhooks.change import raise_registry_version
from app.webhooks.fields import WebhookChanges, WebhookDraft
from app.webhooks.lifecycle import create_webhook, update_webhook
from tests.domain import Domain


async def define(domain: Domain, caller: Caller, name: str, *, archived: bool = False) -> None:
    """Define an event type as `createEventType` would, or archive it as `updateEventType` would."""
    now = domain.clock.now()
    async with domain.resources.database.transaction() as statements:
        await CustomEventType.filter(workspace_id=caller.workspace_id, name=name).using_db(statements.orm).delete()
        await CustomEventType(
            id=new_id("ety", now),
            workspace_id=caller.workspace_id,
            name=name,
            description="An order left the house.",
            json_schema={"type": "object"},
            example={"order": {"id": 1}},
            archived=archived,
            created_at=now,
            updated_at=now,
        ).save(using_db=statements.orm, force_create=True)
        await raise_registry_version(statements, caller.workspace_id)


def draft(*event_types: str, expression: str | None = None) -> WebhookDraft:
    return WebhookDraft("Shop", "https://example.com/", event_types, filter=expression)


async def test_a_custom_event_type_can_be_selected_and_its_example_tries_the_filter(domain: Domain) -> None:
    await define(domain, domain.caller, "order.shipped")

    created = await create_webhook(
        domain.resources, domain.caller, draft("order.shipped", expression="data.order.id > 0")
    )
    with pytest.raises(Rejected, match=r"The filter answers 1 for the example of order\.shipped"):
        await create_webhook(domain.resources, domain.caller, draft("order.*", expression="data.order.id"))

    assert created.webhook.event_types == ["order.shipped"]


async def test_an_event_type_of_another_workspace_is_one_that_never_existed(domain: Domain) -> None:
    await define(domain, domain.stranger, "order.shipped")

    with pytest.raises(Rejected, match=r'^There is no event type "order.shipped" in this workspace\.'):
        await create_webhook(domain.resources, domain.caller, draft("order.shipped"))


async def test_an_archived_event_type_stays_where_it_was_selected_and_cannot_be_newly_selected(domain: Domain) -> None:
    await define(domain, domain.caller, "order.shipped")
    created = await create_webhook(domain.resources, domain.caller, draft("order.shipped"))
    await define(domain, domain.caller, "order.shipped", archived=True)

    with pytest.raises(Rejected, match=r'^The event type "order.shipped" is archived'):
        await create_webhook(domain.resources, domain.caller, draft("order.shipped"))
    webhook = await update_webhook(
        domain.resources,
        domain.caller,
        created.webhook.id,
        WebhookChanges(event_types=["ticket.created", "order.shipped"]),
    )

    assert webhook.event_types == ["ticket.created", "order.shipped"]
