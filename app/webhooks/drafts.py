"""What callers give for the fields that are more than one value, before anything is checked.

Knows no rule; `app.webhooks.validation` does. Credentials never show in a repr.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "UNSET"


UNSET: Final = Unset.UNSET
"""A field that the caller left out, where null has a meaning of its own."""


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
