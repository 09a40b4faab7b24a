"""Whether the server is alive, and whether it is ready to accept events, with the reason if it is not.

    GET /health/live    200 while the process answers at all
    GET /health/ready   200 `ok` or `degraded`, 503 `unavailable`

Ready means that the server can accept events: the database answers, accepts writes (one is tried, and rolled back) and
has the tables of this program. Without the broker or live updates it is degraded: deliveries are still sent, because
the sweep finds them. Reasons name no hosts; the log does.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tortoise.exceptions import BaseORMException

from app.clock import to_micros
from app.database.errors import DatabaseError, SchemaOutdated
from app.database.migrate import require_current_schema
from app.database.probe import try_write
from app.delivery.queue_age import queue_age
from app.egress import egress_proxy
from app.resources import Resources

log = structlog.get_logger()

CHECK_SECONDS = 2.0
# However often health is requested, the parts are checked no more often than this.
KEPT_FOR = timedelta(seconds=1)
# A sweep may take a while on a busy database; after this time it counts as missing.
SWEEP_OVERDUE_SECONDS = 15.0
QUEUE_OVERDUE_SECONDS = 60.0
SKEW_SECONDS = 2.0
_VITAL = ("database", "migrations")


@dataclass(frozen=True, slots=True)
class Report:
    """Condition of each part: None if it is well, otherwise why not."""

    parts: Mapping[str, str | None]

    @property
    def status(self) -> str:
        """ok, degraded or unavailable."""
        if any(self.parts[name] for name in _VITAL):
            return "unavailable"
        return "degraded" if any(self.parts.values()) else "ok"

    def answer(self) -> Response:
        """The report as JSON, 503 if the server is unavailable."""
        checks = {
            name: {"status": "ok"} if reason is None else {"status": "degraded", "reason": reason}
            for name, reason in self.parts.items()
        }
        status = 503 if self.status == "unavailable" else 200
        return Response(orjson.dumps({"status": self.status, "checks": checks}), status, media_type="application/json")


class Health:
    """Checks the parts of one process; `works` says whether it delivers."""

    def __init__(self, resources: Resources, *, works: bool) -> None:
        self._resources = resources
        self._works = works
        self._looking = asyncio.Lock()
        self._report: tuple[datetime, Report] | None = None
        self._migrated = False
        self._said = "ok"
        self._began_at = resources.clock.now()

    def routes(self) -> list[Route]:
        """The routes below /health."""
        return [Route("/health/live", self.live), Route("/health/ready", self.ready)]

    async def live(self, _: Request) -> Response:
        """Answer 200, because the process answers."""
        return Response(b'{"status":"ok"}', media_type="application/json")

    async def ready(self, _: Request) -> Response:
        """The condition of the parts, at most a second old."""
        return (await self.report()).answer()

    async def report(self) -> Report:
        """Check the parts, or return the result of less than a second ago."""
        async with self._looking:
            now = self._resources.clock.now()
            if self._report is None or abs(now - self._report[0]) >= KEPT_FOR:
                self._report = now, await self._look()
            return self._report[1]

    async def _look(self) -> Report:
        checks: dict[str, Callable[[], Awaitable[str | None]]] = {
            "database": self._database,
            "migrations": self._migrations,
            "broker": self._broker,
            "updates": self._updates,
            "sweep": self._sweep,
            "clock": self._clock,
        }
        if self._resources.settings.egress_proxy is not None:
            checks["egress"] = self._egress
        reasons = await asyncio.gather(*(_answered(check()) for check in checks.values()))
        report = Report(dict(zip(checks, reasons, strict=True)))
        if report.status != self._said:
            self._said = report.status
            level = logging.INFO if report.status == "ok" else logging.WARNING
            log.log(level, "health.changed", status=report.status, **{k: v for k, v in report.parts.items() if v})
        return report

    async def _database(self) -> str | None:
        database = self._resources.database
        await database.execute("SELECT 1")  # On the writing connection, if there are several.
        try:
            await try_write(database)
        except (DatabaseError, OSError) as error:
            log.warning("health.no_writes", reason=str(error))
            return "The database takes no writes: it is read-only, or its disk is full."
        return None

    async def _migrations(self) -> str | None:
        if not self._migrated:  # Once tables exist, they stay.
            await require_current_schema(self._resources.database)
            self._migrated = True
        return None

    async def _broker(self) -> str | None:
        if self._resources.waker.failing is None and await _answers(self._resources.settings.broker_url):
            return None
        if self._resources.waker.is_full:
            return "The broker is full (Redis, its maxmemory); the sweep finds what is due within a second or so."
        return "The broker does not answer; the sweep finds what is due within a second or so."

    async def _updates(self) -> str | None:
        failing = self._resources.updates.healthy()
        if failing is None:
            return None
        if "is full" in failing:
            return "Redis is full (maxmemory): live updates do not get through; followers get a gap, and have to query."
        return "Live updates do not get through; who follows them gets a gap, and has to query."

    async def _sweep(self) -> str | None:
        now = self._resources.clock.now()
        if not self._works:
            age_seconds = await queue_age(self._resources.database, to_micros(now)) / 1_000_000
            if age_seconds > QUEUE_OVERDUE_SECONDS:
                # No number: anyone can ask, and it would tell how one workspace's deliveries fare.
                return f"A delivery has been due for more than {QUEUE_OVERDUE_SECONDS:.0f} s; is a worker running?"
            return None
        overdue = max(SWEEP_OVERDUE_SECONDS, 10 * self._resources.settings.sweep_seconds)
        silent_seconds = (now - (self._resources.metrics.last_sweep_at or self._began_at)).total_seconds()
        return f"There was no sweep for {silent_seconds:.0f} s." if silent_seconds > overdue else None

    async def _egress(self) -> str | None:
        proxy = egress_proxy(self._resources.settings)
        if proxy is None or await _takes_a_connection(proxy.host, proxy.port):
            return None
        return "The egress proxy does not answer; deliveries wait for it."

    async def _clock(self) -> str | None:
        behind = self._resources.timekeeper.behind.total_seconds()
        if behind > SKEW_SECONDS:
            return (
                f"This machine's clock is {behind:.1f} s behind the newest row of the database: it was set back, or was"
                " ahead when that row was written. Set it right (NTP)."
            )
        skew = self._resources.timekeeper.skew.total_seconds()
        if abs(skew) <= SKEW_SECONDS:
            return None
        return (
            f"This machine's clock is {abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} the database's, which"
            " deliveries go by; synchronize both (NTP)."
        )


async def _answered(check: Awaitable[str | None]) -> str | None:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check
    except TimeoutError:
        return f"There was no answer within {CHECK_SECONDS:g} s."
    except SchemaOutdated as error:
        return str(error)
    except (DatabaseError, BaseORMException, OSError):
        return "The database does not answer."


async def _answers(broker_url: str) -> bool:
    """Whether a broker can be reached: Redis answers a PING, RabbitMQ accepts a connection."""
    parts = urlsplit(broker_url)
    if parts.scheme == "memory":
        return True
    if parts.scheme.startswith("redis"):
        return await _answers_ping(broker_url)
    return await _takes_a_connection(parts.hostname or "", parts.port or _AMQP_PORTS[parts.scheme])


async def _takes_a_connection(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
        writer.close()
    except OSError:
        return False
    return True


async def _answers_ping(url: str) -> bool:
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    from app.redis_connection import DRIVER

    try:
        async with Redis.from_url(url, socket_timeout=CHECK_SECONDS, driver_info=DRIVER) as redis:
            return bool(await redis.ping())
    except (OSError, RedisError):
        return False


_AMQP_PORTS = {"amqp": 5672, "amqps": 5671}
