"""The tables. Passive: rows and columns, no behaviour.

Hot tables (event, delivery, attempt) have no foreign keys and are written by hand-made batch statements in
`app.publishing` and `app.delivery`; the rest is read and written through the ORM. Partial indexes, and their reasons,
are in the migrations. IDs are TypeIDs as text, times are microseconds since the epoch, JSON is text.

A model's docstring becomes its table's comment, so none has a semicolon: Tortoise 1.1.9 would split the statement.
"""

from datetime import datetime

from tortoise import fields
from tortoise.models import Model

from app.column_types import EnumField, IdField, JsonField, LongTextField, TimestampField
from app.statuses import (
    ActorKind,
    AttemptOutcome,
    AttemptTrigger,
    AuthenticationKind,
    ContactKind,
    DeliveryStatus,
    HttpMethod,
    OperationStatus,
    ProblemStatus,
    SignatureScheme,
    WebhookStatus,
    WebhookStatusReason,
)

# Tortoise parses the source of every model again, to find comments that begin with "#:", of which there are none: an
# eighth of the time to start. It does without if a module has no file.
_FILE, __file__ = __file__, ""


class Workspace(Model):
    """One customer of the platform: everything else belongs to exactly one workspace."""

    id = IdField[str](primary_key=True)
    name = fields.CharField[str](max_length=200)
    # The platform's own ID of it
    external_id = fields.CharField[str | None](max_length=200, null=True)
    created_at = TimestampField[datetime]()
    # Set at once by a deletion, which removes the rows later
    deleted_at = TimestampField[datetime | None](null=True)
    # Raised in the same transaction as any change of the workspace's webhooks or event types, so that a publisher
    # learns with one small read whether its cached ones are still valid.
    registry_version = fields.BigIntField(default=0)
    # What is kept of its events, by type, as `app.keeping` reads it. Null if all types keep everything.
    keeping = LongTextField[str | None](null=True)

    class Meta:
        table = "workspace"


class ApiKey(Model):
    """Who may call. The key itself is not stored, only its hash."""

    id = IdField[str](primary_key=True)
    workspace_id = IdField[str]()
    name = fields.CharField[str](max_length=200)
    hint = fields.CharField[str](max_length=8)
    key_hash = fields.CharField[str](max_length=64, unique=True)
    scopes = JsonField()
    allowed_sources = JsonField()
    created_at = TimestampField[datetime]()
    expires_at = TimestampField[datetime | None](null=True)
    last_used_at = TimestampField[datetime | None](null=True)
    revoked_at = TimestampField[datetime | None](null=True)

    class Meta:
        table = "api_key"
        indexes = (("workspace_id", "id"),)


class Session(Model):
    """A browser that signed in to the dashboard. Its id is the hash of the token in its cookie."""

    id = fields.CharField[str](primary_key=True, max_length=64)
    api_key_id = IdField[str]()
    created_at = TimestampField[datetime]()
    used_at = TimestampField[datetime]()

    class Meta:
        table = "session"


class AuditEntry(Model):
    """Who changed what, when and from where, with secrets masked."""

    id = IdField[str](primary_key=True)
    workspace_id = IdField[str]()
    at = TimestampField[datetime]()
    actor = fields.CharField[str](max_length=250)
    # The parts that make up `actor`.
    actor_kind: fields.Field[ActorKind | None] = EnumField(  # type: ignore[assignment]
        ActorKind, max_length=16, null=True
    )
    actor_id = fields.CharField[str | None](max_length=120, null=True)
    actor_name = fields.CharField[str | None](max_length=200, null=True)
    action = fields.CharField[str](max_length=60)
    # A TypeID, or the name of an event type
    subject_id = fields.CharField[str | None](max_length=120, null=True)
    changes = JsonField(null=True)
    source_address = fields.CharField[str | None](max_length=45, null=True)
    # Its place in the chain of its workspace, `app.access.audit_chain`. Null in entries that are not part of it.
    number: fields.Field[int | None] = fields.BigIntField(null=True)
    previous_hash = fields.CharField[str | None](max_length=64, null=True)
    hash = fields.CharField[str | None](max_length=64, null=True)

    class Meta:
        table = "audit_entry"
        indexes = (("workspace_id", "id"),)


class AuditChain(Model):
    """The ends of a workspace's audit log: its newest entry, and the newest one that retention deleted."""

    workspace_id = IdField[str](primary_key=True)
    number = fields.BigIntField()
    hash = fields.CharField[str](max_length=64)
    expired = fields.BigIntField()
    expired_hash = fields.CharField[str](max_length=64)

    class Meta:
        table = "audit_chain"


class CustomEventType(Model):
    """An event type that a workspace defined beside the built-in ones, or an overriding archival of it."""

    # Overriding what is kept as well; the docstring is the table's comment, which only a migration could change.

    id = IdField[str](primary_key=True)
    workspace_id = IdField[str]()
    name = fields.CharField[str](max_length=100)
    description = LongTextField[str]()
    json_schema = JsonField()
    example = JsonField()
    archived = fields.BooleanField[bool](default=False)
    # What is kept of its events, packed by `app.keeping`. Null means everything.
    keeping = LongTextField[str | None](null=True)
    created_at = TimestampField[datetime]()
    updated_at = TimestampField[datetime]()

    class Meta:
        table = "event_type"
        unique_together = (("workspace_id", "name"),)


class Webhook(Model):
    """Where events go, and how its receiver has been doing lately."""

    id = IdField[str](primary_key=True)
    workspace_id = IdField[str]()
    name = fields.CharField[str](max_length=200)
    # With the values of its query masked
    url = LongTextField[str]()
    # Encrypted; null without a query
    url_query = LongTextField[str | None](null=True)
    description = LongTextField[str | None](null=True)
    event_types = JsonField()
    # CEL; `filter` is a method of every Tortoise model
    filter_expression = LongTextField[str | None](null=True)
    method = EnumField(HttpMethod, max_length=8)
    timeout_seconds = fields.IntField[int]()
    verify_ssl = fields.BooleanField[bool]()
    ip_allowlist = JsonField()
    # Encrypted JSON: [{"name", "value", "sensitive"}]
    headers = LongTextField[str]()
    authentication_kind = EnumField(AuthenticationKind, max_length=8)
    authentication_username = fields.CharField[str | None](max_length=250, null=True)
    # Encrypted token or password
    authentication_credential = LongTextField[str | None](null=True)
    signature_scheme = EnumField(SignatureScheme, max_length=16)
    rotate_secret_every_days = fields.IntField[int | None](null=True)
    next_secret_rotation_at = TimestampField[datetime | None](null=True)
    retry_delays_seconds = JsonField()
    rate_limit_per_second = fields.IntField[int | None](null=True)
    max_in_flight = fields.IntField[int]()
    status = EnumField(WebhookStatus, max_length=8)
    status_reason = LongTextField[str | None](null=True)
    status_reason_code: fields.Field[WebhookStatusReason | None] = EnumField(  # type: ignore[assignment]
        WebhookStatusReason, max_length=20, null=True
    )
    status_changed_at = TimestampField[datetime]()
    metadata = JsonField()
    # The caller's own ID of the webhook
    external_id = fields.CharField[str | None](max_length=200, null=True)
    created_at = TimestampField[datetime]()
    updated_at = TimestampField[datetime]()
    deleted_at = TimestampField[datetime | None](null=True)
    # Results of recent attempts: the circuit breaker and the five-day rule read these.
    consecutive_failures = fields.IntField[int](default=0)
    failing_since = TimestampField[datetime | None](null=True)
    held_until = TimestampField[datetime | None](null=True)
    # Whether it has problems that are not resolved, so that only a success that resolves one writes. Null means no.
    has_problems = fields.BooleanField[bool | None](null=True)
    # IDs of attempts, which contain their time. The last success is the last before the present run of failures.
    last_failure_id = IdField[str | None](null=True)
    last_success_id = IdField[str | None](null=True)
    # Rate limit: the time from which the next attempt may start (generic cell rate algorithm).
    next_slot_at = TimestampField[datetime | None](null=True)
    # The workspace's version that the last change of this webhook made; null if that change is older than this column.
    registry_version = fields.BigIntField(null=True)

    class Meta:
        table = "webhook"
        indexes = (("workspace_id", "id"),)


class Secret(Model):
    """A signing secret of a webhook: the current one, or with `expires_at` an earlier one that signs until then."""

    id = IdField[str](primary_key=True)
    workspace_id = IdField[str]()
    webhook_id = IdField[str](db_index=True)
    # Encrypted, bound to this row's ID
    secret = LongTextField[str]()
    hint = fields.CharField[str](max_length=8)
    public_key = LongTextField[str | None](null=True)
    created_at = TimestampField[datetime]()
    expires_at = TimestampField[datetime | None](null=True)

    class Meta:
        table = "secret"


class Event(Model):
    """One thing that happened, with the exact body that every delivery of it signs."""

    id = IdField[str](primary_key=True)
    workspace_id = IdField[str]()
    type = fields.CharField[str](max_length=100)
    occurred_at = TimestampField[datetime]()
    created_at = TimestampField[datetime]()
    body = LongTextField[str]()
    test = fields.BooleanField[bool](default=False)
    idempotency_key = fields.CharField[str | None](max_length=255, null=True)
    # SHA-256 of what was published; distinguishes a repetition from a conflict.
    digest = fields.CharField[str | None](max_length=64, null=True)
    ordering_key = fields.CharField[str | None](max_length=255, null=True)
    # The trace that its publisher worked in, packed by `app.trace_context`
    trace = LongTextField[str | None](null=True)

    # When its data was erased: the body that is left has none, and is never sent.
    erased_at = TimestampField[datetime | None](null=True)

    class Meta:
        table = "event"


class Delivery(Model):
    """One event on its way to one webhook. The row is the truth about where it stands."""

    id = IdField[str](primary_key=True)
    workspace_id = IdField[str]()
    event_id = IdField[str]()
    webhook_id = IdField[str]()
    event_type = fields.CharField[str](max_length=100)
    test = fields.BooleanField[bool](default=False)
    ordering_key = fields.CharField[str | None](max_length=255, null=True)
    status = EnumField(DeliveryStatus, max_length=10)
    # Why the next attempt will be made.
    trigger = EnumField(AttemptTrigger, max_length=8)
    # Attempts are counted by rows; `retries_used` is the position in the current retry schedule.
    attempt_count = fields.IntField[int](default=0)
    retries_used = fields.IntField[int](default=0)
    next_attempt_at = TimestampField[datetime | None](null=True)
    # The worker that is sending it right now; free again when that worker's lease has ended.
    claimed_by = IdField[str | None](null=True)
    last_outcome: fields.Field[AttemptOutcome | None] = EnumField(  # type: ignore[assignment]
        AttemptOutcome, max_length=20, null=True
    )
    last_response_status = fields.IntField[int | None](null=True)
    created_at = TimestampField[datetime]()
    completed_at = TimestampField[datetime | None](null=True)
    # Its number among the deliveries of its webhook: 1, 2, … in the order of commits. Tests have none.
    sequence: fields.Field[int | None] = fields.BigIntField(null=True)
    # The problem that its last attempt failed with. Null if there was no failure, and after a success.
    problem_key = IdField[str | None](null=True)

    # When its attempts were erased; those that are recorded later, because they were under way, are emptied as well.
    erased_at = TimestampField[datetime | None](null=True)

    class Meta:
        table = "delivery"


class WebhookSequence(Model):
    """The last `sequence` given to a delivery of a webhook. A table of its own, so that no claim waits for it."""

    webhook_id = IdField[str](primary_key=True)
    last_sequence = fields.BigIntField()

    class Meta:
        table = "webhook_sequence"


class WebhookFeed(Model):
    """Where the feed of a webhook is complete from. Only retention writes it, and so nobody who publishes waits."""

    webhook_id = IdField[str](primary_key=True)
    # Above every place that was deleted
    expired_before = fields.BigIntField()

    class Meta:
        table = "webhook_feed"


class MissedDelivery(Model):
    """An event that a webhook selected while it was DISABLED. A replay makes it a delivery, with the same place."""

    id = IdField[str](primary_key=True)
    workspace_id = IdField[str]()
    webhook_id = IdField[str]()
    event_id = IdField[str](db_index=True)
    created_at = TimestampField[datetime]()
    # Its place among the deliveries of its webhook.
    sequence = fields.BigIntField()

    class Meta:
        table = "missed_delivery"
        unique_together = (("webhook_id", "sequence"),)


class OpenAlert(Model):
    """An alert that was published and is still true, so that it is published once (`app.alerts.open_alerts`)."""

    # `KIND:subject`
    id = fields.CharField[str](primary_key=True, max_length=64)
    kind = fields.CharField[str](max_length=20)
    subject_id = IdField[str]()
    webhook_id = IdField[str](db_index=True)
    since = TimestampField[datetime]()
    level = fields.IntField()

    class Meta:
        table = "open_alert"


class Contact(Model):
    """Where people receive alerts."""

    id = IdField[str](primary_key=True)
    workspace_id = IdField[str](db_index=True)
    kind = EnumField(ContactKind, max_length=8)
    # As anyone may see it: the secret parts of a URL are masked
    target = LongTextField[str]()
    # The whole target, encrypted
    sealed_target = LongTextField[str]()
    # Names and patterns of alerts
    events = JsonField()
    # Encrypted; signs what a WEBHOOK contact is sent
    secret = LongTextField[str | None](null=True)
    created_at = TimestampField[datetime]()
    last_told_at = TimestampField[datetime | None](null=True)
    last_error = LongTextField[str | None](null=True)
    # Set by the recipient; nothing is sent from then on.
    unsubscribed_at = TimestampField[datetime | None](null=True)

    class Meta:
        table = "contact"


class ContactMessage(Model):
    """A contact's messages about one webhook: the one that is due or being sent, and when the last one ended."""

    # `contact.webhook`
    id = fields.CharField[str](primary_key=True, max_length=64)
    workspace_id = IdField[str](db_index=True)
    contact_id = IdField[str]()
    webhook_id = IdField[str]()
    # Null if there is nothing to tell.
    next_attempt_at = TimestampField[datetime | None](null=True)
    # Attempts of the present message
    attempt_count = fields.IntField[int](default=0)
    # The worker that is sending it; free again when that worker's lease has ended.
    claimed_by = IdField[str | None](null=True)
    # When the last message was sent or given up. The next one goes out an hour later at the earliest.
    last_ended_at = TimestampField[datetime | None](null=True)

    class Meta:
        table = "contact_message"


class Notice(Model):
    """An alert for a contact. It is deleted once its message has ended."""

    id = IdField[str](primary_key=True)
    workspace_id = IdField[str](db_index=True)
    message_id = fields.CharField[str](max_length=64)
    event_id = IdField[str]()
    event_type = fields.CharField[str](max_length=100)
    # Part of the message that is being sent, and not of the next one.
    taken = fields.BooleanField[bool](default=False)

    class Meta:
        table = "notice"


class Problem(Model):
    """Failures of one webhook with one cause, from the first until a success."""

    id = IdField[str](primary_key=True)
    workspace_id = IdField[str]()
    webhook_id = IdField[str]()
    # Of the webhook and the cause, made by `app.problems.cause`
    key = IdField[str](unique=True)
    cause = LongTextField[str]()
    outcome = EnumField(AttemptOutcome, max_length=20)
    response_status = fields.IntField[int | None](null=True)
    status = EnumField(ProblemStatus, max_length=12)
    # Attempts since it was last opened
    failures = fields.BigIntField()
    opened_at = TimestampField[datetime]()
    last_seen_at = TimestampField[datetime]()
    resolved_at = TimestampField[datetime | None](null=True)
    # The attempt that last failed with the cause
    example_id = IdField[str]()

    class Meta:
        table = "problem"


class Attempt(Model):
    """One HTTP request of one delivery. Its request body is the event's body and is not stored twice."""

    id = IdField[str](primary_key=True)
    workspace_id = IdField[str]()
    delivery_id = IdField[str]()
    webhook_id = IdField[str]()
    worker_id = IdField[str]()
    number = fields.IntField[int]()
    trigger = EnumField(AttemptTrigger, max_length=8)
    started_at = TimestampField[datetime]()
    duration_us = fields.BigIntField()
    outcome = EnumField(AttemptOutcome, max_length=20)
    error = LongTextField[str | None](null=True)
    remote_address = fields.CharField[str | None](max_length=45, null=True)
    request_method = EnumField(HttpMethod, max_length=8)
    request_url = LongTextField[str]()
    # [[name, value], …], credentials masked
    request_headers = JsonField()
    response_status = fields.IntField[int | None](null=True)
    response_headers = JsonField(null=True)
    response_body = LongTextField[str | None](null=True)
    response_truncated = fields.BooleanField[bool](default=False)
    # The request was sent a second time, on a new connection, because a kept one ended without an answer. Null means
    # no.
    sent_again = fields.BooleanField[bool | None](null=True)
    # Packed by `app.sender.timing`
    timing = fields.CharField[str | None](max_length=80, null=True)

    class Meta:
        table = "attempt"


class Worker(Model):
    """A running process that may hold claims. Its heartbeat moves `lease_until`, past which its claims are free."""

    id = IdField[str](primary_key=True)
    host = fields.CharField[str](max_length=255)
    pid = fields.IntField[int]()
    started_at = TimestampField[datetime]()
    lease_until = TimestampField[datetime]()

    class Meta:
        table = "worker"


class Operation(Model):
    """Work over many rows that goes on in the background, in batches, and survives a restart."""

    id = IdField[str](primary_key=True)
    workspace_id = IdField[str]()
    kind = fields.CharField[str](max_length=40)
    status = EnumField(OperationStatus, max_length=10)
    # The request, and the progress: the ID of the last row done.
    request = JsonField()
    position = IdField[str | None](null=True)
    matched = fields.BigIntField()
    done = fields.BigIntField(default=0)
    claimed_by = IdField[str | None](null=True)
    # Who started it.
    actor_kind: fields.Field[ActorKind | None] = EnumField(  # type: ignore[assignment]
        ActorKind, max_length=16, null=True
    )
    actor_id = fields.CharField[str | None](max_length=120, null=True)
    actor_name = fields.CharField[str | None](max_length=200, null=True)
    # JSON of what the token that began it was narrowed to; null for all of the workspace
    narrowing = LongTextField[str | None](null=True)
    created_at = TimestampField[datetime]()
    completed_at = TimestampField[datetime | None](null=True)

    class Meta:
        table = "operation"
        indexes = (("workspace_id", "id"),)


class StatsPeriod(Model):
    """What became of five minutes of one webhook, or of a whole workspace, that will not change any more."""

    # The webhook's or the workspace's ID, a full stop, and the beginning in seconds since the epoch: 40 characters
    id = IdField[str](primary_key=True)
    deliveries = fields.BigIntField()
    # [[microseconds, attempts], …], sorted
    latencies = JsonField()

    class Meta:
        table = "stats_period"


class StatsProgress(Model):
    """Up to when periods of statistics are closed. One row."""

    id = IdField[str](primary_key=True)
    closed_until = TimestampField[datetime]()

    class Meta:
        table = "stats_progress"


__file__ = _FILE
