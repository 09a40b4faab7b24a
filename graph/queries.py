"""Reading things. Every root field asks for the scope READ, those about keys and the audit log for ADMIN."""

from typing import Annotated

import strawberry

from app.ids import API_KEY, AUDIT_ENTRY, DELIVERY, EVENT, WEBHOOK
from app.publishing.registry import Registry
from app.stats.measure import measure
from graph import listings
from graph.arguments import After, Before, First, Last, OfDeliveries, OfEvents, OfWebhooks, given
from graph.context import Context, Info
from graph.enums import EventCategory, Scope
from graph.finding import find, find_delivery, find_event, find_operation, find_webhook
from graph.pagination import fetch_page, window
from graph.types.api_key import ApiKeyConnection
from graph.types.audit_entry import AuditEntryConnection
from graph.types.delivery import Delivery, DeliveryConnection
from graph.types.event import Event, EventConnection
from graph.types.event_type import EventType
from graph.types.node import Node
from graph.types.operation import Operation
from graph.types.stats import Buckets, DeliveryStats, Since, Until
from graph.types.viewer import Viewer
from graph.types.webhook import Webhook, WebhookConnection

Id = Annotated[
    strawberry.ID,
    strawberry.argument(description="Its id. For what is not there, or in another workspace, the answer is null."),
]
_OF_CATEGORY = strawberry.argument(description="Only those of this category; null or left out: all.")
_OF_WEBHOOK = strawberry.argument(description="Only those of this webhook; null or left out: of all.")
_INCLUDE_ARCHIVED = strawberry.argument(description="Whether to list archived ones too.")


@strawberry.type(description="Reading things. Needs READ.")
class Query:
    @strawberry.field(description="Whatever has this id; its prefix says what it is.")
    async def node(self, info: Info, id: Id) -> Node | None:
        return await find(_reading(info), id)

    @strawberry.field(description="Who is calling.")
    def viewer(self, info: Info) -> Viewer:
        return Viewer(scopes=[scope for scope in Scope if scope in _reading(info).caller.scopes])

    @strawberry.field(description="One webhook.")
    async def webhook(self, info: Info, id: Id) -> Webhook | None:
        return await find_webhook(_reading(info), id)

    @strawberry.field(description="Webhooks, newest first.")
    async def webhooks(
        self,
        info: Info,
        filter: OfWebhooks = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> WebhookConnection:
        context = _reading(info)
        asked = window(WEBHOOK, given(first), given(after), given(last), given(before))
        listing = listings.webhooks(context.caller.workspace_id, given(filter))
        page = await fetch_page(context.resources.database, listing, asked)
        found = await context.loaders.webhooks.load_many([row["id"] for row in page.rows])
        return WebhookConnection(nodes=[webhook for webhook in found if webhook], page=page, listing=listing)

    @strawberry.field(description="One event type.")
    async def event_type(
        self, info: Info, name: Annotated[str, strawberry.argument(description="Its name, e.g. ticket.created.")]
    ) -> EventType | None:
        known = (await _registry(_reading(info))).event_types.get(name)
        return None if known is None else EventType.from_known(known)

    @strawberry.field(description="All event types that can be published: the built-in ones, then the workspace's own.")
    async def event_types(
        self,
        info: Info,
        category: Annotated[EventCategory | None, _OF_CATEGORY] = strawberry.UNSET,
        include_archived: Annotated[bool | None, _INCLUDE_ARCHIVED] = False,
    ) -> list[EventType]:
        wanted = given(category)
        return [
            EventType.from_known(known)
            for known in (await _registry(_reading(info))).event_types.values()
            if (wanted is None or known.event_type.category is wanted) and (include_archived or not known.archived)
        ]

    @strawberry.field(description="One event.")
    async def event(self, info: Info, id: Id) -> Event | None:
        return await find_event(_reading(info), id)

    @strawberry.field(description="Events, newest first.")
    async def events(
        self,
        info: Info,
        filter: OfEvents = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> EventConnection:
        context = _reading(info)
        asked = window(EVENT, given(first), given(after), given(last), given(before))
        listing = listings.events(context.caller.workspace_id, given(filter))
        return EventConnection.from_page(await fetch_page(context.resources.database, listing, asked))

    @strawberry.field(description="One delivery.")
    async def delivery(self, info: Info, id: Id) -> Delivery | None:
        return await find_delivery(_reading(info), id)

    @strawberry.field(description="Deliveries, newest first.")
    async def deliveries(
        self,
        info: Info,
        filter: OfDeliveries = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> DeliveryConnection:
        context = _reading(info)
        asked = window(DELIVERY, given(first), given(after), given(last), given(before))
        listing = listings.deliveries(context.caller.workspace_id, given(filter))
        return DeliveryConnection.from_page(await fetch_page(context.resources.database, listing, asked))

    @strawberry.field(
        description="How deliveries have been doing: the 24 hours until now, where nothing else is said. What cannot be"
        " measured is an error (BAD_USER_INPUT)."
    )
    async def stats(
        self,
        info: Info,
        webhook_id: Annotated[strawberry.ID | None, _OF_WEBHOOK] = strawberry.UNSET,
        since: Since = strawberry.UNSET,
        until: Until = strawberry.UNSET,
        buckets: Buckets = strawberry.UNSET,
    ) -> DeliveryStats:
        context = _reading(info)
        asked = given(webhook_id), given(since), given(until), given(buckets)
        return DeliveryStats.of(await measure(context.resources, context.caller, *asked))

    @strawberry.field(
        description="Addresses that deliveries come from, for receivers that restrict webhook sources; empty where the"
        " server does not know them."
    )
    def egress_addresses(self, info: Info) -> list[str]:
        return [str(address) for address in _reading(info).resources.settings.egress_addresses]

    @strawberry.field(description="One operation.")
    async def operation(self, info: Info, id: Id) -> Operation | None:
        return await find_operation(_reading(info), id)

    @strawberry.field(description="API keys, newest first, revoked ones too. Needs ADMIN.")
    async def api_keys(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> ApiKeyConnection:
        context = _reading(info, Scope.ADMIN)
        asked = window(API_KEY, given(first), given(after), given(last), given(before))
        page = await fetch_page(context.resources.database, listings.api_keys(context.caller.workspace_id), asked)
        found = await context.loaders.api_keys.load_many([row["id"] for row in page.rows])
        return ApiKeyConnection(nodes=[key for key in found if key], page=page)

    @strawberry.field(description="What was changed, by whom and from where, newest first. Needs ADMIN.")
    async def audit_log(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> AuditEntryConnection:
        context = _reading(info, Scope.ADMIN)
        asked = window(AUDIT_ENTRY, given(first), given(after), given(last), given(before))
        listing = listings.audit_log(context.caller.workspace_id)
        return AuditEntryConnection.from_page(await fetch_page(context.resources.database, listing, asked))


def _reading(info: Info, scope: Scope = Scope.READ) -> Context:
    """The context of a caller who may read; raises `Forbidden` for others."""
    info.context.caller.require(scope)
    return info.context


async def _registry(context: Context) -> Registry:
    return await context.resources.publisher.registries.current(context.resources.database, context.caller.workspace_id)
