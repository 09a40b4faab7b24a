"""Finds an object by its ID within the caller's workspace; None if it does not exist there."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from app import ids
from app.statuses import Scope
from graph.context import Context
from graph.rows import if_found
from graph.types.api_key import ApiKey
from graph.types.audit_entry import AuditEntry
from graph.types.contact import Contact
from graph.types.event_type import EventType
from graph.types.node import Node
from graph.types.operation import Operation
from graph.types.problem import Problem
from graph.types.records import Attempt, Delivery, Event, Webhook
from graph.types.secret import WebhookSecret
from graph.types.workspace import Workspace

Finder: TypeAlias = Callable[[Context, str], Awaitable[Node | None]]


async def find(context: Context, subject_id: str) -> Node | None:
    """The object with this ID, whose prefix names the type.

    Raises:
        Forbidden: it is a key or an audit entry, and the caller lacks ADMIN.
    """
    finder = _FINDERS.get(ids.prefix_of(subject_id) or "")
    return await finder(context, subject_id) if finder else None


async def find_webhook(context: Context, subject_id: str) -> Webhook | None:
    """A webhook that is not deleted."""
    found = await context.loaders.webhooks.load(subject_id) if ids.is_id(ids.WEBHOOK, subject_id) else None
    return None if found is None or found.deleted_at is not None else Webhook.from_model(found)


async def find_event(context: Context, subject_id: str) -> Event | None:
    """An event."""
    found = await context.loaders.events.load(subject_id) if ids.is_id(ids.EVENT, subject_id) else None
    return if_found(Event.from_row, found)


async def find_delivery(context: Context, subject_id: str) -> Delivery | None:
    """A delivery."""
    found = await context.loaders.deliveries.load(subject_id) if ids.is_id(ids.DELIVERY, subject_id) else None
    return if_found(Delivery.from_row, found)


async def find_operation(context: Context, subject_id: str) -> Operation | None:
    """An operation."""
    found = await context.loaders.operations.load(subject_id) if ids.is_id(ids.OPERATION, subject_id) else None
    return if_found(Operation.from_model, found)


async def find_problem(context: Context, subject_id: str) -> Problem | None:
    """A problem."""
    found = await context.loaders.problems.load(subject_id) if ids.is_id(ids.PROBLEM, subject_id) else None
    return if_found(Problem.from_row, found)


async def find_workspace(context: Context, subject_id: str) -> Workspace | None:
    """The caller's own workspace; any with INSTALLATION."""
    found = await context.loaders.workspaces.load(subject_id) if ids.is_id(ids.WORKSPACE, subject_id) else None
    return if_found(Workspace.from_row, found)


async def find_attempt(context: Context, subject_id: str) -> Attempt | None:
    """An attempt."""
    return if_found(Attempt.from_row, await context.loaders.attempts.load(subject_id))


async def _find_secret(context: Context, subject_id: str) -> Node | None:
    return if_found(WebhookSecret.from_model, await context.loaders.live_secrets.load(subject_id))


async def _find_event_type(context: Context, subject_id: str) -> Node | None:
    return if_found(EventType.from_known, await context.loaders.event_types.load(subject_id))


async def _find_api_key(context: Context, subject_id: str) -> ApiKey | None:
    context.caller.require(Scope.ADMIN)
    return if_found(ApiKey.from_model, await context.loaders.api_keys.load(subject_id))


async def _find_audit_entry(context: Context, subject_id: str) -> Node | None:
    context.caller.require(Scope.ADMIN)
    return if_found(AuditEntry.from_row, await context.loaders.audit_entries.load(subject_id))


async def _find_contact(context: Context, subject_id: str) -> Contact | None:
    return if_found(Contact.from_model, await context.loaders.contacts.load(subject_id))


_FINDERS: Mapping[str, Finder] = {
    ids.WORKSPACE: find_workspace,
    ids.WEBHOOK: find_webhook,
    ids.EVENT: find_event,
    ids.DELIVERY: find_delivery,
    ids.ATTEMPT: find_attempt,
    ids.SECRET: _find_secret,
    ids.EVENT_TYPE: _find_event_type,
    ids.OPERATION: find_operation,
    ids.PROBLEM: find_problem,
    ids.API_KEY: _find_api_key,
    ids.AUDIT_ENTRY: _find_audit_entry,
    ids.CONTACT: _find_contact,
}
