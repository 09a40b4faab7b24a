"""graphql-transport-ws: the messages that a socket accepts, and its close codes.

Source: github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md

    4400  a message that the protocol does not have
    4401  no key, or an operation before connection_init
    4403  a key that is not valid or not from this address, or that was revoked or expired since
    4408  no connection_init in time
    4429  a second connection_init
    1013  retry later: too many requests, or no database
"""

import asyncio
from contextlib import ExitStack, suppress
from typing import Any

from graphql import GraphQLError, GraphQLFormattedError
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    Message,
    SubscribeMessage,
)

from app.database.errors import DatabaseError
from app.errors import AccessDenied, Forbidden, RateLimited, Unauthenticated, Unavailable
from graph.context import Context
from graph.errors import QUERY_TOO_COMPLEX, UNAUTHENTICATED, formatted
from graph.http import BadRequest, asked, bearer_token
from graph.schema import Schema

# Room for the reason in a close frame (RFC 6455, 5.5), in bytes.
_MAX_REASON = 123


class NoKey(Exception):
    """The payload of connection_init has no Authorization."""


async def admit(context: Context) -> None:
    """Authenticate a socket with the key in the payload of connection_init.

    Raises:
        NoKey: there is none.
        Unauthenticated: it is not valid.
        Forbidden: it may not be used from this address.
        RateLimited: too many requests were made with it.
    """
    payload = context.connection_params or {}
    token = bearer_token(payload.get("Authorization", payload.get("authorization"))) or context.session
    if not token:
        raise NoKey("Give a key in connection_init: {Authorization: Bearer <key>}.")
    await context.authenticate(token)
    context.count()


class SocketHandler(BaseGraphQLTransportWSHandler[Context, None]):
    """Strawberry's handler with authentication, limits with clear messages, and validation of messages."""

    schema: Schema
    _while_open: ExitStack
    _is_held = False
    _ending: asyncio.Task[None] | None = None

    async def handle(self) -> None:
        """Serve the socket until it is closed."""
        with ExitStack() as self._while_open:
            await super().handle()

    async def handle_message(self, message: Message) -> None:
        """Handle one message; close the socket (4400) if it is invalid."""
        if wrong := _wrong(message):
            await self.handle_invalid_message(wrong)
        else:
            await super().handle_message(message)

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """Admit the client, or close the socket with the code that says why not."""
        if message.get("payload") is None:
            message = {"type": "connection_init", "payload": {}}
        try:
            await super().handle_connection_init(message)
        except NoKey as error:
            await self._close(4401, error)
        except (Unauthenticated, Forbidden) as error:
            await self._close(4403, error)
        except (RateLimited, Unavailable, DatabaseError) as error:
            await self._close(1013, error)
        if self.connection_acknowledged and not self._is_held:
            self._is_held = True
            streams, context = self.context.resources.open_streams, self.context
            denied = self._while_open.enter_context(streams.held(context.token, context.source_address))
            denied.add_done_callback(self._denied)

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Start an operation, unless the key may not, too many are running, or the document is unknown."""
        if self.connection_acknowledged:
            if (turn := self.context.turn) is not None:
                # Its first operation waits for its turn, as the socket has: many may have connected at once.
                self.context.turn = None
                await turn()
            try:
                await self._check()
                message = self._with_text(message)
            except Unauthenticated as error:
                await self._end(error)
                return
            except (GraphQLError, AccessDenied, DatabaseError) as refusal:
                payload: list[GraphQLFormattedError] = [formatted(refusal)]
                await self.send_message({"id": message["id"], "type": "error", "payload": payload})
                return
        await super().handle_subscribe(message)

    async def send_message(self, message: Message) -> None:
        """Send a message. If it says that the credentials are no longer valid, close the socket instead: to a client,
        an operation that ends is done, while one whose socket closes goes on with the next socket."""
        if self._ending is None and (denied := _denial(message)):
            self._ending = asyncio.create_task(self._end(denied))
        if self._ending is None:
            # A client may leave at any moment. The task that reads from the socket notices, and ends the operations.
            with suppress(WebSocketDisconnected):
                await super().send_message(message)

    async def handle_invalid_message(self, error_message: str) -> None:
        """Close the socket with the reason a message was refused."""
        await self.websocket.close(4400, _reason(error_message))

    @staticmethod
    def _get_pre_execution_close_reason(error: Any) -> None:
        """Answer a syntax error like any other error; the socket's other operations continue."""

    async def _check(self) -> None:
        await self.context.authenticate_again()
        self.context.count()
        limit = self.max_subscriptions_per_connection
        if limit is not None and len(self.operations) >= limit:
            message = (
                f"This socket runs {len(self.operations)} operations already, and at most {limit} may run at once."
            )
            raise GraphQLError(message, extensions={"code": QUERY_TOO_COMPLEX})

    def _with_text(self, message: SubscribeMessage) -> SubscribeMessage:
        """The same message with the text of a document that it names by ID."""
        query = self.schema.resolve(asked(message["payload"])).query
        return {**message, "payload": {**message["payload"], "query": query}}

    def _denied(self, denied: asyncio.Future[AccessDenied]) -> None:
        if not denied.cancelled() and self._ending is None:
            self._ending = asyncio.create_task(self._end(denied.result()))

    async def _end(self, error: AccessDenied) -> None:
        """Close a socket whose credentials are no longer valid. Its operations must not write to it afterwards."""
        for operation_id in list(self.operations):
            await self.cleanup_operation(operation_id)
        await self._close(4403, error)

    async def _close(self, code: int, error: Exception) -> None:
        unavailable = isinstance(error, (Unavailable, DatabaseError))
        if unavailable:
            formatted(error)  # for the log
        words = "The server cannot tell right now; try again." if unavailable else str(error)
        await self.websocket.close(code, _reason(words))


def _denial(message: Any) -> Unauthenticated | None:
    """The reason, if a message of an operation says that the credentials are no longer valid."""
    payload = message.get("payload")
    errors = payload.get("errors") if isinstance(payload, dict) else payload if message["type"] == "error" else None
    for error in errors or ():
        if error.get("extensions", {}).get("code") == UNAUTHENTICATED:
            return Unauthenticated(error["message"])
    return None


def _wrong(message: Any) -> str | None:
    """The error in the form of a message; unknown types are left to Strawberry."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return "A message must be a JSON object with a type."
    if message["type"] not in {"subscribe", "complete"}:
        return None
    if not isinstance(message.get("id"), str) or not message["id"]:
        return f"A {message['type']} message must have an id, which is a string."
    if message["type"] == "subscribe":
        try:
            asked(message.get("payload"))
        except BadRequest as error:
            return str(error)
    return None


def _reason(text: str) -> str:
    return text.encode()[:_MAX_REASON].decode(errors="ignore")
