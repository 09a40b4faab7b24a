"""Webhooks to be made, changed and pinged."""

from collections.abc import Callable
from typing import Any

import strawberry
from strawberry.scalars import JSON
from strawberry.types.unset import UnsetType

from app.webhooks import drafts
from graph.enums import HttpMethod, SignatureScheme

_NAME = "Its name, for people."
_URL = "Where its requests go: https, and in development http too."
_EVENT_TYPES = 'Which events it asks for: names or patterns, e.g. "ticket.created", "ticket.*", "*".'
_DESCRIPTION = "What it is for."
_FILTER = 'Which of those events: CEL over the event, e.g. data.ticket.priority == "urgent".'
_METHOD = "The method of its requests."
_TIMEOUT = "How long an attempt may take in all, in seconds."
_VERIFY_SSL = "Whether the receiver's certificate must be valid."
_IP_ALLOWLIST = "CIDRs that the URL may resolve to; empty means any public address."
_HEADERS = "Headers that its requests carry beside the product's own."
_AUTHENTICATION = "How its requests authenticate, beside the signature."
_ROTATE = "After how many days its secret is rotated by itself; null means never."
_RETRY_POLICY = "When its deliveries are tried again; null means the default schedule."
_RATE_LIMIT = "How many attempts may begin in a second; null means no limit."
_MAX_IN_FLIGHT = "How many attempts may be under way at once; null means the default."
_METADATA = "Whatever is to be kept with it: a JSON object."


@strawberry.input(description="A header of a webhook's requests.")
class HeaderInput:
    name: str = strawberry.field(description="Its name.")
    value: str = strawberry.field(description="Its value.")
    sensitive: bool | None = strawberry.field(
        default=False, description="Whether its value is a credential, and never shown again."
    )


@strawberry.input(description="A username and a password (RFC 7617).")
class BasicAuthInput:
    username: str = strawberry.field(description="The username.")
    password: str = strawberry.field(description="The password. It is never shown again.")


@strawberry.input(one_of=True, description="How requests authenticate: exactly one of these.")
class AuthenticationInput:
    bearer: str | None = strawberry.field(description="A bearer token. It is never shown again.")
    basic: BasicAuthInput | None = strawberry.field(description="A username and a password.")
    none: bool | None = strawberry.field(description="Not at all: true.")

    def draft(self) -> drafts.AuthenticationDraft:
        basic = drafts.BasicAuthDraft(self.basic.username, self.basic.password) if self.basic else None
        return drafts.AuthenticationDraft(bearer=self.bearer, basic=basic, none=self.none)


@strawberry.input(description="When deliveries are tried again.")
class RetryPolicyInput:
    delays_seconds: list[int] = strawberry.field(
        description="Seconds before the 2nd, 3rd … attempt; one more attempt is made than there are delays."
    )


@strawberry.input(description="A webhook to be made.")
class CreateWebhookInput:
    name: str = strawberry.field(description=_NAME)
    url: str = strawberry.field(description=_URL)
    event_types: list[str] = strawberry.field(description=_EVENT_TYPES)
    description: str | None = strawberry.field(description=_DESCRIPTION)
    filter: str | None = strawberry.field(description=_FILTER)
    secret: str | None = strawberry.field(
        description="The signing secret (whsec_…, or whsk_… for ED25519); made when left out."
    )
    method: HttpMethod | None = strawberry.field(default=HttpMethod.POST, description=_METHOD)
    timeout_seconds: int | None = strawberry.field(default=30, description=_TIMEOUT)
    verify_ssl: bool | None = strawberry.field(default=True, description=_VERIFY_SSL)
    ip_allowlist: list[str] | None = strawberry.field(description=_IP_ALLOWLIST)
    headers: list[HeaderInput] | None = strawberry.field(description=_HEADERS)
    authentication: AuthenticationInput | None = strawberry.field(description=_AUTHENTICATION)
    signature_scheme: SignatureScheme | None = strawberry.field(
        default=SignatureScheme.HMAC_SHA256, description="How its requests are signed; cannot be changed later."
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


@strawberry.input(description="Changes of a webhook. A field left out stays as it is; null clears what can be empty.")
class UpdateWebhookInput:
    id: strawberry.ID = strawberry.field(description="Which webhook.")
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
        default=strawberry.UNSET, description=f"{_HEADERS} They replace all it has."
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


@strawberry.input(description="Which webhook.")
class WebhookIdInput:
    id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.input(
    description="A test ping of a saved webhook: signed and sent now, answered with what came back, listed among its"
    " deliveries."
)
class PingWebhookInput:
    id: strawberry.ID = strawberry.field(description="Which webhook.")
    event_type: str | None = strawberry.field(
        description="Whose example to send; the first that the webhook asks for, where left out."
    )


@strawberry.input(description="A try of settings that are not saved yet: each step told apart.")
class TestConnectionInput:
    __test__ = False  # nothing for pytest

    webhook: CreateWebhookInput = strawberry.field(description="The settings.")
    event_type: str | None = strawberry.field(
        description="Whose example to send; the first that the settings ask for, where left out."
    )


def _headers(headers: list[HeaderInput]) -> list[drafts.HeaderDraft]:
    return [drafts.HeaderDraft(header.name, header.value, bool(header.sensitive)) for header in headers]


def _change(value: Any, convert: Callable[[Any], Any] = lambda value: value) -> Any:
    """A field of an update as the domain takes it: left out, null, or converted."""
    if isinstance(value, UnsetType):
        return drafts.UNSET
    return None if value is None else convert(value)
