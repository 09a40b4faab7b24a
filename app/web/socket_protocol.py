"""Uvicorn's protocol for WebSockets, without an error in the log for each socket that is refused.

Uvicorn takes only an accepted or closed socket for an answered one. It logs one that was answered with an HTTP response
(such as 503) as an error of the application, once for each, as fast as strangers open them.
"""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class AnsweredSockets(WebSocketsSansIOProtocol):
    """The protocol, to which a whole HTTP response completes the handshake."""

    async def send(self, message: Any) -> None:
        """Send a message of the application."""
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True
