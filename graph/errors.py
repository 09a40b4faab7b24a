"""Maps errors to responses: expected refusals to `userErrors`, all others to top-level errors with a code.

Rejected, by a mutation           `userErrors` of its payload, see `graph.mutations.payload`
Rejected, by anything else        BAD_USER_INPUT
BadUserInput, GraphQL's own       BAD_USER_INPUT
Unauthenticated                   UNAUTHENTICATED
Forbidden                         FORBIDDEN
RateLimited                       RATE_LIMITED, with retryAfterSeconds
Unavailable, DatabaseUnavailable  UNAVAILABLE, with retryable: true
NotDecrypted                      NOT_DECRYPTED: a stored secret or credential that the keys given do not open
a limit of `graph.limits`         QUERY_TOO_COMPLEX
an id of `graph.persisted`        PERSISTED_QUERY_NOT_FOUND, PERSISTED_QUERY_NOT_SUPPORTED or FORBIDDEN
anything else                     INTERNAL_SERVER_ERROR: masked, and logged with its traceback under an id
"""

import math
import re
import secrets
from collections.abc import Sequence
from typing import Any

import structlog
from graphql import GraphQLError, GraphQLFormattedError
from strawberry.exceptions import MissingQueryError, StrawberryInputCoercionError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from app.database.errors import DatabaseUnavailable, in_own_words
from app.encryption import NotDecrypted
from app.errors import Forbidden, RateLimited, Rejected, Unauthenticated, Unavailable
from graph import enums

BAD_USER_INPUT = "BAD_USER_INPUT"
QUERY_TOO_COMPLEX = "QUERY_TOO_COMPLEX"

_log = structlog.get_logger("graph")

UNAUTHENTICATED = "UNAUTHENTICATED"
_CODES = {Unauthenticated: UNAUTHENTICATED, Forbidden: "FORBIDDEN", RateLimited: "RATE_LIMITED"}
# The part of graphql-core's messages that repeats input: it may hold a token or a password, and clients' monitoring
# stores errors.
_REPEATED_INPUT = re.compile(
    r"([,;] found: |(?<=\?) Found: |(?<=String cannot represent a non string value): ).*", re.DOTALL
)
_UNKNOWN_VALUE = re.compile(r"does not exist in '(\w+)' enum\.\Z")
_GRAPHQL_ITSELF = (
    MissingQueryError,
    CannotGetOperationTypeError,
    InvalidOperationTypeError,
    StrawberryInputCoercionError,
)


class BadUserInput(Exception):
    """An invalid argument; the message names the argument, its value and what would be accepted."""


def explain(errors: Sequence[GraphQLError]) -> None:
    """Set the code of each error in place, and mask bugs. Idempotent."""
    for error in errors:
        if "code" not in (error.extensions or {}):
            error.message, error.extensions = _explained(error)


def formatted(error: Exception) -> GraphQLFormattedError:
    """An exception raised outside GraphQL's execution, as an entry of `errors`."""
    located = error if isinstance(error, GraphQLError) else GraphQLError(str(error), original_error=error)
    explain([located])
    return located.formatted


def _explained(error: GraphQLError) -> tuple[str, dict[str, Any]]:
    cause = _cause(error)
    if isinstance(cause, Exception):
        cause = in_own_words(cause)
    if isinstance(cause, (Unauthenticated, Forbidden)):
        return str(cause), {"code": _CODES[type(cause)]}
    if isinstance(cause, RateLimited):
        return str(cause), {"code": _CODES[RateLimited], "retryAfterSeconds": math.ceil(cause.retry_after_seconds)}
    if isinstance(cause, (Unavailable, DatabaseUnavailable)):
        return _unavailable(cause)
    if isinstance(cause, NotDecrypted):
        return str(cause), {"code": "NOT_DECRYPTED"}
    if isinstance(cause, (BadUserInput, Rejected)):
        return str(cause), {"code": BAD_USER_INPUT}
    if isinstance(cause, _GRAPHQL_ITSELF) or (cause is None and _is_about_the_request(error)):
        return _without_input(error.message), {"code": BAD_USER_INPUT}
    return _masked(error, cause)


def _is_about_the_request(error: GraphQLError) -> bool:
    """Whether GraphQL itself refused the request, rather than the result of a resolver.

    All but one kind is found before execution: a variable with a default may be null although an argument must not.
    """
    return error.path is None or error.message.startswith("Argument '")


def _without_input(message: str) -> str:
    kept = _REPEATED_INPUT.sub("", message)
    return _with_values(kept) if kept == message or kept.endswith("?") else f"{kept}."


def _with_values(message: str) -> str:
    """The message about an unknown value of an enum, with the values it has unless graphql-core names the nearest."""
    found = _UNKNOWN_VALUE.search(message)
    enum = getattr(enums, found[1], None) if found else None
    return message if enum is None else f"{message} Its values are {', '.join(enum)}."


def _cause(error: GraphQLError) -> BaseException | None:
    """The original exception, or None for errors that GraphQL itself found in the request."""
    cause: BaseException | None = error
    while isinstance(cause, GraphQLError) and not isinstance(cause, StrawberryInputCoercionError):
        cause = cause.original_error
    return cause


def _unavailable(cause: Unavailable | DatabaseUnavailable) -> tuple[str, dict[str, Any]]:
    message = str(cause)
    if isinstance(cause, DatabaseUnavailable):  # the message names internal hosts
        _log.warning("graph.database_unavailable", reason=message)
        message = "The database cannot be reached right now. Try again shortly."
    return message, {"code": "UNAVAILABLE", "retryable": True}


def _masked(error: GraphQLError, cause: BaseException | None) -> tuple[str, dict[str, Any]]:
    error_id = f"err_{secrets.token_hex(8)}"
    _log.error("graph.failed", error_id=error_id, path=error.path, exc_info=cause or error)
    message = f"Something went wrong on the server. The id {error_id} finds it in the server's log."
    return message, {"code": "INTERNAL_SERVER_ERROR", "errorId": error_id}
