"""Words what went wrong with a request: the connection's exceptions in, httpx's with a sentence as their text out.

    httpx.RequestError
    ├── TransportError
    │   ├── TimeoutException      the deadline ended, or the network gave up
    │   ├── NetworkError          refused, reset, closed too early, no route
    │   │   └── ConnectError
    │   │       ├── NameUnresolved
    │   │       ├── TlsRefused
    │   │       ├── AddressBlocked
    │   │       └── ProxyUnavailable    a fault of the server's side; the receiver was not asked
    │   └── ProtocolError         the data is not HTTP, or exceeds a limit

Pure. A sentence names the host, the address and the port and nothing else of the URL, which may contain credentials. Of
the receiver's data it repeats at most the name of a header.
"""

import errno
import os
import socket
import ssl

import httpx

from app.sender.connecting import NotResolved, NotSecured
from app.sender.connection import ConnectionLost, DeadlinePassed
from app.sender.dialing import NotConnected
from app.sender.exchange import Exchange
from app.sender.proxy import NotTunneled, ProxyFailed
from app.sender.refusals import AnswerRefused

# The expected failures of a request, on either side.
EXPECTED = (
    DeadlinePassed,
    NotResolved,
    NotConnected,
    NotTunneled,
    ProxyFailed,
    NotSecured,
    ConnectionLost,
    AnswerRefused,
)


class NameUnresolved(httpx.ConnectError):
    """The host's name has no address."""


class TlsRefused(httpx.ConnectError):
    """The TLS handshake failed, or the certificate is not trusted."""


class AddressBlocked(httpx.ConnectError):
    """The guard allowed none of the host's addresses, or not the port."""


class ProxyUnavailable(httpx.ConnectError):
    """The server's egress proxy did not do its work, so the receiver was not asked."""


def failure(error: Exception, exchange: Exchange) -> httpx.RequestError:
    """Translate an exception of `EXPECTED` into httpx's."""
    match error:
        case DeadlinePassed():
            return _late(exchange)
        case NotResolved(error=OSError() as cause):
            return NameUnresolved(_unresolved(cause, exchange))
        case NotSecured(error=cause):
            return _not_secured(cause, exchange)
        case NotConnected(error=cause):
            return _not_connected(cause, exchange)
        case NotTunneled(status=status):
            return _not_tunneled(status, exchange)
        case ProxyFailed(fault=fault):
            return ProxyUnavailable(f"The server's egress proxy {fault}.")
        case ConnectionLost() if exchange.headers_came is not None:
            came = f"{exchange.body_bytes} bytes of body"
            return httpx.ReadError(f"The connection ended in the middle of the answer ({came}).")
        case ConnectionLost(was_reset=was_reset):
            kept = ", which was kept from an earlier request," if exchange.kept_connection else ""
            how = "reset" if was_reset else "closed"
            return httpx.ReadError(f"The receiver {how} the connection{kept} without an answer.")
        case _:
            return httpx.RemoteProtocolError(str(error))


def _late(exchange: Exchange) -> httpx.TransportError:
    """Say how far a request had got when its deadline ended."""
    limit = f"{exchange.timeout_seconds:g} s"
    if exchange.headers_came is not None:
        progress = (
            f"headers came after {exchange.after(exchange.headers_came):.1f} s, {exchange.body_bytes} bytes of body"
        )
        return httpx.ReadTimeout(f"The receiver did not finish its answer within {limit} ({progress}).")
    if exchange.kept_connection:
        return httpx.ReadTimeout(f"The receiver did not answer within {limit} (on a kept connection).")
    if (connected := exchange.secured if exchange.tls else exchange.connected) is not None:
        progress = f"connected after {exchange.after(connected):.1f} s"
        return httpx.ReadTimeout(f"The receiver did not answer within {limit} ({progress}).")
    if exchange.proxy == "away" and exchange.tried:
        return ProxyUnavailable(f"The server's egress proxy could not be connected to within {limit}.")
    if exchange.tried:
        handshake = " and no TLS handshake" if exchange.tls else ""
        through = "Through the server's egress proxy, no connection" if exchange.proxy else "No connection"
        return httpx.ConnectTimeout(f"{through}{handshake} with {_tried(exchange)} within {limit}.")
    return httpx.ConnectTimeout(f"The name {exchange.host} was not resolved within {limit}.")


def _unresolved(error: OSError, exchange: Exchange) -> str:
    if error.errno == socket.EAI_AGAIN:
        return f"The name {exchange.host} could not be looked up: the name servers gave no answer."
    return f"The name {exchange.host} does not resolve."


def _not_connected(error: OSError | RuntimeError, exchange: Exchange) -> httpx.TransportError:
    if exchange.port_blocked is not None:
        return AddressBlocked(f"Port {exchange.port} is blocked: {exchange.port_blocked}.")
    if exchange.blocked and not exchange.tried:
        refused = "; ".join(f"{address} is blocked: it is {reason}" for address, reason in exchange.blocked.items())
        return AddressBlocked(f"The address {refused}.")
    match error.errno if isinstance(error, OSError) else None:
        case errno.ECONNREFUSED:
            return httpx.ConnectError(f"Connection refused by {_tried(exchange)}.")
        case errno.ETIMEDOUT:
            return httpx.ConnectTimeout(f"The network gave up connecting to {_tried(exchange)}.")
        case errno.ENETUNREACH | errno.EHOSTUNREACH:
            return httpx.ConnectError(f"There is no route to {_tried(exchange)}.")
        case None:
            return httpx.ConnectError(f"The connection to {_tried(exchange)} failed.")
        case number:
            return httpx.ConnectError(f"The connection to {_tried(exchange)} failed: {os.strerror(number).lower()}.")


def _not_secured(error: ssl.SSLError, exchange: Exchange) -> TlsRefused:
    if isinstance(error, ssl.SSLCertVerificationError):
        fault = error.verify_message.rstrip(".")
        return TlsRefused(f"TLS: the certificate of {exchange.host} was refused: {fault}.")
    if _knows_no_http_1(error):
        refused = f"{_tried(exchange)} refused HTTP/1.1 in the handshake"
        return TlsRefused(f"TLS: {refused}. The receiver speaks HTTP/2 only; deliveries use HTTP/1.1.")
    return TlsRefused(f"TLS: the handshake with {_tried(exchange)} failed: {_tls_fault(error)}.")


def _not_tunneled(status: int, exchange: Exchange) -> httpx.TransportError:
    proxy, where = "The server's egress proxy", _tried(exchange)
    match status:
        case 403:
            return AddressBlocked(f"{proxy} does not allow connections to {where} (it answered 403).")
        case 504:
            return httpx.ConnectTimeout(f"{proxy} gave up connecting to {where} (it answered 504).")
        case _:
            return httpx.ConnectError(f"{proxy} could not connect to {where} (it answered {status}).")


def _tls_fault(error: ssl.SSLError) -> str:
    return (error.reason or "the receiver speaks no TLS that this server accepts").lower().replace("_", " ")


def _knows_no_http_1(error: ssl.SSLError) -> bool:
    """Whether the receiver refused the only protocol offered; Python has no name for this alert (RFC 7301)."""
    return "no application protocol" in str(error).lower().replace("_", " ")


def _tried(exchange: Exchange) -> str:
    return f"{' and '.join(exchange.tried) or exchange.host} port {exchange.port}"
