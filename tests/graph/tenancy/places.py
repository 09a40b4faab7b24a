"""Every query, mutation and subscription of the schema, asked about something that is not the asker's.

A new field needs its place here: arguments that name what is hidden, as the kinds of `tests.graph.tenancy.scene`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.graph.tenancy.scene import ERROR, HIDDEN_TYPE, URL

PAST = {"since": "2020-01-01T00:00:00Z"}
WEBHOOK = {"name": "X", "url": URL, "eventTypes": ["agent.*"]}


@dataclass(frozen=True)
class Asked:
    """What a place is asked.

    Attributes:
        about: arguments, or fields of a mutation's input, that take the ID of a hidden thing of this kind.
        given: those that take something else.
        shows: whether the owner's answer shows something that is hidden from others.
        refused: whether a mutation that is about nothing hidden is refused to narrowed tokens all the same.
    """

    about: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    shows: bool = True
    refused: bool = True


ONLY_OWN = Asked(shows=False)

# A place may be asked in several ways.
QUERIES: Mapping[str, list[Asked]] = {
    "node": [Asked({"id": kind}) for kind in ("webhook", "event", "delivery", "attempt", "operation", "api_key")],
    "nodes": [
        Asked({"ids": kind}) for kind in ("webhook", "secret", "problem", "event_type", "audit_entry", "contact")
    ],
    "viewer": [Asked()],
    "workspace": [Asked({"id": "workspace"})],
    "workspaces": [Asked(), Asked(given={"externalId": "nobody"}, shows=False)],
    "webhook": [Asked({"id": "webhook"})],
    "webhookByExternalId": [Asked(given={"externalId": "Hidden ID"})],
    "webhooks": [
        Asked(),
        Asked(given={"filter": {"search": "Hidden"}, "orderBy": {"field": "NAME", "direction": "ASC"}}),
    ],
    "eventType": [Asked(given={"name": HIDDEN_TYPE})],
    "eventTypes": [Asked(given={"includeArchived": True})],
    "event": [Asked({"id": "event"})],
    "events": [Asked(), Asked(given={"filter": {"types": [HIDDEN_TYPE]}})],
    "delivery": [Asked({"id": "delivery"})],
    "deliveries": [Asked(), Asked({"filter.webhookId": "webhook"}), Asked({"filter.eventId": "event"})],
    "stats": [Asked({"webhookId": "webhook"}, shows=False)],
    "egressAddresses": [ONLY_OWN],
    "operation": [Asked({"id": "operation"})],
    "operations": [Asked()],
    "problem": [Asked({"id": "problem"})],
    "problems": [Asked(), Asked({"filter.webhookId": "webhook"})],
    "apiKeys": [Asked()],
    "auditChain": [ONLY_OWN],
    "contacts": [Asked()],
    "auditLog": [Asked(), Asked({"filter.subjectId": "delivery"})],
}
MUTATIONS: Mapping[str, list[Asked]] = {
    **{
        name: [Asked({"id": "webhook"})]
        for name in ("deleteWebhook", "pauseWebhook", "resumeWebhook", "rotateWebhookSecret", "revealWebhookSecret")
    },
    "createWebhook": [Asked(given=WEBHOOK)],
    "upsertWebhook": [Asked(given={"externalId": "Hidden ID", "webhook": WEBHOOK})],
    "updateWebhook": [Asked({"id": "webhook"}, {"url": URL, "name": "Taken over"})],
    "pingWebhook": [Asked({"id": "webhook"}, {"eventType": HIDDEN_TYPE})],
    "revokeWebhookSecret": [Asked({"id": "webhook", "secretId": "secret"})],
    "testConnection": [Asked(given={"webhook": WEBHOOK, "eventType": HIDDEN_TYPE}, refused=False)],
    "testWebhook": [
        Asked({"id": "webhook"}, {"eventType": HIDDEN_TYPE}),
        Asked({"id": "webhook", "eventId": "event"}, {"changes": {"id": "wh_", "url": URL}}),
    ],
    "previewFilter": [Asked(given={"filter": "data.error.code == 'internal'"}, refused=False)],
    "publishEvent": [Asked(given={"type": HIDDEN_TYPE, "data": ERROR})],
    "publishEvents": [Asked(given={"events": [{"type": HIDDEN_TYPE, "data": ERROR}]})],
    "retryDelivery": [Asked({"id": "delivery"})],
    "cancelDelivery": [Asked({"id": "delivery"})],
    "retryDeliveries": [
        Asked({"filter.eventId": "event"}),
        Asked({"filter.webhookId": "webhook"}, {"dryRun": True}),
        Asked({"problemId": "problem"}, {"dryRun": True}),
    ],
    "cancelDeliveries": [Asked({"filter.eventId": "event"}), Asked({"filter.webhookId": "webhook"}, {"dryRun": True})],
    "replayEvents": [Asked({"webhookId": "webhook"}, {"time": PAST, "onlyMissing": False, "dryRun": True})],
    "eraseData": [Asked({"webhookId": "webhook"}, {"dryRun": True})],
    "cancelOperation": [Asked({"id": "operation"})],
    "acknowledgeProblem": [Asked({"id": "problem"})],
    "createEventType": [Asked(given={"name": "order.new", "description": "An order."})],
    "updateEventType": [Asked(given={"name": HIDDEN_TYPE, "archived": True})],
    "createApiKey": [Asked(given={"name": "Wider", "scopes": ["READ"]})],
    "revokeApiKey": [Asked({"id": "api_key"})],
    "createAccessToken": [Asked({"webhookIds": "webhook"}, {"scopes": ["READ"]})],
    "createWorkspace": [Asked(given={"name": "X"})],
    "deleteWorkspace": [Asked({"id": "workspace"})],
    "createContact": [Asked(given={"kind": "WEBHOOK", "target": URL, "events": ["*"]})],
    "deleteContact": [Asked({"id": "contact"})],
    "testContact": [Asked({"id": "contact"})],
}
# Each is also followed without arguments, while something happens that is hidden.
SUBSCRIPTIONS: Mapping[str, list[Asked]] = {
    "deliveryUpdates": [Asked({"filter.webhookId": "webhook"}), Asked({"filter.eventId": "event"})],
    "webhookChanges": [Asked({"webhookId": "webhook"})],
    "operationChanges": [],
    "webhookUpdates": [Asked({"webhookId": "webhook"})],
    "operationUpdates": [Asked({"operationId": "operation"})],
    "deliveryStats": [Asked({"webhookId": "webhook"})],
}
# What `node` and `nodes` return, by the kinds of things in the scene.
NODES: Mapping[str, str] = {
    "Workspace": "workspace",
    "Webhook": "webhook",
    "WebhookSecret": "secret",
    "Event": "event",
    "Delivery": "delivery",
    "Attempt": "attempt",
    "EventType": "event_type",
    "Operation": "operation",
    "Problem": "problem",
    "ApiKey": "api_key",
    "AuditEntry": "audit_entry",
    "Contact": "contact",
}
