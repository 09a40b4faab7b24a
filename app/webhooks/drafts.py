"""Inputs for fields that consist of more than one value, before anything is checked.

This module knows no rule; `app.webhooks.validation` does. Credentials never appear in a repr.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "UNSET"


UNSET: Final = Unset.UNSET
"""A field that the caller left out, if null has a meaning of its own."""


@dataclass(frozen=True, slots=True)
class HeaderDraft:
    """A custom header of the requests. A sensitive one is shown masked after it is set."""

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
