"""The closed sets of words that the domain has, described for the API. The words themselves stay where they are.

Whatever is part of the schema imports them from here: Strawberry takes an enum as it finds it the first time.
"""

from enum import StrEnum

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from app.catalogue.event_type import EventCategory
from app.delivery.connection_steps import ConnectionStepName
from app.errors import UserErrorCode
from app.statuses import (
    AttemptOutcome,
    AttemptTrigger,
    AuthenticationKind,
    DeliveryStatus,
    HttpMethod,
    OperationStatus,
    Scope,
    SecretStatus,
    SignatureScheme,
    WebhookStatus,
)

__all__ = [
    "AttemptOutcome",
    "AttemptTrigger",
    "AuthenticationKind",
    "ConnectionStepName",
    "DeliveryStatus",
    "EventCategory",
    "HttpMethod",
    "OperationStatus",
    "Scope",
    "SecretStatus",
    "SignatureScheme",
    "UserErrorCode",
    "WebhookStatus",
]


def _describe(enum: type[StrEnum], description: str, **values: str) -> None:
    """Make an enum of the domain known to Strawberry. Every value must be described."""
    strawberry.enum(enum, description=description)
    definition: StrawberryEnumDefinition = enum.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = values.pop(value.name)
    if values:
        raise ValueError(f"{enum.__name__} has no value {', '.join(values)}.")


_describe(
    Scope,
    "What a key may do.",
    READ="Queries and subscriptions.",
    PUBLISH="Publish events.",
    MANAGE="Create, change, pause, delete and ping webhooks; retry, cancel and replay deliveries.",
    SECRETS="Rotate, revoke and reveal signing secrets.",
    ADMIN="API keys, event types and the audit log.",
)
_describe(
    EventCategory,
    "The part of the platform that an event type speaks about.",
    CONVERSATION="Conversations with customers.",
    TICKET="Support tickets.",
    AGENT="What AI agents do.",
    SYSTEM="The platform itself.",
    CUSTOM="Event types that the workspace made itself.",
)
_describe(HttpMethod, "The method of a webhook's requests.", POST="The usual one.", PUT="For receivers that want it.")
_describe(
    WebhookStatus,
    "Whether a webhook's deliveries go out.",
    ACTIVE="Deliveries go out.",
    PAUSED="Paused by a person: new deliveries are kept waiting and go out on resume.",
    DISABLED="Disabled by the system (410 Gone, or failing for too long): nothing new is queued until it is resumed.",
)
_describe(
    SignatureScheme,
    "How requests are signed, as Standard Webhooks has it.",
    HMAC_SHA256="`v1`: HMAC-SHA256 with a secret that both sides know.",
    ED25519="`v1a`: Ed25519; the receiver needs the public key only.",
)
_describe(
    AuthenticationKind,
    "What requests carry in their Authorization header.",
    NONE="Nothing.",
    BEARER="A bearer token.",
    BASIC="A username and a password.",
)
_describe(
    SecretStatus,
    "Whether a secret is the current one.",
    CURRENT="Signs every request, first.",
    EXPIRING="Was rotated out, and signs too until it expires.",
)
_describe(
    DeliveryStatus,
    "How far a delivery has come.",
    PENDING="Waits for its first attempt.",
    RETRYING="Its last attempt failed; another will follow.",
    SUCCEEDED="The receiver answered 2xx.",
    FAILED="No attempt is left, or the receiver is gone (410).",
    CANCELED="Canceled by a person, or its webhook was deleted.",
)
_describe(
    AttemptTrigger,
    "Why an attempt was made.",
    FIRST="The first try.",
    RETRY="The webhook's retry schedule.",
    MANUAL="A person asked for a retry.",
    REPLAY="A person replayed past events.",
    TEST="A ping.",
)
_describe(
    AttemptOutcome,
    "What became of an attempt.",
    SUCCEEDED="Answered with 2xx.",
    HTTP_ERROR="Answered with another status.",
    TIMEOUT="No complete answer within the webhook's timeout.",
    DNS_ERROR="The name of the host could not be resolved.",
    CONNECTION_ERROR="No connection, or it broke.",
    TLS_ERROR="No secure connection: the certificate or the handshake.",
    ADDRESS_BLOCKED="The host resolves only to addresses that deliveries may not go to.",
    PROTOCOL_ERROR="The answer was not HTTP, or beyond the limits.",
)
_describe(
    UserErrorCode,
    "What kind of no it is; the message says the rest.",
    INVALID="The value cannot be used.",
    REQUIRED="A value is missing.",
    NOT_FOUND="There is nothing with this id in the workspace.",
    TAKEN="Something else has this name already.",
    TOO_LONG="The value is too long.",
    TOO_MANY="There are too many values.",
    URL_NOT_ALLOWED="Deliveries may not go to this URL.",
    INVALID_PAYLOAD="The data does not meet the schema of its event type.",
    INVALID_FILTER="The filter is not a valid CEL expression.",
    CONFLICT="The state of things does not allow it now.",
)
_describe(
    OperationStatus,
    "How far an operation has come.",
    RUNNING="It goes on, or waits for a worker.",
    COMPLETED="It came to its end.",
    CANCELED="It was given up.",
    FAILED="Going on made no sense: its webhook was disabled or deleted.",
)
_describe(
    ConnectionStepName,
    "The steps of a request, in their order.",
    RESOLVE="Looking up the host's name.",
    CONNECT="Connecting to one of its addresses.",
    TLS="Securing the connection; left out for http.",
    REQUEST="Sending the request.",
    RESPONSE="Waiting for the answer.",
)
