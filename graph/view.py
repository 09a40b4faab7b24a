"""The ASGI application at /graphql: POST and GET return one document, SSE and graphql-transport-ws a stream.

Without a valid key, nothing of a request is parsed or run.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from datetime import timedelta
from functools import partial
from typing import Any

from graphql import GraphQLError, GraphQLFormattedError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.asgi import GraphQL
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.schema.schema import StreamResult
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType
from strawberry.types.unset import UNSET, UnsetType

from app.database.errors import DatabaseError
from app.errors import AccessDenied, Unavailable
from app.resources import Resources
from graph import http
from graph.context import Context
from graph.credentials import credential, note_authenticated, own_session
from graph.errors import formatted
from graph.http import Asked, BadRequest
from graph.loaders import Loaders
from graph.pending_sockets import PendingSockets
from graph.schema import Schema
from graph.sockets import SocketHandler, admit
from graph.sse import EventStream
from graph.turns import PAUSE_FACTOR, Turns
from graph.waiting import values_until

# An idle socket holds a connection and a task.
CONNECTION_INIT_TIMEOUT = timedelta(seconds=10)

_BY_GET = frozenset({OperationType.QUERY})
_BY_POST = frozenset({OperationType.QUERY, OperationType.MUTATION})


class GraphQLView(GraphQL[Context, None]):
    """The ASGI application of the API."""

    schema: Schema
    graphql_transport_ws_handler_class = SocketHandler

    def __init__(self, resources: Resources) -> None:
        settings = resources.settings
        super().__init__(
            Schema(settings),
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=CONNECTION_INIT_TIMEOUT,
            max_subscriptions_per_connection=settings.max_operations_per_socket,
            allowed_origins=settings.cors_origins,
        )
        self._resources = resources
        self._pending = PendingSockets(settings.max_pending_sockets, settings.max_pending_sockets_per_address)
        self._beginning = Turns(PAUSE_FACTOR)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._serve_socket(WebSocket(scope, receive, send))
        else:
            answer = await self._answer(Request(scope, receive))
            await answer(scope, receive, send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:  # noqa: ARG002
        """The context of a request or socket before authentication."""
        context = Context(self._resources, Loaders.of_nobody(self._resources), http.address_of(request))
        context.trace = http.trace_of(request.headers)
        if isinstance(request, WebSocket):
            context.session = own_session(request)
            context.leave = partial(self._pending.leave, request.state.place)
            context.turn = self._beginning.turn
        return context

    async def on_ws_connect(self, context: Context) -> UnsetType | dict[str, object] | None:
        """Authenticate a socket; the handler closes it if this raises."""
        context.leave()
        if context.turn is not None:
            await context.turn()
        await admit(context)
        unset: UnsetType = UNSET
        return unset

    def encode_json(self, data: object) -> str:
        """JSON as text, because bytes would be sent in binary frames, which clients do not read."""
        return http.encode(data).decode()

    def decode_json(self, data: str | bytes) -> object:
        """The value of a JSON text; raises a `json.JSONDecodeError`."""
        return http.decode(data)

    async def _serve_socket(self, websocket: WebSocket) -> None:
        """Serve a socket, unless too many have not authenticated yet."""
        await self._pending.turn()  # first, so that a place's time does not run while the server is busy
        closing: set[asyncio.Task[None]] = set()

        def evict() -> None:
            self._resources.metrics.socket_refused("evicted")
            _evict(websocket, closing)

        place = self._pending.enter(http.address_of(websocket), evict)
        if place is None:
            self._resources.metrics.socket_refused("busy")
            errors = [formatted(Unavailable("Too many sockets wait for connection_init. Try again shortly."))]
            refusal = http.answer({"errors": errors}, 503, http.JSON)
            refusal.headers["retry-after"] = "1"
            await websocket.send_denial_response(refusal)
            return
        try:
            websocket.state.place = place
            await self.run(websocket)
        finally:
            self._pending.leave(place)

    async def _answer(self, request: Request) -> ASGIApp:
        accept = request.headers.get("accept", "")
        try:
            context = await self.get_context(request, Response())
            await context.authenticate(credential(request))
            note_authenticated(request)
            context.count()
            asked = await http.read(request)
            return await self._run(asked, context, request.method, accept)
        except BadRequest as error:
            return http.answer({"errors": [formatted(error)]}, error.status, accept)
        except (AccessDenied, Unavailable, DatabaseError) as error:
            errors = [formatted(error)]
            return http.answer({"errors": errors}, http.status_of(errors, accept), accept)

    async def _run(self, asked: Asked, context: Context, method: str, accept: str) -> ASGIApp:
        allowed = _BY_GET if method == "GET" else _BY_POST
        try:
            asked = self.schema.resolve(asked)
        except GraphQLError as error:
            return _refused(formatted(error), accept)
        if self._streams(asked, accept):
            results = _documents(await self._stream(asked, context, allowed | {OperationType.SUBSCRIPTION}))
            return EventStream(_while_admitted(results, context))
        try:
            result = await self.schema.execute(
                asked.query,
                variable_values=asked.variables,
                context_value=context,
                operation_name=asked.operation_name,
                allowed_operation_types=allowed,
                operation_extensions=asked.extensions,
            )
        except CannotGetOperationTypeError as error:
            raise BadRequest(http.status_of([{}], accept), error.as_http_error_reason()) from None
        except InvalidOperationTypeError as error:
            raise _not_allowed(error, method) from None
        document = _document(result)
        status = 200 if "data" in document else http.status_of(document["errors"], accept)
        return http.answer(document, status, accept)

    async def _stream(self, asked: Asked, context: Context, allowed: frozenset[OperationType]) -> StreamResult:
        return await self.schema.stream(
            asked.query,
            variable_values=asked.variables,
            context_value=context,
            operation_name=asked.operation_name,
            allowed_operation_types=allowed,
            operation_extensions=asked.extensions,
        )

    def _streams(self, asked: Asked, accept: str) -> bool:
        """Whether to answer with a stream: if the client prefers it, or if it is required and accepted."""
        preferences = http.preferences(accept)
        return http.EVENT_STREAM in preferences and (
            preferences[0] == http.EVENT_STREAM
            or self.schema.documents.is_subscription(asked.query, asked.operation_name)
        )


def _evict(websocket: WebSocket, closing: set[asyncio.Task[None]]) -> None:
    """Close a socket to give its place to another; `closing` keeps the task, because the loop itself does not."""
    closing.add(asyncio.create_task(_close(websocket)))


async def _close(websocket: WebSocket) -> None:
    with suppress(RuntimeError, WebSocketDisconnect):  # it has ended meanwhile
        await websocket.close(4408, "No connection_init came while many sockets were waiting.")


async def _documents(results: StreamResult) -> AsyncGenerator[Mapping[str, Any], None]:
    async with aclosing(results):
        async for result in results:
            assert isinstance(result, ExecutionResult)  # nothing is deferred
            yield _document(result)


async def _while_admitted(
    documents: AsyncGenerator[Mapping[str, Any], None], context: Context
) -> AsyncGenerator[Mapping[str, Any], None]:
    """The same documents; once the credentials are no longer valid, an error that says so ends them."""
    streams = context.resources.open_streams
    with streams.held(context.token, context.source_address) as denied:
        async with aclosing(values_until(documents, denied)) as admitted:
            async for document in admitted:
                yield document
        if denied.done():
            yield {"errors": [formatted(denied.result())]}


def _refused(error: GraphQLFormattedError, accept: str) -> ASGIApp:
    """The response to an operation that is not run, as a stream if the client prefers that."""
    document = {"errors": [error]}
    if http.preferences(accept)[0] != http.EVENT_STREAM:
        return http.answer(document, http.status_of(document["errors"], accept), accept)

    async def results() -> AsyncGenerator[Mapping[str, Any], None]:
        yield document

    return EventStream(results())


def _document(result: ExecutionResult) -> dict[str, Any]:
    """A result in GraphQL's JSON form, without `data` if the operation was not run."""
    document: dict[str, Any] = {}
    if result.errors:
        document["errors"] = [error.formatted for error in result.errors]
    if result.data is not None or any(error.path for error in result.errors or ()):
        document["data"] = result.data
    if result.extensions:
        document["extensions"] = result.extensions
    return document


def _not_allowed(error: InvalidOperationTypeError, method: str) -> BadRequest:
    if error.operation_type is OperationType.SUBSCRIPTION:
        message = (
            "Subscriptions are answered as a stream: send `Accept: text/event-stream`, or use graphql-transport-ws."
        )
        return BadRequest(400, message)
    return BadRequest(405, f"A {error.operation_type.value} cannot be sent by {method}; send it by POST.")
