"""Uvicorn's protocol for WebSockets, without two of its faults.

Uvicorn takes only an accepted or closed socket for an answered one. It logs one that was answered with an HTTP response
(such as 503) as an error of the application, once for each, as fast as strangers open them.

A server that stops sends a close frame on every socket. On a socket that its client is closing at that moment, this
raises an error, which ends the server before it has waited for its requests.
"""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State


class AnsweredSockets(WebSocketsSansIOProtocol):
    """The protocol, to which a whole HTTP response completes the handshake."""

    async def send(self, message: Any) -> None:
        """Send a message of the application."""
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True

    def shutdown(self) -> None:
        """Close the socket because the server stops."""
        if self.handshake_complete and self.conn.state is not State.OPEN:
            self.stop_keepalive()
            self.transport.close()
        else:
            super().shutdown()
