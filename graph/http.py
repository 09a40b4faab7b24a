"""GraphQL over HTTP: parses requests, and chooses media type and status of responses. Knows no schema.

Source: the GraphQL-over-HTTP specification (graphql.github.io/graphql-over-http). A POST must be JSON, and a
GET changes nothing, so no form or image of another site can make a browser cause changes.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from app.errors import Unauthenticated
from app.trace_context import TraceContext, parse_trace_context
from graph.errors import BadUserInput

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"
SUPPORTED = (JSON, GRAPHQL_JSON, EVENT_STREAM)

METHODS = ("GET", "POST")
_DIGITS_AS_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_MANY_DIGITS = b"0" * 19
_TEXTS_OF_A_URL = ("query", "operationName", "documentId")
_EXPECTED = 'a JSON object such as {"query": "{ viewer { scopes } }", "variables": {}}'

# Of refused requests, by the code of the error; for others it is 400.
STATUS_BY_CODE = {"UNAUTHENTICATED": 401, "FORBIDDEN": 403, "RATE_LIMITED": 429, "UNAVAILABLE": 503}


class BadRequest(BadUserInput):
    """An invalid GraphQL request, with its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of a GraphQL request."""

    query: str
    """The text; "" if `document_id` names it."""
    variables: dict[str, Any] | None
    operation_name: str | None
    extensions: dict[str, Any] | None
    document_id: str | None = None

    def with_text(self, text: str) -> "Asked":
        """The same with the text that its ID names."""
        return Asked(text, self.variables, self.operation_name, self.extensions, self.document_id)


async def read(request: Request) -> Asked:
    """Parse a GET or POST request.

    Raises:
        BadRequest: it is not a GraphQL request.
    """
    if request.method == "GET":
        return asked(_from_url(request.query_params))
    if request.method != "POST":
        raise BadRequest(405, f"GraphQL is asked by POST, or by GET for queries, not by {request.method}.")
    _require_json(request.headers.get("content-type", ""))
    return asked(_parsed("body", await request.body(), f" Send {_EXPECTED}."))


def asked(parameters: Any) -> Asked:
    """The parameters of a request, with their types checked.

    Raises:
        BadRequest: one is missing, or of another type.
    """
    if not isinstance(parameters, dict):
        message = f"The body must be {_EXPECTED}, but is {_kind(parameters)}; batches are not supported."
        raise BadRequest(400, message)
    extensions = _optional(parameters, "extensions", dict)
    named = extensions or "documentId" in parameters
    document_id = _document_id(_optional(parameters, "documentId", str), extensions or {}) if named else None
    query = parameters.get("query")
    if query is None and document_id:
        query = ""
    if not isinstance(query, str) or not (query.strip() or document_id):
        what = "missing" if query is None else "empty" if isinstance(query, str) else _kind(query)
        raise BadRequest(400, f"The parameter query must be the text of a GraphQL operation, but is {what}.")
    return Asked(
        query=query,
        variables=_optional(parameters, "variables", dict),
        operation_name=_optional(parameters, "operationName", str),
        extensions=extensions,
        document_id=document_id,
    )


def bearer_token(header: Any) -> str:
    """The key or token in an Authorization header; "" without one.

    Raises:
        Unauthenticated: it is of another kind.
    """
    if header is None or header == "":
        return ""
    scheme, _, token = header.partition(" ") if isinstance(header, str) else ("", "", "")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("The Authorization must read `Bearer <key>`.")
    return token.strip()


@lru_cache(maxsize=256)
def preferences(accept: str) -> tuple[str, ...]:
    """The supported media types that a client accepts, best first; JSON if it names none.

    A wildcard stands for JSON, which every client reads.
    """
    ranked: dict[str, float] = {}
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        name = JSON if name in {"*/*", "application/*"} else name
        if name in SUPPORTED:
            ranked[name] = max(ranked.get(name, 0.0), _quality(parameters))
    best = sorted((name for name in ranked if ranked[name] > 0), key=lambda name: -ranked[name])
    return tuple(best) or (JSON,)


def media_type(accept: str) -> str:
    """Media type of a response with a single document."""
    return next((name for name in preferences(accept) if name != EVENT_STREAM), JSON)


def status_of(errors: Sequence[Mapping[str, Any]], accept: str) -> int:
    """Status of a response without data: 200 for plain JSON, because older clients ignore the body otherwise."""
    if preferences(accept)[0] == JSON:
        return 200
    return STATUS_BY_CODE.get(errors[0].get("extensions", {}).get("code", ""), 400)


def answer(content: Mapping[str, Any], status: int, accept: str) -> Response:
    """A response that holds one JSON document."""
    response = Response(encode(content), status, media_type=f"{media_type(accept)}; charset=utf-8")
    hint(response, content.get("errors") or ())
    if status == 405:
        response.headers["allow"] = ", ".join(METHODS)
    return response


def hint(response: Response, errors: Sequence[Mapping[str, Any]]) -> None:
    """Say in the headers of a response when to try again, and how to authenticate."""
    waits = [error["extensions"]["retryAfterSeconds"] for error in errors if "retryAfterSeconds" in error["extensions"]]
    if waits:
        response.headers["retry-after"] = str(max(waits))
    if response.status_code == 401:
        response.headers["www-authenticate"] = "Bearer"


def address_of(connection: HTTPConnection) -> str | None:
    """The client's address; behind a trusted proxy, that of the proxy's client: see `app.web.application`."""
    return connection.client.host if connection.client else None


def trace_of(headers: Headers) -> TraceContext | None:
    """The trace that a request belongs to, if its headers name one."""
    if "traceparent" not in headers:
        return None
    return parse_trace_context(headers.getlist("traceparent"), headers.getlist("tracestate"))


def encode(content: object) -> bytes:
    """JSON in UTF-8."""
    return orjson.dumps(content, default=_plain)


def decode(text: str | bytes) -> Any:
    """The value of a JSON text; whole numbers of any length are exact.

    Raises:
        orjson.JSONDecodeError: it is not JSON (a subclass of `json.JSONDecodeError`).
    """
    value = orjson.loads(text)
    encoded = text.encode() if isinstance(text, str) else text
    # orjson rounds whole numbers beyond 64 bits, which have 19 digits or more, to floats.
    if _MANY_DIGITS in encoded.translate(_DIGITS_AS_ZEROS):
        with suppress(RecursionError):  # so deep that it is refused anyway
            value = json.loads(encoded)
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):  # schemas of event types are read-only views
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON.")


def _from_url(parameters: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: parameters[name] for name in _TEXTS_OF_A_URL if name in parameters}
    for name in ("variables", "extensions"):
        if parameters.get(name):
            found[name] = _parsed(f"parameter {name}", parameters[name])
    return found


def _parsed(what: str, text: str | bytes, hint: str = "") -> Any:
    try:
        return decode(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest(400, f"The {what} is not JSON: {error}.{hint}") from None


def _require_json(content_type: str) -> None:
    name, *parameters = (piece.strip().lower() for piece in content_type.split(";"))
    charsets = [
        value.strip('"') for piece in parameters for key, _, value in [piece.partition("=")] if key == "charset"
    ]
    if name != JSON or any(charset not in {"utf-8", "utf8"} for charset in charsets):
        shown = f"is {content_type[:100]}" if content_type else "is missing"
        message = f"The content-type of a POST must be application/json, in UTF-8, but {shown}. Send {_EXPECTED}."
        raise BadRequest(415, message)


def _optional(parameters: Mapping[str, Any], name: str, type_: type[Any]) -> Any:
    value = parameters.get(name)
    if value is None or isinstance(value, type_):
        return value
    wanted = "a string" if type_ is str else "an object"
    raise BadRequest(400, f"The parameter {name} must be {wanted} or null, but is {_kind(value)}.")


def _document_id(given: str | None, extensions: Mapping[str, Any]) -> str | None:
    """The ID of the document, by GraphQL over HTTP or by Apollo's protocol; a SHA-256 without its prefix."""
    if given:
        return given.removeprefix("sha256:")
    persisted = extensions.get("persistedQuery")
    if persisted is None:
        return None
    document_id = persisted.get("sha256Hash") if isinstance(persisted, dict) and persisted.get("version") == 1 else None
    if isinstance(document_id, str) and document_id:
        return document_id
    raise BadRequest(400, 'The extension persistedQuery must read {"version": 1, "sha256Hash": "…"}.')


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _kind(value: Any) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "an object"}
    return names.get(type(value), "null")
