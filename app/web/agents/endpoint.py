"""The ASGI application at /mcp: admits a request as /graphql does, then leaves it to the protocol.

It takes keys and access tokens in the Authorization header only. A page cannot know one, so a browser that was led here
by another site or a rebound name can do nothing; a request with an Origin is refused besides, unless CORS_ORIGINS
lists it. Agents are programs and send no Origin.
"""

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.database.errors import DatabaseError
from app.errors import AccessDenied, Forbidden, Unauthenticated, Unavailable
from app.resources import Resources
from graph.context import Context
from graph.credentials import note_authenticated
from graph.errors import formatted
from graph.http import STATUS_BY_CODE, address_of, bearer_token, encode, hint
from graph.loaders import Loaders
from graph.schema import Schema

if TYPE_CHECKING:
    from app.web.agents.protocol import Protocol

# JSON-RPC's range for errors that a server defines.
_REFUSED = -32000


class Endpoint:
    """Answers requests of the Model Context Protocol, each by itself: nothing of a client is kept between them, so that
    any server of an installation can answer the next.
    """

    def __init__(self, resources: Resources, schema: Schema) -> None:
        self._resources = resources
        self._schema = schema
        self._protocol: Protocol | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            context = await self._admitted(Request(scope))
        except (AccessDenied, Unavailable, DatabaseError) as error:
            await _refusal(error)(scope, receive, send)
            return
        protocol = self._protocol
        if protocol is None:
            protocol = self._protocol = await asyncio.to_thread(self._load)
        await protocol.answer(context, scope, receive, send)

    def _load(self) -> "Protocol":
        made: Protocol = import_module("app.web.agents.protocol").Protocol(self._resources.settings, self._schema)
        return made

    async def _admitted(self, request: Request) -> Context:
        """The context of a caller who may ask.

        Raises:
            AccessDenied: the caller may not, or not now.
        """
        _require_origin(request.headers, self._resources.settings.cors_origins)
        resources = self._resources
        context = Context(resources, Loaders.of_nobody(resources), address_of(request))
        token = bearer_token(request.headers.get("authorization"))
        if not token:
            raise Unauthenticated("Send an API key or access token as `Authorization: Bearer …`.")
        await context.authenticate(token)
        note_authenticated(request)
        context.count()
        return context


def _require_origin(headers: Headers, allowed: tuple[str, ...]) -> None:
    origin = headers.get("origin")
    if origin is not None and origin not in allowed and "*" not in allowed:
        raise Forbidden("Pages of this origin may not use /mcp; add the origin to CORS_ORIGINS if they should.")


def _refusal(error: Exception) -> Response:
    """The response to a request that is not admitted, as JSON-RPC's error of no request."""
    told = formatted(error)
    extensions = told.get("extensions", {})
    status = STATUS_BY_CODE.get(str(extensions.get("code")), 400)
    content = {
        "jsonrpc": "2.0",
        "id": None,
        "error": {"code": _REFUSED, "message": told["message"], "data": extensions},
    }
    response = Response(encode(content), status, media_type="application/json")
    hint(response, [told])
    return response
