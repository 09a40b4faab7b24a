"""The table of a webhook's fields: `Configuration`, with each field's type, default, name in the API and rule.

A new field is a line of `Configuration` and one of `WebhookChanges`, a column (app/models.py and a migration), a line
in each input (graph/inputs/webhooks.py), two in the output (graph/types/webhook.py) and one in the entry of a file
(app/cli/files/shape.py). A field that its column stores in another form is also named in app/webhooks/rows.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias

from app.networks import Network, parse_networks
from app.statuses import HttpMethod, SignatureScheme
from app.texts import MAX_NAME_CHARACTERS, one_line
from app.webhooks.credentials import Authentication, CustomHeader
from app.webhooks.drafts import UNSET, AuthenticationDraft, HeaderDraft, Unset
from app.webhooks.urls import shown_url
from app.webhooks.validation import headers, selection, target
from app.webhooks.validation import texts_and_numbers as texts
from app.webhooks.validation.setting import Asked, Setting, as_it_is, between, plain, settings_of

# Well beyond what a receiver needs to acknowledge a request, well below what a proxy allows.
MAX_TIMEOUT_SECONDS = 60
DEFAULT_TIMEOUT_SECONDS = 30
# Enough for 200 deliveries a second to a receiver that answers in 100 ms, while a hanging one holds few connections.
DEFAULT_MAX_IN_FLIGHT = 20
MAX_MAX_IN_FLIGHT = 100
MAX_RATE_PER_SECOND = 10_000
MAX_ROTATION_DAYS = 365
# 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h: ten attempts over three days, as Standard Webhooks suggest.
DEFAULT_RETRY_DELAYS_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)

_Unset: TypeAlias = Literal[Unset.UNSET]


def _name(asked: Asked) -> str:
    return one_line(asked.problems, asked.value, "The name", MAX_NAME_CHARACTERS, *asked.path)


def _url(asked: Asked) -> str:
    # A caller that reads the URL with its query masked and sends it back means the stored one.
    if asked.stored and asked.value.strip() == shown_url(asked.stored):
        return str(asked.stored)
    return target.url(asked.problems, asked.value, asked.around.allow_http, *asked.path)


def _event_types(asked: Asked) -> tuple[str, ...]:
    known, archived = asked.around.event_types, asked.around.archived
    return selection.event_types(asked.problems, asked.value, known, archived, asked.stored, *asked.path)


def _filter(asked: Asked) -> str | None:
    # Only stripped here: `configuration.py` checks the filter together with the event types.
    return asked.value.strip() or None


def _ip_allowlist(asked: Asked) -> tuple[Network, ...]:
    return parse_networks(asked.problems, asked.value, "The IP allowlist", *asked.path)


def _external_id(asked: Asked) -> str:
    return one_line(asked.problems, asked.value, "The external ID", MAX_NAME_CHARACTERS, *asked.path)


def _headers(asked: Asked) -> tuple[CustomHeader, ...]:
    return headers.headers(asked.problems, asked.value, asked.stored, *asked.path)


# Outside the class, because its own fields hide names such as `headers`.
_AUTHENTICATION = plain(headers.authentication)


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that a person decides about a webhook, valid, with its credentials in clear."""

    name: Annotated[str, Setting("name", _name, clearable=False)]
    url: Annotated[str, Setting("url", _url, clearable=False)]
    event_types: Annotated[tuple[str, ...], Setting("eventTypes", _event_types, clearable=False)]
    description: Annotated[str | None, Setting("description", plain(texts.description))] = None
    filter: Annotated[str | None, Setting("filter", _filter)] = None
    method: Annotated[HttpMethod, Setting("method", as_it_is, clearable=False)] = HttpMethod.POST
    timeout_seconds: Annotated[
        int,
        Setting("timeoutSeconds", between(1, MAX_TIMEOUT_SECONDS, "seconds", "The timeout"), clearable=False),
    ] = DEFAULT_TIMEOUT_SECONDS
    verify_ssl: Annotated[bool, Setting("verifySsl", as_it_is, clearable=False)] = True
    ip_allowlist: Annotated[tuple[Network, ...], Setting("ipAllowlist", _ip_allowlist)] = ()
    headers: Annotated[tuple[CustomHeader, ...], Setting("headers", _headers)] = ()
    authentication: Annotated[Authentication, Setting("authentication", _AUTHENTICATION)] = field(
        default_factory=Authentication
    )
    rotate_secret_every_days: Annotated[
        int | None,
        Setting("rotateSecretEveryDays", between(1, MAX_ROTATION_DAYS, "days", "The time between rotations")),
    ] = None
    retry_delays_seconds: Annotated[
        tuple[int, ...], Setting("retryPolicy.delaysSeconds", plain(texts.retry_delays))
    ] = DEFAULT_RETRY_DELAYS_SECONDS
    rate_limit_per_second: Annotated[
        int | None,
        Setting("rateLimitPerSecond", between(1, MAX_RATE_PER_SECOND, "requests per second", "The rate limit")),
    ] = None
    max_in_flight: Annotated[
        int,
        Setting("maxInFlight", between(1, MAX_MAX_IN_FLIGHT, "requests", "The limit of requests in flight")),
    ] = DEFAULT_MAX_IN_FLIGHT
    metadata: Annotated[dict[str, Any], Setting("metadata", plain(texts.metadata))] = field(default_factory=dict)
    external_id: Annotated[str | None, Setting("externalId", _external_id)] = None
    # Chosen at creation: not a field of `WebhookChanges`.
    signature_scheme: Annotated[SignatureScheme, Setting("signatureScheme", as_it_is)] = SignatureScheme.HMAC_SHA256


SETTINGS: Mapping[str, Setting] = MappingProxyType(settings_of(Configuration))
"""The entries of the table, by the names of the fields."""


@dataclass(frozen=True, slots=True)
class WebhookChanges:
    """Changes of a webhook, not checked yet. UNSET keeps a value; None sets the default, or is refused."""

    name: str | _Unset | None = UNSET
    url: str | _Unset | None = UNSET
    event_types: Sequence[str] | _Unset | None = UNSET
    description: str | _Unset | None = UNSET
    filter: str | _Unset | None = UNSET
    method: HttpMethod | _Unset | None = UNSET
    timeout_seconds: int | _Unset | None = UNSET
    verify_ssl: bool | _Unset | None = UNSET
    ip_allowlist: Sequence[str] | _Unset | None = UNSET
    headers: Sequence[HeaderDraft] | _Unset | None = UNSET
    authentication: AuthenticationDraft | _Unset | None = UNSET
    rotate_secret_every_days: int | _Unset | None = UNSET
    retry_delays_seconds: Sequence[int] | _Unset | None = UNSET
    rate_limit_per_second: int | _Unset | None = UNSET
    max_in_flight: int | _Unset | None = UNSET
    metadata: Any = UNSET
    external_id: str | _Unset | None = UNSET


@dataclass(frozen=True, slots=True)
class WebhookDraft(WebhookChanges):
    """A webhook to be created, not checked yet. None or UNSET sets the default."""

    name: str
    url: str
    event_types: Sequence[str]
    signature_scheme: SignatureScheme | None = None
    secret: str | None = field(default=None, repr=False)
