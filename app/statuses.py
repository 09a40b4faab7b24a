"""The closed sets of words that a row, a decision and the API share, so that none of them keeps its own copy.

Each value equals its name: the database stores what the API shows. The glossary defines the words; the transitions
between the words of one set are drawn here. This module knows no table and no GraphQL type.

A delivery, from the publish of its event to its end and back:

    PENDING ──► SUCCEEDED    an attempt was answered with 2xx
    │ ├────► RETRYING     an attempt failed and the schedule has a delay left, or none could be made
    │ ├────► FAILED       no delay left, 410 Gone, or a test
    │ └────► CANCELED     by a person, or because its webhook was deleted
    ▼
    RETRYING ─► SUCCEEDED | RETRYING | FAILED | CANCELED    for the same reasons

    RETRYING | SUCCEEDED | FAILED | CANCELED ─► PENDING     a manual retry or a replay; the schedule starts over

PENDING and RETRYING are open. PENDING is due at once, whatever its time; RETRYING is due at the time of its next
attempt. The other three have a time of completion.

A webhook:

    ACTIVE ──► PAUSED      by a person          PAUSED ────► ACTIVE   by a person
    ACTIVE ──► DISABLED    by the system        DISABLED ──► ACTIVE   by a person
    PAUSED ──► DISABLED    by the system, for an attempt that was in flight when the pause began
    DISABLED ► PAUSED      by a person, so that new events are queued for it again

A signing secret: CURRENT ──► EXPIRING, by a rotation; after the overlap, or once revoked, it no longer signs.

An operation: RUNNING ──► COMPLETED | CANCELED | FAILED.

A problem:

    OPEN ──► ACKNOWLEDGED                by a person
    OPEN | ACKNOWLEDGED ──► RESOLVED     its webhook answered an attempt with 2xx
    RESOLVED ──► OPEN                    another attempt failed with its cause
"""

from enum import StrEnum


class WebhookStatus(StrEnum):
    """Whether a webhook's deliveries go out."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    DISABLED = "DISABLED"


class WebhookStatusReason(StrEnum):
    """Why a webhook is paused or disabled, or why the server cannot serve it."""

    PERSON = "PERSON"
    GONE = "GONE"
    FAILING = "FAILING"
    UNREADABLE_SECRETS = "UNREADABLE_SECRETS"
    UNREADABLE_SELECTION = "UNREADABLE_SELECTION"


class HealthState(StrEnum):
    """What is true of a webhook now."""

    HEALTHY = "HEALTHY"
    FAILING = "FAILING"
    BREAKER_OPEN = "BREAKER_OPEN"
    RATE_LIMITED = "RATE_LIMITED"
    PAUSED = "PAUSED"
    DISABLED = "DISABLED"
    IDLE = "IDLE"


class SignatureScheme(StrEnum):
    """How the requests of a webhook are signed: `v1` with a shared secret, or `v1a` with a key pair."""

    HMAC_SHA256 = "HMAC_SHA256"
    ED25519 = "ED25519"


class AuthenticationKind(StrEnum):
    """What a request carries in its Authorization header."""

    NONE = "NONE"
    BEARER = "BEARER"
    BASIC = "BASIC"


class SecretStatus(StrEnum):
    """Whether a secret signs alone and first, or only until the overlap of a rotation ends."""

    CURRENT = "CURRENT"
    EXPIRING = "EXPIRING"


class DeliveryStatus(StrEnum):
    """How far the delivery of one event to one webhook has come."""

    PENDING = "PENDING"
    RETRYING = "RETRYING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


class AttemptTrigger(StrEnum):
    """Why an attempt was made: the first try, the schedule, a person's retry, a replay, or a test."""

    FIRST = "FIRST"
    RETRY = "RETRY"
    MANUAL = "MANUAL"
    REPLAY = "REPLAY"
    TEST = "TEST"


class AttemptOutcome(StrEnum):
    """Outcome of one request: a 2xx response, another response, or the reason there was none."""

    SUCCEEDED = "SUCCEEDED"
    HTTP_ERROR = "HTTP_ERROR"
    TIMEOUT = "TIMEOUT"
    DNS_ERROR = "DNS_ERROR"
    CONNECTION_ERROR = "CONNECTION_ERROR"
    TLS_ERROR = "TLS_ERROR"
    ADDRESS_BLOCKED = "ADDRESS_BLOCKED"
    PROTOCOL_ERROR = "PROTOCOL_ERROR"


class OperationStatus(StrEnum):
    """How far work over many rows has come."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"
    FAILED = "FAILED"


class ProblemStatus(StrEnum):
    """Whether a webhook's attempts still fail with one cause, and whether a person knows of it."""

    OPEN = "OPEN"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    RESOLVED = "RESOLVED"


class KeepBodies(StrEnum):
    """How long bodies are kept: for a number of days, until every delivery of the event has succeeded, or, for the
    bodies and headers of responses, not at all.
    """

    DAYS = "DAYS"
    UNTIL_SUCCESS = "UNTIL_SUCCESS"
    NEVER_RESPONSES = "NEVER_RESPONSES"


class HttpMethod(StrEnum):
    """The method of a webhook's requests."""

    POST = "POST"
    PUT = "PUT"


class ActorKind(StrEnum):
    """What kind of actor made a change."""

    PERSON = "PERSON"
    API_KEY = "API_KEY"
    ACCESS_TOKEN = "ACCESS_TOKEN"  # noqa: S105 - a word, not a token
    SYSTEM = "SYSTEM"
    COMMAND_LINE = "COMMAND_LINE"


class OperationKind(StrEnum):
    """What an operation does to many rows."""

    RETRY_DELIVERIES = "RETRY_DELIVERIES"
    CANCEL_DELIVERIES = "CANCEL_DELIVERIES"
    REPLAY_EVENTS = "REPLAY_EVENTS"
    ERASE_DATA = "ERASE_DATA"


class ContactKind(StrEnum):
    """How a contact receives alerts."""

    EMAIL = "EMAIL"
    SLACK = "SLACK"
    WEBHOOK = "WEBHOOK"


class ChangeKind(StrEnum):
    """What happened to a thing."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    DELETED = "DELETED"


class Scope(StrEnum):
    """What an API key may do."""

    READ = "READ"
    PUBLISH = "PUBLISH"
    MANAGE = "MANAGE"
    SECRETS = "SECRETS"
    ADMIN = "ADMIN"
    INSTALLATION = "INSTALLATION"
    FEED = "FEED"
