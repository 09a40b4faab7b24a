"""What a caller asks for before anything is checked: the inputs of createWebhook and updateWebhook as plain values.

Knows no rule; `app.webhooks.validation` does. Credentials never show in a repr.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Literal, TypeAlias

from app.statuses import HttpMethod, SignatureScheme


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "UNSET"


UNSET: Final = Unset.UNSET
"""A field that the caller left out, where null has a meaning of its own."""

_Unset: TypeAlias = Literal[Unset.UNSET]


@dataclass(frozen=True, slots=True)
class HeaderDraft:
    """A custom header of the requests. A sensitive one is shown masked from then on."""

    name: str
    value: str = field(repr=False)
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class BasicAuthDraft:
    """Username and password for basic authentication (RFC 7617)."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AuthenticationDraft:
    """Exactly one of the three is given."""

    bearer: str | None = field(default=None, repr=False)
    basic: BasicAuthDraft | None = None
    none: bool | None = None


@dataclass(frozen=True, slots=True)
class WebhookDraft:
    """A webhook to be made. What is None is left to its default."""

    name: str
    url: str
    event_types: Sequence[str]
    description: str | None = None
    filter: str | None = None
    secret: str | None = field(default=None, repr=False)
    method: HttpMethod | None = None
    timeout_seconds: int | None = None
    verify_ssl: bool | None = None
    ip_allowlist: Sequence[str] | None = None
    headers: Sequence[HeaderDraft] | None = None
    authentication: AuthenticationDraft | None = None
    signature_scheme: SignatureScheme | None = None
    rotate_secret_every_days: int | None = None
    retry_delays_seconds: Sequence[int] | None = None
    rate_limit_per_second: int | None = None
    max_in_flight: int | None = None
    metadata: Any = None


@dataclass(frozen=True, slots=True)
class WebhookChanges:
    """Changes of a webhook. What is UNSET stays; None clears what can be empty and is refused for what can't."""

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
