"""Error responses in the form that GraphQL clients expect, for any path."""

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

_GRAPHQL_JSON = "application/graphql-response+json"


def error_answer(request: Request, status: int, message: str, code: str) -> Response:
    """`{"errors": [{"message", "extensions": {"code"}}]}`, in GraphQL's own media type if that is accepted."""
    accepted = request.headers.get("accept", "")
    media_type = _GRAPHQL_JSON if _GRAPHQL_JSON in accepted else "application/json"
    content = {"errors": [{"message": message, "extensions": {"code": code}}]}
    return Response(orjson.dumps(content), status, media_type=media_type)


def http_error(request: Request, error: Exception) -> Response:
    """Responses to Starlette's own errors: unknown paths and unsupported methods."""
    assert isinstance(error, HTTPException)
    sentences = {
        404: f"There is nothing at {request.url.path[:200]}; the API is at /graphql.",
        405: f"{request.url.path[:200]} does not take {request.method}; the API is at /graphql.",
    }
    answer = error_answer(request, error.status_code, sentences.get(error.status_code, error.detail), "BAD_USER_INPUT")
    answer.headers.update(error.headers or {})
    return answer


def client_gone(_: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette passes both
    """A response that no client reads: it disconnected before its request was complete. The status is NGINX's."""
    return Response(status_code=499)


def server_error(request: Request, _: Exception) -> Response:
    """Response to a bug: it names only the request ID, under which the log has the traceback."""
    request_id = request_id_of(request.scope)
    message = f"Something went wrong on the server. The request id {request_id} finds it in the server's log."
    answer = error_answer(request, 500, message, "INTERNAL_SERVER_ERROR")
    answer.headers["x-request-id"] = request_id
    return answer


def request_id_of(scope: Scope) -> str:
    """The ID that `app.web.middleware.RequestId` gave the request."""
    return str(scope.get("eev.request_id", "unknown"))
