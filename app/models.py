"""The tables. Passive: rows and columns, no behaviour.

Hot tables (event, delivery, attempt) carry no foreign keys and are written by hand-made batch statements in
`app.publishing` and `app.delivery`; the rest is read and written through the ORM. Indexes that only cover some rows,
and their reasons, stand in the migrations. Ids are TypeIDs as text, times microseconds since the epoch, JSON is text.

A model's docstring becomes its table's comment, so none has a semicolon: Tortoise 1.1.9 would split the statement.
"""

from datetime import datetime
from typing import Any

from tortoise import fields
from tortoise.models import Model

from app.database.fields import IdField, JsonField, TimestampField
from app.statuses import (
    AttemptOutcome,
    AttemptTrigger,
    AuthenticationKind,
    DeliveryStatus,
    HttpMethod,
    OperationStatus,
    SignatureScheme,
    WebhookStatus,
)


class Workspace(Model):
    """One customer of the platform: everything else belongs to exactly one workspace."""

    id = IdField(primary_key=True)
    name = fields.CharField(max_length=200)
    created_at: datetime = TimestampField()
    # Raised in the same transaction as any change of the workspace's webhooks or event types, so that a publisher knows
    # by one small read whether what it has cached about them still holds.
    registry_version = fields.BigIntField(default=0)

    class Meta:
        table = "workspace"


class ApiKey(Model):
    """Who may call. The key itself is not stored, only its hash."""

    id = IdField(primary_key=True)
    workspace_id = IdField()
    name = fields.CharField(max_length=200)
    hint = fields.CharField(max_length=8)
    key_hash = fields.CharField(max_length=64, unique=True)
    scopes: Any = JsonField()
    allowed_sources: Any = JsonField()
    created_at: datetime = TimestampField()
    expires_at: datetime | None = TimestampField(null=True)
    last_used_at: datetime | None = TimestampField(null=True)
    revoked_at: datetime | None = TimestampField(null=True)

    class Meta:
        table = "api_key"
        indexes = (("workspace_id", "id"),)


class AuditEntry(Model):
    """Who changed what, when and from where, with secrets masked."""

    id = IdField(primary_key=True)
    workspace_id = IdField()
    at: datetime = TimestampField()
    actor = fields.CharField(max_length=250)
    action = fields.CharField(max_length=60)
    # A TypeID, or the name of an event type
    subject_id: str | None = fields.CharField(max_length=120, null=True)
    changes: Any = JsonField(null=True)
    source_address = fields.CharField(max_length=45, null=True)

    class Meta:
        table = "audit_entry"
        indexes = (("workspace_id", "id"),)


class CustomEventType(Model):
    """An event type that a workspace defined beside the built-in ones, or an overriding archival of it."""

    id = IdField(primary_key=True)
    workspace_id = IdField()
    name = fields.CharField(max_length=100)
    description = fields.TextField()
    json_schema: Any = JsonField()
    example: Any = JsonField()
    archived = fields.BooleanField(default=False)
    created_at: datetime = TimestampField()
    updated_at: datetime = TimestampField()

    class Meta:
        table = "event_type"
        unique_together = (("workspace_id", "name"),)


class Webhook(Model):
    """Where events go, and how its receiver has been doing lately."""

    id = IdField(primary_key=True)
    workspace_id = IdField()
    name = fields.CharField(max_length=200)
    url = fields.TextField()
    description = fields.TextField(null=True)
    event_types: Any = JsonField()
    # CEL; `filter` is a method of every Tortoise model
    filter_expression = fields.TextField(null=True)
    method: HttpMethod = fields.CharEnumField(HttpMethod, max_length=8)
    timeout_seconds = fields.IntField()
    verify_ssl = fields.BooleanField()
    ip_allowlist: Any = JsonField()
    # Encrypted JSON: [{"name", "value", "sensitive"}]
    headers = fields.TextField()
    authentication_kind: AuthenticationKind = fields.CharEnumField(AuthenticationKind, max_length=8)
    authentication_username = fields.CharField(max_length=250, null=True)
    # Encrypted token or password
    authentication_credential = fields.TextField(null=True)
    signature_scheme: SignatureScheme = fields.CharEnumField(SignatureScheme, max_length=16)
    rotate_secret_every_days = fields.IntField(null=True)
    next_secret_rotation_at: datetime | None = TimestampField(null=True)
    retry_delays_seconds: Any = JsonField()
    rate_limit_per_second = fields.IntField(null=True)
    max_in_flight = fields.IntField()
    status: WebhookStatus = fields.CharEnumField(WebhookStatus, max_length=8)
    status_reason = fields.TextField(null=True)
    status_changed_at: datetime = TimestampField()
    metadata: Any = JsonField()
    created_at: datetime = TimestampField()
    updated_at: datetime = TimestampField()
    deleted_at: datetime | None = TimestampField(null=True)
    # What its receiver's answers have been like: the circuit breaker and the five-day rule read these.
    consecutive_failures = fields.IntField(default=0)
    failing_since: datetime | None = TimestampField(null=True)
    held_until: datetime | None = TimestampField(null=True)
    # Rate limit: the moment from which the next attempt may start (generic cell rate algorithm).
    next_slot_at: datetime | None = TimestampField(null=True)

    class Meta:
        table = "webhook"
        indexes = (("workspace_id", "id"),)


class Secret(Model):
    """A signing secret of a webhook: the current one, or with `expires_at` an earlier one that signs until then."""

    id = IdField(primary_key=True)
    workspace_id = IdField()
    webhook_id = IdField(db_index=True)
    # Encrypted, bound to this row's id
    secret = fields.TextField()
    hint = fields.CharField(max_length=8)
    public_key = fields.TextField(null=True)
    created_at: datetime = TimestampField()
    expires_at: datetime | None = TimestampField(null=True)

    class Meta:
        table = "secret"


class Event(Model):
    """One thing that happened, with the exact body that every delivery of it signs."""

    id = IdField(primary_key=True)
    workspace_id = IdField()
    type = fields.CharField(max_length=100)
    occurred_at: datetime = TimestampField()
    created_at: datetime = TimestampField()
    body = fields.TextField()
    test = fields.BooleanField(default=False)
    idempotency_key = fields.CharField(max_length=255, null=True)
    # SHA-256 of what was published; tells a repeat from a conflict.
    digest = fields.CharField(max_length=64, null=True)
    ordering_key = fields.CharField(max_length=255, null=True)

    class Meta:
        table = "event"


class Delivery(Model):
    """One event on its way to one webhook. The row is the truth about where it stands."""

    id = IdField(primary_key=True)
    workspace_id = IdField()
    event_id = IdField()
    webhook_id = IdField()
    event_type = fields.CharField(max_length=100)
    test = fields.BooleanField(default=False)
    ordering_key = fields.CharField(max_length=255, null=True)
    status: DeliveryStatus = fields.CharEnumField(DeliveryStatus, max_length=10)
    # Why the next attempt will be made.
    trigger: AttemptTrigger = fields.CharEnumField(AttemptTrigger, max_length=8)
    # Attempts are counted by rows written; `retries_used` says how far the current retry schedule has come.
    attempt_count = fields.IntField(default=0)
    retries_used = fields.IntField(default=0)
    next_attempt_at: datetime | None = TimestampField(null=True)
    # The worker that is sending it right now; free again when that worker's lease has ended.
    claimed_by: str | None = IdField(null=True)
    last_outcome: AttemptOutcome | None = fields.CharEnumField(AttemptOutcome, max_length=20, null=True)
    last_response_status = fields.IntField(null=True)
    created_at: datetime = TimestampField()
    completed_at: datetime | None = TimestampField(null=True)

    class Meta:
        table = "delivery"


class Attempt(Model):
    """One HTTP request of one delivery. Its request body is the event's body and is not stored twice."""

    id = IdField(primary_key=True)
    workspace_id = IdField()
    delivery_id = IdField()
    webhook_id = IdField()
    worker_id = IdField()
    number = fields.IntField()
    trigger: AttemptTrigger = fields.CharEnumField(AttemptTrigger, max_length=8)
    started_at: datetime = TimestampField()
    duration_us = fields.BigIntField()
    outcome: AttemptOutcome = fields.CharEnumField(AttemptOutcome, max_length=20)
    error = fields.TextField(null=True)
    remote_address = fields.CharField(max_length=45, null=True)
    request_method: HttpMethod = fields.CharEnumField(HttpMethod, max_length=8)
    request_url = fields.TextField()
    # [[name, value], …], credentials masked
    request_headers: Any = JsonField()
    response_status = fields.IntField(null=True)
    response_headers: Any = JsonField(null=True)
    response_body = fields.TextField(null=True)
    response_truncated = fields.BooleanField(default=False)

    class Meta:
        table = "attempt"


class Worker(Model):
    """A running process that may hold claims. Its heartbeat moves `lease_until`, past which its claims are free."""

    id = IdField(primary_key=True)
    host = fields.CharField(max_length=255)
    pid = fields.IntField()
    started_at: datetime = TimestampField()
    lease_until: datetime = TimestampField()

    class Meta:
        table = "worker"


class Operation(Model):
    """Work over many rows that goes on in the background, in batches, and survives a restart."""

    id = IdField(primary_key=True)
    workspace_id = IdField()
    kind = fields.CharField(max_length=40)
    status: OperationStatus = fields.CharEnumField(OperationStatus, max_length=10)
    # What was asked for, and how far it has come: the id of the last row done.
    request: Any = JsonField()
    position: str | None = IdField(null=True)
    matched = fields.BigIntField()
    done = fields.BigIntField(default=0)
    claimed_by: str | None = IdField(null=True)
    created_at: datetime = TimestampField()
    completed_at: datetime | None = TimestampField(null=True)

    class Meta:
        table = "operation"
        indexes = (("workspace_id", "id"),)
