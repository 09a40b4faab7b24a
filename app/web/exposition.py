"""GET /metrics, for Prometheus. `app.metrics` defines the metrics; access is checked here."""

import asyncio
import secrets
from collections.abc import Awaitable, Mapping
from ipaddress import ip_address
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.clock import to_micros
from app.contacts.rows import count_waiting
from app.database.errors import DatabaseError
from app.delivery.queue_age import queue_ages
from app.logs import lines_dropped
from app.metrics import MAX_WORKSPACES_NAMED, Level
from app.resources import Resources

_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_QUERY_SECONDS = 2.0

_Answer = TypeVar("_Answer")


def metrics_route(resources: Resources) -> Route:
    """The route; without METRICS_TOKEN it answers this machine only."""

    async def metrics(request: Request) -> Response:
        token = resources.settings.metrics_token
        if token is not None and not _presents(request, token.get_secret_value()):
            return PlainTextResponse(
                "Send METRICS_TOKEN as `Authorization: Bearer …`.\n", 401, {"www-authenticate": "Bearer"}
            )
        if token is None and not _is_local(request):
            return PlainTextResponse("Without METRICS_TOKEN, metrics are for this machine only.\n", 403)
        # Prometheus asks for it first; only this format has exemplars.
        openmetrics = "application/openmetrics-text" in request.headers.get("accept", "")
        content = resources.metrics.exposition(await measure(resources), openmetrics=openmetrics)
        return Response(content, headers={"content-type": _OPENMETRICS if openmetrics else _TEXT, "vary": "accept"})

    return Route("/metrics", metrics)


async def measure(resources: Resources) -> Level:
    """The gauges at this moment."""
    return Level(
        in_flight=len(resources.pipeline.in_flight),
        followers=resources.updates.followers + resources.metrics.told_along,
        oldest_due_seconds=await _answered(_oldest_due_seconds(resources)),
        messages_waiting=await _answered(count_waiting(resources.database, resources.clock.now())),
        broker_ok=resources.waker.failing is None,
        updates_ok=resources.updates.healthy() is None,
        log_lines_dropped=lines_dropped(),
        clock_skew_seconds=resources.timekeeper.skew.total_seconds(),
    )


async def _oldest_due_seconds(resources: Resources) -> Mapping[str, float]:
    ages = await queue_ages(resources.database, to_micros(resources.clock.now()), MAX_WORKSPACES_NAMED)
    return {workspace: age / 1_000_000 for workspace, age in ages.items()}


async def _answered(question: Awaitable[_Answer]) -> _Answer | None:
    """What the database answers in time, or None."""
    try:
        async with asyncio.timeout(_QUERY_SECONDS):
            return await question
    except (DatabaseError, TimeoutError):
        return None


def _presents(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and secrets.compare_digest(given.strip().encode(), token.encode())


def _is_local(request: Request) -> bool:
    # A proxy on this machine forwards requests of others, and says so in a header.
    if request.client is None or "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    try:
        address = ip_address(request.client.host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
