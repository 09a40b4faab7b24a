"""aiohttp's client connection, made strict for a receiver that may be hostile, and a request that is sent once.

Protocol    takes one answer for each request, after a bounded number of interim ones; anything else ends the connection
            (what follows a 204 is dropped)
Answer      notes how far the exchange has come
send_once   keeps aiohttp from sending a request again
"""

from typing import cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http import RawResponseMessage
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import StreamReader

from app.sender.exchange import current_exchange

# Early hints come one or two at a time (RFC 8297). aiohttp would read them without end and queue them without bound, a
# hundred megabytes in seconds on loopback.
_MAX_INTERIM_ANSWERS = 16


# Ends with its headers, whatever they say of a body (RFC 9112, 6.3).
_NO_CONTENT = (b"HTTP/1.1 204 ", b"HTTP/1.0 204 ")
_END_OF_HEADERS = b"\r\n\r\n"


class UnexpectedAnswer(HttpProcessingError):
    """An answer to nothing, or one interim answer too many."""


class ConnectionLost(aiohttp.ClientError):
    """The connection ended before there was an answer."""

    def __init__(self, *, was_reset: bool) -> None:
        super().__init__()
        self.was_reset = was_reset


class Protocol(ResponseHandler):
    """Ends the connection when an answer comes that was not asked for.

    What arrives on an idle connection would otherwise wait there, without bound, and be taken for the answer to the
    next request.
    """

    _answers_left = 0

    def expect_answer(self) -> None:
        """Let one answer through: called for each request that is sent."""
        self._answers_left = _MAX_INTERIM_ANSWERS + 1

    def data_received(self, data: bytes) -> None:
        """Take what arrived (called by asyncio), without the body that some receivers send after a 204.

        aiohttp would read it as a second answer, fail, and lose the first. It is dropped together with its connection,
        so nothing of it can become the answer to a later request.
        """
        if self._answers_left and data.startswith(_NO_CONTENT):
            headers, end, body = data.partition(_END_OF_HEADERS)
            if body:
                self.force_close()
                data = headers + end
        super().data_received(data)

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """Take one parsed answer (called by aiohttp)."""
        if not self._answers_left:
            self.set_exception(UnexpectedAnswer())
            if self.transport is not None:
                self.transport.close()
            return
        is_interim = 100 <= data[0].code < 200 and data[0].code != 101
        self._answers_left = self._answers_left - 1 if is_interim else 0
        super().feed_data(data, size)


class Answer(aiohttp.ClientResponse):
    """Notes how far the exchange has come: nothing else sees the connection before it may be back in the pool."""

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        """Wait for the headers (called by aiohttp once the request is on its way)."""
        protocol = cast(Protocol, connection.protocol)
        exchange = current_exchange.get()
        # A receiver that resets at once leaves no transport, or one that has no peer any more.
        peer = connection.transport and connection.transport.get_extra_info("peername")
        if peer:
            exchange.remote_address = peer[0]
        exchange.kept_connection = not exchange.tried
        exchange.connected_after = exchange.elapsed()
        connection.add_callback(lambda: None if exchange.may_keep() else protocol.force_close())
        protocol.expect_answer()
        await super().start(connection)
        exchange.headers_after = exchange.elapsed()
        return self


async def send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a PUT again by itself after a kept connection broke. A middleware of aiohttp.

    It does so for the two exceptions caught last (`retry_persistent_connection` in its client), so they go on under a
    name that it does not know.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise  # nothing was sent, and aiohttp lets it be
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise ConnectionLost(was_reset=isinstance(error, aiohttp.ClientOSError)) from error
