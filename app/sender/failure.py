"""Says what went wrong with a request: aiohttp's exceptions in, httpx's exceptions with a sentence as their text out.

    httpx.RequestError
    ├── TransportError
    │   ├── TimeoutException      the deadline ended, or the network gave up
    │   ├── NetworkError          refused, reset, closed too early, no route
    │   │   └── ConnectError
    │   │       ├── NameUnresolved
    │   │       ├── TlsRefused
    │   │       └── AddressBlocked
    │   └── ProtocolError         what came is not HTTP, or breaks a limit

Pure. A sentence names the host, the address and the port and nothing else of the URL, which may hold credentials; nor
does it repeat what the receiver sent.
"""

import errno
import os
import socket
import ssl

import aiohttp
import httpx
from aiohttp.http_exceptions import BadStatusLine, LineTooLong, TransferEncodingError

from app.sender.connection import ConnectionLost, UnexpectedAnswer
from app.sender.exchange import Exchange

_BAD_CHUNKS = "The body of the answer is not HTTP: its chunks cannot be read."


class NameUnresolved(httpx.ConnectError):
    """The host's name has no address."""


class TlsRefused(httpx.ConnectError):
    """The TLS handshake failed, or the certificate is not to be trusted."""


class AddressBlocked(httpx.ConnectError):
    """The guard let none of the host's addresses through."""


def deadline_passed(exchange: Exchange) -> httpx.TimeoutException:
    """Say how far a request had come when its deadline ended."""
    limit = f"{exchange.timeout_seconds:g} s"
    if exchange.headers_after is not None:
        progress = f"headers came after {exchange.headers_after:.1f} s, {exchange.body_bytes} bytes of body"
        return httpx.ReadTimeout(f"The receiver did not finish its answer within {limit} ({progress}).")
    if exchange.connected_after is not None:
        progress = (
            "on a kept connection" if exchange.kept_connection else f"connected after {exchange.connected_after:.1f} s"
        )
        return httpx.ReadTimeout(f"The receiver did not answer within {limit} ({progress}).")
    if exchange.tried:
        handshake = " and no TLS handshake" if exchange.tls else ""
        return httpx.ConnectTimeout(f"No connection{handshake} with {_tried(exchange)} within {limit}.")
    return httpx.ConnectTimeout(f"The name {exchange.host} was not resolved within {limit}.")


def failure(error: Exception, exchange: Exchange) -> httpx.RequestError:
    """Translate what aiohttp raised for a request."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return NameUnresolved(_unresolved(error.os_error, exchange))
        case aiohttp.ClientConnectorCertificateError():
            return TlsRefused(
                f"TLS: the certificate of {exchange.host} was refused: {_certificate_fault(error.certificate_error)}."
            )
        case aiohttp.ClientConnectorSSLError():
            return TlsRefused(f"TLS: the handshake with {_tried(exchange)} failed: {_tls_fault(error.os_error)}.")
        case aiohttp.InvalidURL():
            return AddressBlocked(f"The host {exchange.host} is blocked: it is an unusual spelling of an address.")
        case aiohttp.ClientConnectorError():
            return _not_connected(error.os_error, exchange)
        case aiohttp.NonHttpUrlClientError():
            return httpx.UnsupportedProtocol("The URL begins with neither http:// nor https://.")
        case aiohttp.ClientPayloadError():
            return _broken_body(error, exchange)
        case aiohttp.ClientResponseError():
            return httpx.RemoteProtocolError(_not_http(error))
        case aiohttp.ClientError() | OSError():
            return httpx.ReadError(_lost(exchange, was_reset=isinstance(error, ConnectionLost) and error.was_reset))
        case _:
            return httpx.LocalProtocolError(
                "The request cannot be written as HTTP: a header or the URL holds characters that are not allowed."
            )


def _unresolved(error: OSError, exchange: Exchange) -> str:
    if error.errno == socket.EAI_AGAIN:
        return f"The name {exchange.host} could not be looked up: the name servers gave no answer."
    return f"The name {exchange.host} does not resolve."


def _not_connected(error: OSError, exchange: Exchange) -> httpx.TransportError:
    if exchange.blocked and not exchange.tried:
        refused = "; ".join(f"{address} is blocked: it is {reason}" for address, reason in exchange.blocked.items())
        return AddressBlocked(f"The address {refused}.")
    match error.errno:
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


def _broken_body(error: aiohttp.ClientPayloadError, exchange: Exchange) -> httpx.TransportError:
    # aiohttp raises the same for a connection that ended too early; only a chunk that cannot be read is the receiver's
    # grammar.
    if isinstance(error.__cause__, TransferEncodingError) and not str(error).startswith(
        "Response payload is not completed"
    ):
        return httpx.RemoteProtocolError(_BAD_CHUNKS)
    return httpx.ReadError(f"The connection ended in the middle of the answer ({exchange.body_bytes} bytes of body).")


def _not_http(error: aiohttp.ClientResponseError) -> str:
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    match cause:
        case UnexpectedAnswer():
            return "The receiver sent answers that were not asked for, or interim ones without end."
        case LineTooLong():
            return "The answer breaks a limit: its status line or one of its headers is too long."
        case BadStatusLine():
            return "The answer is not HTTP: its status line cannot be read."
        case TransferEncodingError():
            return _BAD_CHUNKS
        case _:
            return "The answer cannot be read: its headers or chunks are not HTTP, or there are too many headers."


def _lost(exchange: Exchange, *, was_reset: bool) -> str:
    kept = ", which was kept from an earlier request," if exchange.kept_connection else ""
    return f"The receiver {'reset' if was_reset else 'closed'} the connection{kept} without an answer."


def _certificate_fault(error: Exception) -> str:
    message = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else "it does not fit"
    return message.rstrip(".")


def _tls_fault(error: OSError) -> str:
    reason = error.reason if isinstance(error, ssl.SSLError) else None
    return (reason or "the receiver speaks no TLS that this server accepts").lower().replace("_", " ")


def _tried(exchange: Exchange) -> str:
    return f"{' and '.join(exchange.tried) or exchange.host} port {exchange.port}"
