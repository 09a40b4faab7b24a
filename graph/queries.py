"""The root type of queries. Every field requires READ, except `viewer`, which every caller may read, `webhook`, whose
feed FEED may read, and those on API keys and the audit log, which require ADMIN, and on workspaces, which require
INSTALLATION."""

from collections.abc import Mapping
from typing import Annotated, cast

import strawberry

from app.access.verify_audit import chain_of
from app.contacts.lifecycle import list_contacts
from app.ids import API_KEY, AUDIT_ENTRY, DELIVERY, EVENT, OPERATION, PROBLEM, WEBHOOK, WORKSPACE
from app.registry import KnownEventType
from app.stats.measure import measure
from app.webhooks.upsert import webhook_by_external_id
from graph import listings
from graph.arguments import (
    After,
    Before,
    First,
    Last,
    OfAuditLog,
    OfDeliveries,
    OfEvents,
    OfProblems,
    OfWebhooks,
    OrderBy,
    given,
)
from graph.context import Context, Info
from graph.cursors import MAX_SIZE, Window, window
from graph.enums import EventCategory, Scope
from graph.errors import BadUserInput
from graph.feeds import reading_webhook
from graph.finding import find, find_delivery, find_event, find_operation, find_problem, find_webhook, find_workspace
from graph.pagination import Listing, Page
from graph.rows import RowType
from graph.seen import fetch_seen, seen
from graph.selection import selects
from graph.types.actor import Actor
from graph.types.api_key import ApiKey, ApiKeyConnection
from graph.types.audit_entry import AuditChain, AuditEntryConnection
from graph.types.contact import Contact
from graph.types.event_type import EventType
from graph.types.node import Node
from graph.types.operation import Operation, OperationConnection
from graph.types.problem import Problem, ProblemConnection
from graph.types.records import Delivery, DeliveryConnection, Event, EventConnection, Webhook, WebhookConnection
from graph.types.stats import Buckets, DeliveryStats, Since, Until
from graph.types.viewer import Viewer
from graph.types.workspace import Workspace, WorkspaceConnection
from graph.webhook_filters import narrowed

Id = Annotated[
    strawberry.ID,
    strawberry.argument(
        description="ID of the object. The result is null if it does not exist or belongs to another workspace."
    ),
]
Ids = Annotated[list[strawberry.ID], strawberry.argument(description="IDs of the objects.")]
# As many as a page may hold, which is what their cost counts.
MAX_NODES = MAX_SIZE
_OF_CATEGORY = strawberry.argument(description="Returns only event types of this category; all if null or omitted.")
_OF_WEBHOOK = strawberry.argument(
    description="Measures only deliveries to this webhook; all deliveries if null or omitted."
)
_HEALTH = ("health",)
_EXTERNAL_ID = strawberry.argument(
    description="Returns only the workspace with this external ID; all if null or omitted."
)
_INCLUDE_ARCHIVED = strawberry.argument(description="Whether to include archived event types.")


@strawberry.type(
    description="Read operations. Needs READ, except `viewer`, and except `webhook` if only its feed is selected."
)
class Query:
    @strawberry.field(description="Fetches any object by its ID; the prefix of the ID names the type.")
    async def node(self, info: Info, id: Id) -> Node | None:
        return await find(_reading(info), id)

    @strawberry.field(
        description="Fetches objects of any types by their IDs, in their order: null for each that does not exist or"
        f" belongs to another workspace. At most {MAX_NODES} IDs."
    )
    async def nodes(self, info: Info, ids: Ids) -> list[Node | None]:
        context = _reading(info)
        if len(ids) > MAX_NODES:
            raise BadUserInput(f"The argument ids has {len(ids)} ids, but at most {MAX_NODES} are allowed.")
        # Each is awaited by itself, so that one the caller may not see is a separate error.
        return cast("list[Node | None]", [find(context, id) for id in ids])

    @strawberry.field(description="The caller. Needs any scope.")
    def viewer(self, info: Info) -> Viewer:
        caller = info.context.caller
        caller.require(*Scope)
        narrowing = caller.narrowing
        return Viewer(
            scopes=[scope for scope in Scope if scope in caller.scopes],
            actor=Actor.of(caller.actor),
            expires_at=caller.expires_at,
            webhook_ids=None
            if narrowing.webhook_ids is None
            else [strawberry.ID(id_) for id_ in narrowing.webhook_ids],
            event_types=None if narrowing.event_types is None else list(narrowing.event_types),
        )

    @strawberry.field(description="Fetches a workspace of the installation. Needs INSTALLATION.")
    async def workspace(self, info: Info, id: Id) -> Workspace | None:
        return await find_workspace(_reading(info, Scope.INSTALLATION), id)

    @strawberry.field(description="Lists the workspaces of the installation, newest first. Needs INSTALLATION.")
    async def workspaces(
        self,
        info: Info,
        external_id: Annotated[str | None, _EXTERNAL_ID] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> WorkspaceConnection:
        context = _reading(info, Scope.INSTALLATION)
        asked = window(WORKSPACE, given(first), given(after), given(last), given(before))
        listing = listings.workspaces(given(external_id))
        return WorkspaceConnection.from_page(await _fetch(context, listing, asked))

    @strawberry.field(description="Fetches a webhook. With FEED instead of READ, only its `id` and `feed`.")
    async def webhook(self, info: Info, id: Id) -> Webhook | None:
        return await find_webhook(reading_webhook(info), id)

    @strawberry.field(description="Fetches a webhook by your own ID of it.")
    async def webhook_by_external_id(
        self,
        info: Info,
        external_id: Annotated[str, strawberry.argument(description="External ID of the webhook.")],
    ) -> Webhook | None:
        context = _reading(info)
        found = await webhook_by_external_id(context.resources, context.caller, external_id)
        return None if found is None else Webhook.from_model(found)

    @strawberry.field(description="Lists webhooks, newest first unless `orderBy` is given.")
    async def webhooks(
        self,
        info: Info,
        filter: OfWebhooks = strawberry.UNSET,
        order_by: OrderBy = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> WebhookConnection:
        context = _reading(info)
        workspace_id = context.caller.workspace_id
        listing = listings.ordered(listings.webhooks(workspace_id, given(filter)), given(order_by))
        listing = seen(context.caller, await narrowed(context, listing, given(filter)))
        asked = window(WEBHOOK, given(first), given(after), given(last), given(before), listing.cursor_order)
        page = await _fetch(context, listing, asked)
        found = await context.loaders.webhooks.load_many([row.id for row in page.rows])
        nodes = [Webhook.from_model(model) for model in found if model]
        if nodes and selects(info, ("health",)):
            await context.loaders.know_health([node.id for node in nodes])
        return WebhookConnection(nodes=nodes, page=page, listing=listing)

    @strawberry.field(description="Fetches an event type.")
    async def event_type(
        self,
        info: Info,
        name: Annotated[str, strawberry.argument(description="Name of the event type, e.g. ticket.created.")],
    ) -> EventType | None:
        known = (await _event_types(_reading(info))).get(name)
        return None if known is None else EventType.from_known(known)

    @strawberry.field(
        description="Lists all event types that can be published: the built-in ones, then those of the workspace."
    )
    async def event_types(
        self,
        info: Info,
        category: Annotated[EventCategory | None, _OF_CATEGORY] = strawberry.UNSET,
        include_archived: Annotated[bool | None, _INCLUDE_ARCHIVED] = False,
    ) -> list[EventType]:
        wanted = given(category)
        return [
            EventType.from_known(known)
            for known in (await _event_types(_reading(info))).values()
            if (wanted is None or known.event_type.category is wanted) and (include_archived or not known.archived)
        ]

    @strawberry.field(description="Fetches an event.")
    async def event(self, info: Info, id: Id) -> Event | None:
        return await find_event(_reading(info), id)

    @strawberry.field(description="Lists events, newest first.")
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
        return EventConnection.from_page(await _fetch(context, listing, asked))

    @strawberry.field(description="Fetches a delivery.")
    async def delivery(self, info: Info, id: Id) -> Delivery | None:
        return await find_delivery(_reading(info), id)

    @strawberry.field(description="Lists deliveries, newest first.")
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
        return DeliveryConnection.from_page(await _fetch(context, listing, asked))

    @strawberry.field(
        description="Statistics of deliveries, by default over the last 24 hours. A range that cannot be measured is"
        " an error (BAD_USER_INPUT)."
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
        description="IP addresses that deliveries are sent from, so that receivers can restrict sources; empty if the"
        " server does not know them."
    )
    def egress_addresses(self, info: Info) -> list[str]:
        return [str(address) for address in _reading(info).resources.settings.egress_addresses]

    @strawberry.field(description="Fetches an operation.")
    async def operation(self, info: Info, id: Id) -> Operation | None:
        return await find_operation(_reading(info), id)

    @strawberry.field(description="Lists operations, newest first.")
    async def operations(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> OperationConnection:
        context = _reading(info)
        asked = window(OPERATION, given(first), given(after), given(last), given(before))
        page = await _fetch(context, listings.operations(context.caller.workspace_id), asked)
        found = await context.loaders.operations.load_many([row.id for row in page.rows])
        return OperationConnection(nodes=[Operation.from_model(model) for model in found if model], page=page)

    @strawberry.field(description="Fetches a problem.")
    async def problem(self, info: Info, id: Id) -> Problem | None:
        return await find_problem(_reading(info), id)

    @strawberry.field(description="Lists problems, by when they were first opened, newest first.")
    async def problems(
        self,
        info: Info,
        filter: OfProblems = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> ProblemConnection:
        context = _reading(info)
        asked = window(PROBLEM, given(first), given(after), given(last), given(before))
        listing = listings.problems(context.caller.workspace_id, given(filter))
        return ProblemConnection.from_page(await _fetch(context, listing, asked))

    @strawberry.field(description="Lists API keys, newest first, including revoked ones. Needs ADMIN.")
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
        page = await _fetch(context, listings.api_keys(context.caller.workspace_id), asked)
        found = await context.loaders.api_keys.load_many([row.id for row in page.rows])
        return ApiKeyConnection(nodes=[ApiKey.from_model(model) for model in found if model], page=page)

    @strawberry.field(description="Lists entries of the audit log, newest first. Needs ADMIN.")
    async def audit_log(
        self,
        info: Info,
        filter: OfAuditLog = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> AuditEntryConnection:
        context = _reading(info, Scope.ADMIN)
        asked = window(AUDIT_ENTRY, given(first), given(after), given(last), given(before))
        listing = listings.audit_log(context.caller.workspace_id, given(filter))
        return AuditEntryConnection.from_page(await _fetch(context, listing, asked))

    @strawberry.field(
        description="Ends of the chain of audit log entries, each of which carries the hash of the one before. Narrowed"
        " tokens are refused. Needs ADMIN."
    )
    async def audit_chain(self, info: Info) -> AuditChain:
        context = _reading(info, Scope.ADMIN)
        context.caller.require_whole_workspace("The chain of the audit log")
        return AuditChain.of(await chain_of(context.resources.database, context.caller.workspace_id))

    @strawberry.field(description="Lists all contacts, newest first.")
    async def contacts(self, info: Info) -> list[Contact]:
        context = _reading(info)
        found = await list_contacts(context.resources.database, context.caller)
        return [Contact.from_model(model) for model in found]


def _reading(info: Info, scope: Scope = Scope.READ) -> Context:
    """The context of a caller with the scope; raises `Forbidden` for others."""
    info.context.caller.require(scope)
    return info.context


async def _event_types(context: Context) -> Mapping[str, KnownEventType]:
    """The event types of the workspace, as far as the caller sees them."""
    registry = await context.resources.registries.current(context.resources.database, context.caller.workspace_id)
    return context.caller.narrowing.types(registry.event_types)


async def _fetch(context: Context, listing: Listing[RowType], asked: Window) -> Page[RowType]:
    """One page of what the caller sees of a list."""
    return await fetch_seen(context.resources.database, context.caller, listing, asked)
