"""How long the parts of one attempt took, and the few bytes stored about it. Pure."""

from typing import NamedTuple

from app.sender.exchange import Exchange

_REUSED = "r"


class Timing(NamedTuple):
    """Durations in whole microseconds; None for a part that did not occur, or that the attempt did not complete.

    Attributes:
        resolve: looking up the host's name.
        connect: from then until there was a TCP connection.
        tls: the TLS handshake.
        send: handing the request to the operating system.
        first_byte: from then until the head of the response arrived.
        connection_reused: whether the connection had served an earlier request.
    """

    resolve: int | None = None
    connect: int | None = None
    tls: int | None = None
    send: int | None = None
    first_byte: int | None = None
    connection_reused: bool = False

    def packed(self) -> str:
        """The same as text of about 15 characters."""
        parts = (self.resolve, self.connect, self.tls, self.send, self.first_byte)
        durations = ",".join("" if part is None else str(part) for part in parts)
        return durations + _REUSED * self.connection_reused


def timing_of(exchange: Exchange) -> Timing:
    """The measurements of an exchange."""
    ready = exchange.secured or exchange.connected
    return Timing(
        resolve=_between(exchange.resolving, exchange.resolved),
        connect=_between(exchange.resolved or exchange.started, exchange.connected),
        tls=_between(exchange.connected, exchange.secured),
        send=_between(exchange.started if exchange.kept_connection else ready, exchange.sent),
        first_byte=_between(exchange.sent, exchange.headers_came),
        connection_reused=exchange.kept_connection,
    )


def unpacked(text: str | None) -> Timing:
    """The inverse of `packed`; without a text, nothing is known of the attempt."""
    if text is None:
        return Timing()
    resolve, connect, tls, send, first_byte = (
        int(part) if part else None for part in text.removesuffix(_REUSED).split(",")
    )
    return Timing(resolve, connect, tls, send, first_byte, text.endswith(_REUSED))


def _between(begin: float | None, end: float | None) -> int | None:
    return None if begin is None or end is None else max(0, round((end - begin) * 1_000_000))
