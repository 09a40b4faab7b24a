"""Refusals that a caller can receive.

    Rejected            expected: the input or the present state does not allow it (userErrors in the API)
    AccessDenied
    ├── Unauthenticated no key, or one that is not valid
    ├── Forbidden       the key lacks a scope
    └── RateLimited     too many requests for now
    Unavailable         the server cannot do it right now; repeat it later

What a customer's receiver does is not an error but an outcome (`app.sender`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class UserErrorCode(StrEnum):
    """The kind of refusal; the message says the rest."""

    INVALID = "INVALID"
    REQUIRED = "REQUIRED"
    NOT_FOUND = "NOT_FOUND"
    TAKEN = "TAKEN"
    TOO_LONG = "TOO_LONG"
    TOO_MANY = "TOO_MANY"
    URL_NOT_ALLOWED = "URL_NOT_ALLOWED"
    INVALID_PAYLOAD = "INVALID_PAYLOAD"
    INVALID_FILTER = "INVALID_FILTER"
    CONFLICT = "CONFLICT"


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of an input: a sentence, and its path in the input (e.g. `("events", "3", "data")`)."""

    message: str
    path: tuple[str, ...]
    code: UserErrorCode


class Rejected(Exception):
    """An expected refusal. Nothing was changed."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(problem.message for problem in problems))
        self.problems = tuple(problems)


def rejected(code: UserErrorCode, message: str, *path: str) -> Rejected:
    """A `Rejected` with one problem."""
    return Rejected([Problem(message, path, code)])


def not_found(noun: str, subject_id: str, *path: str, within: str = "workspace") -> Rejected:
    """The same words whether the thing never existed or belongs to another workspace."""
    shown = json.dumps(subject_id[:64], ensure_ascii=False)
    message = f"No {noun} has the id {shown}; give the id of one in this {within}."
    return rejected(UserErrorCode.NOT_FOUND, message, *(path or ("id",)))


class AccessDenied(Exception):
    """The caller may not do this; the message says what is missing."""


class Unauthenticated(AccessDenied):
    """No key was given, or it is unknown, expired or revoked."""


class Forbidden(AccessDenied):
    """The key is valid but lacks a scope, or may not be used from this address."""


class RateLimited(AccessDenied):
    """Too many requests; the caller may retry after `retry_after_seconds`."""

    def __init__(self, message: str, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(Exception):
    """The server cannot do this right now, and nothing was done; repeat it later."""
