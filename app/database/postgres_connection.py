"""A connection to PostgreSQL that closes itself once it is useless, and that is probed while it stays silent.

A pool hands out connections again without checking them. A session on a server that has become read-only, or at the end
of a dead network path, would fail every statement for the rest of the process's life. The connection is therefore
closed here, where its error appears first.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context
from time import monotonic
from typing import Any, TypeVar
from weakref import WeakSet

import asyncpg

_Result = TypeVar("_Result")

# What sessions call themselves.
APPLICATION = "eev-webhooks"

# A statement without an answer after this time is not ended: another connection asks whether the server works on it.
SILENT_SECONDS = 3.0
# The same for the heartbeat's: a lease that is not renewed for its whole length costs every process another one, in
# which none may judge.
SILENT_ASIDE_SECONDS = 1.0
# How long that question may take, and how long the network may leave sent data unacknowledged.
ANSWER_SECONDS = 2.0
UNACKNOWLEDGED_MS = 5_000
# A session that has received a part of a statement waits for the rest without any timeout of the server's, and keeps
# its locks. No process here pauses there; after this time the rest does not come.
CUT_OFF_SECONDS = 5.0
# On an older session, "read-only" may mean that the server is no longer the primary.
FRESH_SECONDS = 1.0

_SPOILED = frozenset({"25006", "25P02", "25P03", "57P01", "57P02", "57P03", "57P04", "57P05"})
# A server that sends one of these has answered, so nothing is known of the other connections.
_LOST_CLASSES = frozenset({"08", "57"})
_WORKING = """SELECT pid FROM pg_stat_activity WHERE pid = ANY($1::int[])
AND (state = 'active' AND wait_event_type IS DISTINCT FROM 'Client' OR state = 'disabled')"""
# Of connections that are given up.
_END_WAITING = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid = ANY($1::int[]) AND usename = current_user AND state = 'active' AND wait_event_type = 'Client'"""
# Of any process, which may have been killed. COPY waits for data that a person may type.
_END_CUT_OFF = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = $1 AND usename = current_user AND datname = current_database() AND state = 'active'
AND wait_event = 'ClientRead' AND query_start < clock_timestamp() - make_interval(secs => $2)
AND query NOT ILIKE 'copy%'"""
_LOCKED = "55P03"
_KEEPALIVES = {
    (socket.SOL_SOCKET, "SO_KEEPALIVE"): 1,
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE"): 5,
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL"): 1,
    (socket.IPPROTO_TCP, "TCP_KEEPCNT"): 3,
    (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT"): UNACKNOWLEDGED_MS,
}


class Connection(asyncpg.Connection):
    """A connection of a pool.

    Attributes:
        backend: the server process that works for it.
        aside: whether it is the heartbeat's.
        asking_since: when the statement was sent that has no answer yet; None while the connection is idle.
    """

    watch: "Watch"
    backend: int | None = None
    aside = False
    asking_since: float | None = None
    opened_at = 0.0

    def begin(self, watch: "Watch") -> None:
        """Have the connection watched, and let the network report a dead peer (if the operating system can)."""
        self.watch = watch
        self.opened_at = monotonic()
        opened = self._transport.get_extra_info("socket")  # type: ignore[attr-defined]
        if opened is None or opened.family not in {socket.AF_INET, socket.AF_INET6}:
            return
        for (level, name), value in _KEEPALIVES.items():
            if (option := getattr(socket, name, None)) is not None:
                opened.setsockopt(level, option, value)

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109 - asyncpg's
        """Run a statement, or several without parameters, and return its status."""
        return await self._watched(super().execute(query, *args, timeout=timeout))

    async def executemany(self, command: str, args: Any, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncpg's
        """Run a statement once for each sequence of parameters."""
        await self._watched(super().executemany(command, args, timeout=timeout))

    async def fetch(self, query: str, *args: Any, timeout: float | None = None, record_class: Any = None) -> Any:  # noqa: ASYNC109 - asyncpg's
        """Run a statement and return its rows."""
        return await self._watched(super().fetch(query, *args, timeout=timeout, record_class=record_class))

    async def fetchrow(self, query: str, *args: Any, timeout: float | None = None, record_class: Any = None) -> Any:  # noqa: ASYNC109 - asyncpg's
        """Run a statement and return its first row."""
        return await self._watched(super().fetchrow(query, *args, timeout=timeout, record_class=record_class))

    async def _watched(self, work: Awaitable[_Result]) -> _Result:
        self.asking_since = monotonic()
        patience = SILENT_ASIDE_SECONDS if self.aside else SILENT_SECONDS
        timer = asyncio.get_running_loop().call_later(patience, self.watch.silent, self)
        try:
            return await work
        except (OSError, asyncpg.PostgresError, asyncpg.InternalClientError) as error:
            self._end_if_spoiled(error)
            raise
        finally:
            timer.cancel()
            self.asking_since = None

    def _end_if_spoiled(self, error: Exception) -> None:
        state: str = getattr(error, "sqlstate", None) or ""
        if isinstance(error, asyncpg.OutdatedSchemaCacheError):
            return
        if state == _LOCKED:
            self.watch.locked_out()
        lost = isinstance(error, OSError | asyncpg.InternalClientError)
        elsewhere = state == "25006" and monotonic() - self.opened_at > FRESH_SECONDS
        if lost or state in _SPOILED or state[:2] == "08":
            self.terminate()
        if lost or elsewhere:
            self.watch.suspect(self.asking_since or monotonic())


class Watch:
    """Probes silent connections of a pool over a connection of its own.

    If a server does not work on a connection's statement, it has answered already or was never reached: the network
    lost one or the other. Then that connection is closed, and the idle ones with it. Its session may keep locks that
    everybody else waits for, and is ended, too.

    Args:
        connect: opens a connection beside the pool.
    """

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]]) -> None:
        self._connect = connect
        self.connections: WeakSet[Connection] = WeakSet()
        self._silent: dict[Connection, float | None] = {}
        self._asking: asyncio.Task[None] | None = None
        self._unlocking: asyncio.Task[None] | None = None

    def silent(self, connection: Connection) -> None:
        """Note a connection that has not answered for `SILENT_SECONDS`."""
        self._silent[connection] = connection.asking_since
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._ask(), context=Context())

    def locked_out(self) -> None:
        """End sessions that keep locks and were cut off, after a statement did not get a lock in time."""
        if self._unlocking is None or self._unlocking.done():
            work = self._end(_END_CUT_OFF, APPLICATION, CUT_OFF_SECONDS)
            self._unlocking = asyncio.get_running_loop().create_task(work, context=Context())

    def suspect(self, since: float) -> None:
        """Close connections that were open at `since` and are idle now; busy ones answer for themselves.

        A transaction that is between two statements is rolled back by that, and run again.
        """
        for connection in list(self.connections):
            if connection.asking_since is None and connection.opened_at < since:
                connection.terminate()

    async def close(self) -> None:
        """Stop probing."""
        for task in (self._asking, self._unlocking):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])

    async def _ask(self) -> None:
        try:
            while self._silent:
                silent, self._silent = self._silent, {}
                working = await self._working([connection.backend for connection in silent])
                given_up = []
                for connection, since in silent.items():
                    if since is None or connection.asking_since != since:
                        continue  # It has answered meanwhile.
                    if working is None or connection.backend in working:
                        asyncio.get_running_loop().call_later(SILENT_SECONDS, self._still_silent, connection, since)
                    else:
                        connection.terminate()
                        self.suspect(since)
                        given_up.append(connection.backend)
                if given_up:
                    await self._end(_END_WAITING, given_up)
        finally:
            self._asking = None

    def _still_silent(self, connection: Connection, since: float) -> None:
        if connection.asking_since == since:
            self.silent(connection)

    async def _working(self, backends: list[int | None]) -> set[int | None] | None:
        """Which of these processes work on a statement; None if the server answers but does not say."""
        try:
            return {row["pid"] for row in await self._beside(_WORKING, backends)}
        except asyncpg.PostgresError as error:
            return set() if (error.sqlstate or "")[:2] in _LOST_CLASSES else None
        except (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError):
            return set()

    async def _end(self, statement: str, *parameters: Any) -> None:
        """End sessions, if the server can be asked to."""
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
            await self._beside(statement, *parameters)

    async def _beside(self, statement: str, *parameters: Any) -> list[asyncpg.Record]:
        """Run a statement on a connection of its own."""
        asking: asyncpg.Connection | None = None
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                asking = await self._connect()
                rows: list[asyncpg.Record] = await asking.fetch(statement, *parameters)
                return rows
        finally:
            if asking is not None:
                asking.terminate()
