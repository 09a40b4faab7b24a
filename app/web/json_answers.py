"""What the HTTP endpoints beside /graphql share: who calls, and answers and refusals as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import GraphQLFormattedError
from starlette.requests import Request
from starlette.responses import Response

from app.access.caller import Caller
from app.database.errors import DatabaseError
from app.errors import AccessDenied, Rejected, Unavailable
from app.resources import Resources
from graph.credentials import credential, note_authenticated
from graph.errors import BadUserInput, formatted
from graph.http import JSON, STATUS_BY_CODE, address_of, encode, hint

# What an endpoint answers with `refusal`.
REFUSALS = (BadUserInput, AccessDenied, Unavailable, DatabaseError)
_RETRY_SECONDS = 1


async def counted_caller(resources: Resources, request: Request) -> Caller:
    """The caller of a request, which counts against the rate of its key.

    Raises:
        AccessDenied: the credentials are not valid, or the rate is exceeded.
    """
    caller = await resources.authenticator.authenticate(credential(request), address_of(request))
    note_authenticated(request)
    if caller.api_key_id is not None:
        resources.rates.requests.take(caller.api_key_id)
    return caller


def json_answer(content: Mapping[str, Any], status: int = 200) -> Response:
    """An answer with a JSON object."""
    return Response(encode(content), status, media_type=JSON)


def refusal(error: Exception) -> Response:
    """The answer to a request that is refused with one of `REFUSALS`."""
    shown: GraphQLFormattedError = formatted(error)
    status = STATUS_BY_CODE.get(shown.get("extensions", {}).get("code", ""), 400)
    response = json_answer({"errors": [shown]}, status)
    hint(response, [shown])
    if status in {429, 503}:
        response.headers.setdefault("retry-after", str(_RETRY_SECONDS))
    return response


def problems(error: Rejected) -> Sequence[Mapping[str, Any]]:
    """The problems of an input as entries of `errors`, each with its path in the input."""
    return [
        {"message": problem.message, "path": problem.path, "extensions": {"code": problem.code}}
        for problem in error.problems
    ]
