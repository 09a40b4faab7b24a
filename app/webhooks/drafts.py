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

    name: str | None | _Unset = UNSET
    url: str | None | _Unset = UNSET
    event_types: Sequence[str] | None | _Unset = UNSET
    description: str | None | _Unset = UNSET
    filter: str | None | _Unset = UNSET
    method: HttpMethod | None | _Unset = UNSET
    timeout_seconds: int | None | _Unset = UNSET
    verify_ssl: bool | None | _Unset = UNSET
    ip_allowlist: Sequence[str] | None | _Unset = UNSET
    headers: Sequence[HeaderDraft] | None | _Unset = UNSET
    authentication: AuthenticationDraft | None | _Unset = UNSET
    rotate_secret_every_days: int | None | _Unset = UNSET
    retry_delays_seconds: Sequence[int] | None | _Unset = UNSET
    rate_limit_per_second: int | None | _Unset = UNSET
    max_in_flight: int | None | _Unset = UNSET
    metadata: Any = UNSET
