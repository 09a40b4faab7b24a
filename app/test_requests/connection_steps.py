"""Describes how each step of a test request went, in sentences for a person. Pure: an exchange in, steps out.

    RESOLVE    what the host's name resolved to
    CONNECT    which address the connection was made to
    TLS        its version, and its certificate; left out for http
    REQUEST    what was sent
    RESPONSE   what came back

The list ends with the first step that failed; without an answer, in the words of its outcome.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from time import perf_counter

import httpx

from app.sender.exchange import Exchange
from app.sender.outcome import Answered, Unreachable


class ConnectionStepName(StrEnum):
    """The steps of a request, in their order."""

    RESOLVE = "RESOLVE"
    CONNECT = "CONNECT"
    TLS = "TLS"
    REQUEST = "REQUEST"
    RESPONSE = "RESPONSE"


@dataclass(frozen=True, slots=True)
class ConnectionStep:
    """One step: whether it succeeded, how long it took, and a sentence about it."""

    name: ConnectionStepName
    ok: bool
    duration_ms: float
    detail: str


@dataclass(frozen=True, slots=True)
class _Done:
    """A step that succeeded, and when (seconds of `perf_counter`); `at` is None if that stage was not reached."""

    name: ConnectionStepName
    at: float | None
    detail: str


def steps_of(
    request: httpx.Request, exchange: Exchange, answer: Answered | Unreachable, now: datetime
) -> list[ConnectionStep]:
    """The steps that were taken.

    Args:
        now: an aware time, from which the certificate's remaining days are counted.
    """
    found: list[ConnectionStep] = []
    began, ended = exchange.started, exchange.ended or perf_counter()
    for step in _steps(request, exchange, now):
        if step.at is None:
            assert isinstance(answer, Unreachable)  # an answer implies that the request was sent
            return [*found, ConnectionStep(step.name, False, _milliseconds(began, ended), answer.error)]
        found.append(ConnectionStep(step.name, True, _milliseconds(began, step.at), step.detail))
        began = step.at
    ok, detail = _response(answer)
    found.append(ConnectionStep(ConnectionStepName.RESPONSE, ok, _milliseconds(began, ended), detail))
    return found


def _steps(request: httpx.Request, exchange: Exchange, now: datetime) -> Iterator[_Done]:
    host, port = request.url.host, exchange.port
    if exchange.resolving is None:
        detail = f"{host} is an address already; there was nothing to look up."
        yield _Done(ConnectionStepName.RESOLVE, exchange.started, detail)
    else:
        detail = f"{host} resolved to {' and '.join(exchange.addresses or ())}."
        yield _Done(ConnectionStepName.RESOLVE, exchange.resolved, detail)
    through = " through the server's egress proxy" if exchange.proxy is not None else ""
    connected = f"Connected to {exchange.remote_address} port {port}{through}."
    yield _Done(ConnectionStepName.CONNECT, exchange.connected, connected)
    if request.url.scheme == "https":
        yield _Done(ConnectionStepName.TLS, exchange.secured, _tls(exchange, now))
    size = int(request.headers["content-length"])
    yield _Done(ConnectionStepName.REQUEST, exchange.sent, f"Sent a {request.method} with {size} bytes of body.")


def _tls(exchange: Exchange, now: datetime) -> str:
    version = exchange.tls_version or "TLS"
    if exchange.certificate is None:
        return f"{version}, without a certificate."
    from cryptography import x509  # Rarely needed, and large.

    try:
        certificate = x509.load_der_x509_certificate(exchange.certificate)
        subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
    except ValueError:
        return f"{version}, with a certificate that cannot be read."
    left = certificate.not_valid_after_utc - now
    validity = f"valid for {_in_days(left)}" if left > timedelta(0) else f"which expired {_in_days(-left)} ago"
    return f"{version}, with a certificate for {subject or 'nobody'}, issued by {issuer or 'nobody'}, {validity}."


def _in_days(time: timedelta) -> str:
    match time.days:
        case 0:
            return "less than a day"
        case 1:
            return "1 day"
        case days:
            return f"{days} days"


def _response(answer: Answered | Unreachable) -> tuple[bool, str]:
    if isinstance(answer, Unreachable):
        return False, answer.error
    size = f"{'more than ' if answer.truncated else ''}{len(answer.body.encode())} bytes of body"
    if answer.succeeded:
        return True, f"Answered {answer.status} with {size}."
    return False, f"Answered {answer.status} with {size}; only an answer of 2xx is a success."


def _milliseconds(began: float, ended: float) -> float:
    return round(max(0.0, (ended - began) * 1_000), 3)
