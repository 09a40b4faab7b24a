"""Inputs of the mutations on webhooks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry
from strawberry.scalars import JSON

from app.test_requests.try_webhook import UnsavedChanges
from app.webhooks.drafts import AuthenticationDraft, BasicAuthDraft, HeaderDraft
from app.webhooks.fields import DEFAULT_TIMEOUT_SECONDS, WebhookChanges, WebhookDraft
from graph.enums import HttpMethod, SignatureScheme

_NAME = "Name of the webhook, shown to people."
_URL = "URL that requests are sent to: https, or in development also http."
_EVENT_TYPES = 'Event types that the webhook receives: names or patterns, e.g. "ticket.created", "ticket.*", "*".'
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
_EXTERNAL_ID = "Your own ID of the webhook, unique in the workspace."
_METADATA = "Arbitrary JSON object to store with the webhook."


@strawberry.input(description="A custom header of a webhook's requests.")
class HeaderInput:
    name: str = strawberry.field(description="Header name.")
    value: str = strawberry.field(description="Header value.")
    sensitive: bool | None = strawberry.field(
        default=False, description="Whether the value is a credential, which is never shown again."
    )

    def draft(self) -> HeaderDraft:
        return HeaderDraft(self.name, self.value, bool(self.sensitive))


@strawberry.input(description="Credentials for HTTP Basic authentication (RFC 7617).")
class BasicAuthInput:
    username: str = strawberry.field(description="The username.")
    password: str = strawberry.field(description="The password, which is never shown again.")


@strawberry.input(one_of=True, description="How requests authenticate. Exactly one field must be given.")
class AuthenticationInput:
    bearer: str | None = strawberry.field(description="Bearer token, which is never shown again.")
    basic: BasicAuthInput | None = strawberry.field(description="Username and password.")
    none: bool | None = strawberry.field(description="No authentication; must be true.")

    def draft(self) -> AuthenticationDraft:
        basic = BasicAuthDraft(self.basic.username, self.basic.password) if self.basic else None
        return AuthenticationDraft(bearer=self.bearer, basic=basic, none=self.none)


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
    timeout_seconds: int | None = strawberry.field(default=DEFAULT_TIMEOUT_SECONDS, description=_TIMEOUT)
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
    external_id: str | None = strawberry.field(description=_EXTERNAL_ID)

    def draft(self) -> WebhookDraft:
        return WebhookDraft(**_asked(vars(self)))


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
    external_id: str | None = strawberry.field(default=strawberry.UNSET, description=_EXTERNAL_ID)
    if_updated_at: datetime | None = strawberry.field(
        description="Refuses the change (CONFLICT) unless this is still the `updatedAt` of the webhook."
    )

    def changes(self) -> WebhookChanges:
        return WebhookChanges(**_asked(vars(self), but=("id", "if_updated_at")))


@strawberry.input(description="Input of `upsertWebhook`.")
class UpsertWebhookInput:
    external_id: str = strawberry.field(description=_EXTERNAL_ID)
    webhook: CreateWebhookInput = strawberry.field(
        description="Settings of the webhook. A setting that is omitted gets its default, whatever it was before."
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
    __test__ = False  # hides it from pytest

    webhook: CreateWebhookInput = strawberry.field(description="Settings to test. They are not saved.")
    event_type: str | None = strawberry.field(
        description="Event type whose example is sent; the first one that the settings select if omitted."
    )


@strawberry.input(description="Input of `testWebhook`.")
class TestWebhookInput:
    __test__ = False  # nothing for pytest

    id: strawberry.ID = strawberry.field(description="ID of the webhook.")
    changes: UpdateWebhookInput | None = strawberry.field(
        description="Changes to test with the stored settings. They are not saved. Their `id` is that of the webhook."
    )
    event_id: strawberry.ID | None = strawberry.field(
        description="ID of a past event to send as it was published. Needs READ as well."
    )
    event_type: str | None = strawberry.field(
        description="Event type whose example is sent if there is no `eventId`; the first one that the webhook receives"
        " if omitted."
    )

    def unsaved(self) -> UnsavedChanges | None:
        changes = self.changes
        return None if changes is None else UnsavedChanges(changes.id, changes.changes(), changes.if_updated_at)


@strawberry.input(description="Input of `previewFilter`.")
class PreviewFilterInput:
    filter: str | None = strawberry.field(description=f"{_FILTER} Every event matches if null or omitted.")
    event_types: list[str] | None = strawberry.field(
        description="Event types to look at: names or patterns; all if null or omitted."
    )
    since: datetime | None = strawberry.field(description="Looks only at events published at or after this time.")


def _asked(fields: Mapping[str, Any], *, but: tuple[str, ...] = ()) -> dict[str, Any]:
    """The given fields, with the names and in the form of `app.webhooks.fields`."""
    asked = {name: value for name, value in fields.items() if name not in but and value is not strawberry.UNSET}
    if asked.get("headers") is not None:
        asked["headers"] = [header.draft() for header in asked["headers"]]
    if asked.get("authentication") is not None:
        asked["authentication"] = asked["authentication"].draft()
    if "retry_policy" in asked:
        policy: RetryPolicyInput | None = asked.pop("retry_policy")
        asked["retry_delays_seconds"] = None if policy is None else policy.delays_seconds
    return asked
