"""The domain's enums, and those of lists, with their descriptions for the API.

Modules of the schema import them from here, because Strawberry registers an enum the first time it sees it.
"""

from enum import StrEnum

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from app.catalogue.event_type import EventCategory
from app.errors import UserErrorCode
from app.stats.groups import StatsDimension
from app.statuses import (
    ActorKind,
    AttemptOutcome,
    AttemptTrigger,
    AuthenticationKind,
    ChangeKind,
    ContactKind,
    DeliveryStatus,
    HealthState,
    HttpMethod,
    KeepBodies,
    OperationKind,
    OperationStatus,
    ProblemStatus,
    Scope,
    SecretStatus,
    SignatureScheme,
    WebhookStatus,
    WebhookStatusReason,
)
from app.test_requests.connection_steps import ConnectionStepName

__all__ = [
    "ActorKind",
    "AttemptOutcome",
    "AttemptTrigger",
    "AuthenticationKind",
    "ChangeKind",
    "ConnectionStepName",
    "ContactKind",
    "DeliveryStatus",
    "EventCategory",
    "HealthState",
    "HttpMethod",
    "KeepBodies",
    "OperationKind",
    "OperationStatus",
    "OrderDirection",
    "ProblemStatus",
    "Scope",
    "SecretStatus",
    "SignatureScheme",
    "StatsDimension",
    "UserErrorCode",
    "WebhookOrderField",
    "WebhookStatus",
    "WebhookStatusReason",
]


class OrderDirection(StrEnum):
    """Whether a list ascends or descends."""

    ASC = "ASC"
    DESC = "DESC"


class WebhookOrderField(StrEnum):
    """What a list of webhooks can be ordered by."""

    CREATED_AT = "CREATED_AT"
    NAME = "NAME"
    LAST_FAILURE_AT = "LAST_FAILURE_AT"


def _describe(enum: type[StrEnum], description: str, **values: str) -> None:
    """Register an enum of the domain with Strawberry. Every value must be described."""
    strawberry.enum(enum, description=description)
    definition: StrawberryEnumDefinition = enum.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = values.pop(value.name)
    if values:
        raise ValueError(f"{enum.__name__} has no value {', '.join(values)}.")


_describe(
    Scope,
    "A permission of an API key or access token.",
    READ="Run queries and subscriptions.",
    PUBLISH="Publish events.",
    MANAGE="Create, change, pause, delete and ping webhooks; retry, cancel and replay deliveries.",
    SECRETS="Rotate, revoke and reveal signing secrets.",
    ADMIN="Manage API keys and event types, and read the audit log.",
    INSTALLATION="Create, list and delete workspaces, and create access tokens for them. ADMIN does not include it.",
    FEED="Read the feeds of webhooks and nothing else: for receivers. READ includes it.",
)
_describe(
    EventCategory,
    "The part of the platform that an event type belongs to.",
    CONVERSATION="Conversations with customers.",
    TICKET="Support tickets.",
    AGENT="Actions of AI agents.",
    SYSTEM="The platform itself.",
    OPERATIONAL="Alerts of this server about webhooks and deliveries. `*` does not select them.",
    CUSTOM="Event types created by the workspace.",
)
_describe(
    HttpMethod, "HTTP method of a webhook's requests.", POST="The default.", PUT="For receivers that require PUT."
)
_describe(
    WebhookStatus,
    "Whether deliveries to a webhook are sent.",
    ACTIVE="Deliveries are sent.",
    PAUSED="Paused by a person. New deliveries wait and are sent when the webhook is resumed.",
    DISABLED="Disabled by the system after 410 Gone or a long run of failures. No new deliveries are created"
    " until the webhook is resumed; `accounting` and `feed` have the events that it misses.",
)
_describe(
    WebhookStatusReason,
    "Reason a webhook is paused or disabled, or why the server cannot serve it.",
    PERSON="A person paused or deleted it.",
    GONE="The receiver answered 410 Gone.",
    FAILING="All attempts failed for several days.",
    UNREADABLE_SECRETS="The server has no encryption key for the webhook's secrets or credentials. Deliveries wait.",
    UNREADABLE_SELECTION="The server cannot read the webhook's event types or filter. New events are not delivered.",
)
_describe(
    StatsDimension,
    "What deliveries are grouped by.",
    EVENT_TYPE="Event type.",
    OUTCOME="Outcome of the last attempt.",
    STATUS_CLASS="Class of the HTTP status of the last response: 2xx, 3xx, 4xx or 5xx.",
    WEBHOOK="Webhook.",
)
_describe(
    HealthState,
    "What is true of a webhook now.",
    HEALTHY="The last attempt succeeded, or the first one has not ended yet.",
    FAILING="The last attempt failed, and failed deliveries are retried; or the server cannot read the webhook.",
    BREAKER_OPEN="Several attempts in a row failed. Deliveries wait while one attempt at a time probes the receiver.",
    RATE_LIMITED="Deliveries wait because the receiver answered 429 Too Many Requests, or because the webhook's own"
    " rate limit is reached.",
    PAUSED="Paused by a person. Deliveries wait.",
    DISABLED="Disabled by the system, or deleted. New events are not delivered.",
    IDLE="Nothing has been sent yet, and nothing waits.",
)
_describe(
    SignatureScheme,
    "Signature scheme of Standard Webhooks.",
    HMAC_SHA256="`v1`: HMAC-SHA256 with a shared secret.",
    ED25519="`v1a`: Ed25519. The receiver needs only the public key.",
)
_describe(
    AuthenticationKind,
    "Kind of credentials in the Authorization header of requests.",
    NONE="No credentials.",
    BEARER="A bearer token.",
    BASIC="A username and a password.",
)
_describe(
    SecretStatus,
    "Status of a signing secret.",
    CURRENT="The current secret, whose signature comes first in every request.",
    EXPIRING="Replaced by a rotation. It also signs every request until it expires.",
)
_describe(
    DeliveryStatus,
    "Status of a delivery.",
    PENDING="Waiting for its first attempt.",
    RETRYING="The last attempt failed; another one is scheduled.",
    SUCCEEDED="The receiver answered with a 2xx status.",
    FAILED="No attempts are left, or the receiver answered 410 Gone.",
    CANCELED="Canceled by a person, or its webhook was deleted.",
)
_describe(
    AttemptTrigger,
    "Reason an attempt was made.",
    FIRST="First attempt of the delivery.",
    RETRY="Automatic retry, by the retry schedule.",
    MANUAL="Manual retry, requested by a person.",
    REPLAY="Replay of past events.",
    TEST="Ping.",
)
_describe(
    AttemptOutcome,
    "Outcome of an attempt.",
    SUCCEEDED="The receiver answered with a 2xx status.",
    HTTP_ERROR="The receiver answered with another status.",
    TIMEOUT="No complete response arrived within the webhook's timeout.",
    DNS_ERROR="The host name could not be resolved.",
    CONNECTION_ERROR="The connection was refused or broke.",
    TLS_ERROR="The TLS handshake failed or the certificate is not valid.",
    ADDRESS_BLOCKED="The host resolves only to addresses that deliveries must not reach, or the port is blocked.",
    PROTOCOL_ERROR="The response was not valid HTTP or exceeded the limits.",
)
_describe(
    UserErrorCode,
    "Kind of error. The message gives the details.",
    INVALID="The value is not valid.",
    REQUIRED="A required value is missing.",
    NOT_FOUND="No object in the workspace has this ID.",
    TAKEN="The name is already in use.",
    TOO_LONG="The value is too long.",
    TOO_MANY="There are too many values.",
    URL_NOT_ALLOWED="Deliveries to this URL are not allowed.",
    INVALID_PAYLOAD="The data does not match the schema of its event type.",
    INVALID_FILTER="The filter is not a valid CEL expression.",
    CONFLICT="The current state does not allow the change.",
)
_describe(
    OperationStatus,
    "Status of an operation.",
    RUNNING="Running, or waiting for a worker.",
    COMPLETED="Completed.",
    CANCELED="Canceled.",
    FAILED="Stopped early, because its webhook was disabled or deleted.",
)
_describe(
    ProblemStatus,
    "Status of a problem.",
    OPEN="Attempts fail with its cause.",
    ACKNOWLEDGED="Open, and a person has acknowledged it.",
    RESOLVED="An attempt of its webhook succeeded. The next failure with the cause opens the problem again.",
)
_describe(
    OperationKind,
    "Kind of operation.",
    RETRY_DELIVERIES="Retries deliveries: `retryDeliveries`.",
    CANCEL_DELIVERIES="Cancels deliveries: `cancelDeliveries`.",
    REPLAY_EVENTS="Sends past events to a webhook: `replayEvents`.",
    ERASE_DATA="Removes the content of events and attempts.",
)
_describe(
    ChangeKind,
    "What happened to an object.",
    CREATED="It was created.",
    UPDATED="It was changed.",
    DELETED="It was deleted.",
)
_describe(
    ActorKind,
    "Kind of actor.",
    PERSON="A person, whom the platform named when it created the access token.",
    API_KEY="A program with an API key.",
    ACCESS_TOKEN="The holder of an access token that names nobody.",  # noqa: S106 - a description
    SYSTEM="The server itself.",
    COMMAND_LINE="Somebody at the command line of the server.",
)
_describe(
    ContactKind,
    "How a contact receives alerts.",
    EMAIL="By email, as text and HTML, with a link to unsubscribe.",
    SLACK="In a channel, by an incoming webhook of Slack or of what takes the same format.",
    WEBHOOK="By a signed request, as a webhook gets events.",
)
_describe(
    ConnectionStepName,
    "A step of a test request, in order.",
    RESOLVE="Resolving the host name.",
    CONNECT="Connecting to one of its addresses.",
    TLS="TLS handshake; skipped for http.",
    REQUEST="Sending the request.",
    RESPONSE="Waiting for the response.",
)
_describe(OrderDirection, "Direction of an order.", ASC="Lowest or oldest first.", DESC="Highest or newest first.")
_describe(
    WebhookOrderField,
    "What a list of webhooks can be ordered by.",
    CREATED_AT="Time of creation.",
    NAME="Name, ignoring case.",
    LAST_FAILURE_AT="Time at which an attempt last failed. Webhooks without a failure count as the oldest.",
)
_describe(
    KeepBodies,
    "A rule for how long bodies of an event type are kept. Retention settings of the server stay the upper bound.",
    DAYS="The event's body, and requests and responses of its attempts, are emptied once the event is `keepBodiesDays`"
    " days old. Deliveries that are still open then are canceled.",
    UNTIL_SUCCESS="They are emptied as soon as all deliveries of the event have succeeded. If one has failed or was"
    " canceled, they are kept so that it can be retried.",
    NEVER_RESPONSES="Headers and bodies of responses are never stored; their status and timing are.",
)
