"""Webhooks to be made, changed and pinged."""

from collections.abc import Callable
from typing import Any

import strawberry
from strawberry.scalars import JSON
from strawberry.types.unset import UnsetType

from app.webhooks import drafts
from graph.enums import HttpMethod, SignatureScheme

_NAME = "Name of the webhook, for people."
_URL = "URL that requests are sent to: https, or in development also http."
_EVENT_TYPES = 'Event types that the webhook receives: names or patterns, e.g. "ticket.created", "ticket.*",'
' "*".'
_DESCRIPTION = "What the webhook is for."
_FILTER = 'CEL expression that selects among those events, e.g. data.ticket.priority == "urgent".'
_METHOD = "HTTP method of requests."
_TIMEOUT = "Maximum duration of an attempt, in seconds."
_VERIFY_SSL = "Whether the receiver's TLS certificate must be valid."
_IP_ALLOWLIST = "CIDR ranges that the URL may resolve to; empty means any public address."
_HEADERS = "Custom headers to send with each request."
_AUTHENTICATION = "How requests authenticate, in addition to the signature."
_ROTATE = "Interval of automatic secret rotation, in days; null means never."
_RETRY_POLICY = "Schedule by which failed attempts are retried; null means the default schedule."
_RATE_LIMIT = "Maximum number of attempts started per second; null means no limit."
_MAX_IN_FLIGHT = "Maximum number of attempts in flight at once; null means the default."
_METADATA = "Arbitrary JSON object to store with the webhook."


@strawberry.input(description="A custom header of a webhook's requests.")
class HeaderInput:
    name: str = strawberry.field(description="Header name.")
    value: str = strawberry.field(description="Header value.")
    sensitive: bool | None = strawberry.field(
        default=False, description="Whether the value is a credential, which is never shown again."
    )


@strawberry.input(description="Credentials for HTTP Basic authentication (RFC 7617).")
class BasicAuthInput:
    username: str = strawberry.field(description="The username.")
    password: str = strawberry.field(description="The password, which is never shown again.")


@strawberry.input(one_of=True, description="How requests authenticate. Exactly one field must be given.")
class AuthenticationInput:
    bearer: str | None = strawberry.field(description="Bearer token, which is never shown again.")
    basic: BasicAuthInput | None = strawberry.field(description="Username and password.")
    none: bool | None = strawberry.field(description="No authentication; must be true.")

    def draft(self) -> drafts.AuthenticationDraft:
        basic = drafts.BasicAuthDraft(self.basic.username, self.basic.password) if self.basic else None
        return drafts.AuthenticationDraft(bearer=self.bearer, basic=basic, none=self.none)


@strawberry.input(description="A retry schedule.")
class RetryPolicyInput:
    delays_seconds: list[int] = strawberry.field(
        description="Delays before the 2nd, 3rd, … attempt, in seconds. The maximum number of attempts is one more"
        " than the number of delays."
    )


@strawberry.input(description="Settings of a new webhook.")
class CreateWebhookInput:
    name: str = strawberry.field(description=_NAME)
    url: str = strawberry.field(description=_URL)
    event_types: list[str] = strawberry.field(description=_EVENT_TYPES)
    description: str | None = strawberry.field(description=_DESCRIPTION)
    filter: str | None = strawberry.field(description=_FILTER)
    secret: str | None = strawberry.field(
        description="Signing secret (whsec_…, or whsk_… for ED25519); generated if omitted."
    )
    method: HttpMethod | None = strawberry.field(default=HttpMethod.POST, description=_METHOD)
    timeout_seconds: int | None = strawberry.field(default=30, description=_TIMEOUT)
    verify_ssl: bool | None = strawberry.field(default=True, description=_VERIFY_SSL)
    ip_allowlist: list[str] | None = strawberry.field(description=_IP_ALLOWLIST)
    headers: list[HeaderInput] | None = strawberry.field(description=_HEADERS)
    authentication: AuthenticationInput | None = strawberry.field(description=_AUTHENTICATION)
    signature_scheme: SignatureScheme | None = strawberry.field(
        default=SignatureScheme.HMAC_SHA256, description="How requests are signed; cannot be changed later."
    )
    rotate_secret_every_days: int | None = strawberry.field(description=_ROTATE)
    retry_policy: RetryPolicyInput | None = strawberry.field(description=_RETRY_POLICY)
    rate_limit_per_second: int | None = strawberry.field(description=_RATE_LIMIT)
    max_in_flight: int | None = strawberry.field(description=_MAX_IN_FLIGHT)
    metadata: JSON | None = strawberry.field(description=_METADATA)

    def draft(self) -> drafts.WebhookDraft:
        return drafts.WebhookDraft(
            name=self.name,
            url=self.url,
            event_types=self.event_types,
            description=self.description,
            filter=self.filter,
            secret=self.secret,
            method=self.method,
            timeout_seconds=self.timeout_seconds,
            verify_ssl=self.verify_ssl,
            ip_allowlist=self.ip_allowlist,
            headers=None if self.headers is None else _headers(self.headers),
            authentication=self.authentication.draft() if self.authentication else None,
            signature_scheme=self.signature_scheme,
            rotate_secret_every_days=self.rotate_secret_every_days,
            retry_delays_seconds=self.retry_policy.delays_seconds if self.retry_policy else None,
            rate_limit_per_second=self.rate_limit_per_second,
            max_in_flight=self.max_in_flight,
            metadata=self.metadata,
        )


@strawberry.input(
    description="Input of `updateWebhook`. A field that is omitted stays unchanged; null clears a field that can"
    " be empty."
)
class UpdateWebhookInput:
    id: strawberry.ID = strawberry.field(description="ID of the webhook.")
    name: str | None = strawberry.field(default=strawberry.UNSET, description=_NAME)
    url: str | None = strawberry.field(default=strawberry.UNSET, description=_URL)
    event_types: list[str] | None = strawberry.field(default=strawberry.UNSET, description=_EVENT_TYPES)
    description: str | None = strawberry.field(default=strawberry.UNSET, description=_DESCRIPTION)
    filter: str | None = strawberry.field(default=strawberry.UNSET, description=_FILTER)
    method: HttpMethod | None = strawberry.field(default=strawberry.UNSET, description=_METHOD)
    timeout_seconds: int | None = strawberry.field(default=strawberry.UNSET, description=_TIMEOUT)
    verify_ssl: bool | None = strawberry.field(default=strawberry.UNSET, description=_VERIFY_SSL)
    ip_allowlist: list[str] | None = strawberry.field(default=strawberry.UNSET, description=_IP_ALLOWLIST)
    headers: list[HeaderInput] | None = strawberry.field(
        default=strawberry.UNSET, description=f"{_HEADERS} They replace all existing custom headers."
    )
    authentication: AuthenticationInput | None = strawberry.field(default=strawberry.UNSET, description=_AUTHENTICATION)
    rotate_secret_every_days: int | None = strawberry.field(default=strawberry.UNSET, description=_ROTATE)
    retry_policy: RetryPolicyInput | None = strawberry.field(default=strawberry.UNSET, description=_RETRY_POLICY)
    rate_limit_per_second: int | None = strawberry.field(default=strawberry.UNSET, description=_RATE_LIMIT)
    max_in_flight: int | None = strawberry.field(default=strawberry.UNSET, description=_MAX_IN_FLIGHT)
    metadata: JSON | None = strawberry.field(default=strawberry.UNSET, description=_METADATA)

    def changes(self) -> drafts.WebhookChanges:
        return drafts.WebhookChanges(
            name=_change(self.name),
            url=_change(self.url),
            event_types=_change(self.event_types),
            description=_change(self.description),
            filter=_change(self.filter),
            method=_change(self.method),
            timeout_seconds=_change(self.timeout_seconds),
            verify_ssl=_change(self.verify_ssl),
            ip_allowlist=_change(self.ip_allowlist),
            headers=_change(self.headers, _headers),
            authentication=_change(self.authentication, AuthenticationInput.draft),
            rotate_secret_every_days=_change(self.rotate_secret_every_days),
            retry_delays_seconds=_change(self.retry_policy, lambda policy: policy.delays_seconds),
            rate_limit_per_second=_change(self.rate_limit_per_second),
            max_in_flight=_change(self.max_in_flight),
            metadata=_change(self.metadata),
        )


@strawberry.input(description="Identifies a webhook.")
class WebhookIdInput:
    id: strawberry.ID = strawberry.field(description="ID of the webhook.")


@strawberry.input(description="Input of `pingWebhook`.")
class PingWebhookInput:
    id: strawberry.ID = strawberry.field(description="ID of the webhook.")
    event_type: str | None = strawberry.field(
        description="Event type whose example is sent; the first one that the webhook receives if omitted."
    )


@strawberry.input(description="Input of `testConnection`.")
class TestConnectionInput:
    __test__ = False  # nothing for pytest

    webhook: CreateWebhookInput = strawberry.field(description="Settings to test. They are not saved.")
    event_type: str | None = strawberry.field(
        description="Event type whose example is sent; the first one that the settings select if omitted."
    )


def _headers(headers: list[HeaderInput]) -> list[drafts.HeaderDraft]:
    return [drafts.HeaderDraft(header.name, header.value, bool(header.sensitive)) for header in headers]


def _change(value: Any, convert: Callable[[Any], Any] = lambda value: value) -> Any:
    """A field of an update as the domain takes it: left out, null, or converted."""
    if isinstance(value, UnsetType):
        return drafts.UNSET
    return None if value is None else convert(value)
