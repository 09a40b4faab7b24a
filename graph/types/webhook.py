"""The plain fields of webhooks; `graph.types.records` has those that lead to other records."""

from contextlib import suppress
from datetime import datetime
from typing import Self

import strawberry
from strawberry.scalars import JSON

from app.encryption import NotDecrypted
from app.models import Webhook as WebhookModel
from app.webhooks.credentials import open_headers
from app.webhooks.urls import open_url, shown_url
from graph.context import Info
from graph.enums import AuthenticationKind, HttpMethod, Scope, SignatureScheme, WebhookStatus, WebhookStatusReason
from graph.types.header import Header
from graph.types.node import Node

CONTENT_TYPE = "application/json"


@strawberry.type(
    description="Credentials that a webhook's requests carry in their Authorization header. Secret values are"
    " write-only."
)
class WebhookAuthentication:
    kind: AuthenticationKind = strawberry.field(description="Kind of credentials.")
    username: str | None = strawberry.field(description="Username; null unless the kind is BASIC.")


@strawberry.type(description="A retry schedule.")
class RetryPolicy:
    delays_seconds: list[int] = strawberry.field(
        description="Delays before the 2nd, 3rd, … attempt, in seconds. The maximum number of attempts is one more"
        " than the number of delays."
    )


@strawberry.type
class WebhookFields(Node):
    name: str = strawberry.field(description="Name of the webhook.")
    description: str | None = strawberry.field(description="What the webhook is for.")
    event_types: list[str] = strawberry.field(
        description='Event types that the webhook receives: names or patterns, e.g. "ticket.created", "ticket.*", "*".'
    )
    filter: str | None = strawberry.field(
        description='CEL expression that selects among those events, e.g. data.ticket.priority == "urgent". Null'
        " selects all."
    )
    method: HttpMethod = strawberry.field(description="HTTP method of requests.")
    content_type: str = strawberry.field(description="Content type of requests.")
    timeout_seconds: int = strawberry.field(description="Maximum duration of an attempt, in seconds.")
    verify_ssl: bool = strawberry.field(description="Whether the receiver's TLS certificate must be valid.")
    ip_allowlist: list[str] = strawberry.field(
        description="CIDR ranges that the URL may resolve to; empty means any public address."
    )
    authentication: WebhookAuthentication = strawberry.field(
        description="How requests authenticate, in addition to the signature."
    )
    signature_scheme: SignatureScheme = strawberry.field(description="How requests are signed.")
    rotate_secret_every_days: int | None = strawberry.field(
        description="Interval of automatic secret rotation, in days; null means never."
    )
    next_secret_rotation_at: datetime | None = strawberry.field(
        description="Time of the next automatic secret rotation; null if there is none."
    )
    retry_policy: RetryPolicy = strawberry.field(description="Schedule by which failed attempts are retried.")
    rate_limit_per_second: int | None = strawberry.field(
        description="Maximum number of attempts started per second; null means no limit."
    )
    max_in_flight: int = strawberry.field(description="Maximum number of attempts in flight at once.")
    status: WebhookStatus = strawberry.field(description="Whether deliveries are sent.")
    status_reason: str | None = strawberry.field(description="Reason for the status, if there is more to say.")
    status_reason_code: WebhookStatusReason | None = strawberry.field(
        description="Reason for the status as a code; null for an active webhook."
    )
    status_changed_at: datetime = strawberry.field(description="Time at which the status last changed.")
    metadata: JSON = strawberry.field(description="Arbitrary JSON object stored with the webhook.")
    external_id: str | None = strawberry.field(
        description="Your own ID of the webhook, unique in the workspace; null if it has none."
    )
    created_at: datetime = strawberry.field(description="Time of creation.")
    updated_at: datetime = strawberry.field(description="Time of the last change to the settings.")
    model: strawberry.Private[WebhookModel]

    @classmethod
    def from_model(cls, model: WebhookModel) -> Self:
        """A webhook as the API shows it; a deleted one, which only its deliveries still show, as disabled."""
        deleted = model.deleted_at
        return cls(
            id=strawberry.ID(model.id),
            name=model.name,
            description=model.description,
            event_types=model.event_types,
            filter=model.filter_expression,
            method=model.method,
            content_type=CONTENT_TYPE,
            timeout_seconds=model.timeout_seconds,
            verify_ssl=model.verify_ssl,
            ip_allowlist=model.ip_allowlist,
            authentication=WebhookAuthentication(
                kind=model.authentication_kind, username=model.authentication_username
            ),
            signature_scheme=model.signature_scheme,
            rotate_secret_every_days=model.rotate_secret_every_days,
            next_secret_rotation_at=model.next_secret_rotation_at,
            retry_policy=RetryPolicy(delays_seconds=model.retry_delays_seconds),
            rate_limit_per_second=model.rate_limit_per_second,
            max_in_flight=model.max_in_flight,
            status=WebhookStatus.DISABLED if deleted else model.status,
            status_reason="Deleted." if deleted else model.status_reason,
            status_reason_code=WebhookStatusReason.PERSON if deleted else model.status_reason_code,
            status_changed_at=deleted or model.status_changed_at,
            metadata=model.metadata,
            external_id=model.external_id,
            created_at=model.created_at,
            updated_at=model.updated_at,
            model=model,
        )

    @strawberry.field(
        description="URL that requests are sent to, with the values of its query masked for callers without SECRETS."
    )
    def url(self, info: Info) -> str:
        if Scope.SECRETS in info.context.caller.scopes:
            with suppress(NotDecrypted):
                return open_url(info.context.resources.cipher, self.model)
        return shown_url(self.model.url)

    @strawberry.field(description="Custom headers sent with each request.")
    def headers(self, info: Info) -> list[Header]:
        headers = open_headers(info.context.resources.cipher, self.model)
        return [Header(name=header.name, value=header.shown) for header in headers]
