"""The least work that could do the same, measured in a separate process so that its CPU can be told apart.

    `python -m bench.baselines deliver URL COUNT`   signs and posts bodies with a bare aiohttp loop
    `python -m bench.baselines commit URL DATABASE COUNT`   one commit of one row and one POST, one after the other
    `python -m bench.baselines insert DATABASE COUNT BATCH`   rows of the same size, BATCH per commit

Each prints one JSON object.
"""

import asyncio
import base64
import hashlib
import hmac
import resource
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

import aiohttp
import asyncpg
import orjson
import uvloop

from app.database.sqlite import PRAGMAS
from bench.workload import event

_SECRET = bytes(range(36))
_AT_ONCE = 64
_BODY = orjson.dumps({"id": "evt_01jd7k3m9pegxv0t5c8h2n4w6z", "timestamp": "2026-01-01T00:00:00Z", **event()})
_TABLE = "CREATE TABLE IF NOT EXISTS bench_row (id BIGINT PRIMARY KEY, body TEXT NOT NULL)"

Commit = Callable[[list[tuple[int, str]]], Awaitable[object]]


async def deliver(url: str, count: int) -> dict[str, Any]:
    """Sign and post bodies, `_AT_ONCE` at a time."""
    numbers = iter(range(count))
    async with _session() as session:

        async def one_after_another() -> None:
            for number in numbers:
                await _post(session, url, number)

        started = perf_counter()
        await asyncio.gather(*(one_after_another() for _ in range(_AT_ONCE)))
        return {"seconds": perf_counter() - started}


async def commit_and_post(url: str, database_url: str, count: int) -> dict[str, Any]:
    """Milliseconds of commits of one row, and of one commit followed by one POST."""
    commits, both = [], []
    insert = await _open(database_url)
    async with _session() as session:
        for number in range(count):
            started = perf_counter()
            await insert([(number, _BODY.decode())])
            commits.append((perf_counter() - started) * 1_000)
            await _post(session, url, number)
            both.append((perf_counter() - started) * 1_000)
    return {"commit_ms": commits, "both_ms": both}


async def insert(database_url: str, count: int, batch: int) -> dict[str, Any]:
    """Insert rows of the same size in commits of a given size, by COPY or executemany."""
    commit = await _open(database_url)
    text = _BODY.decode()
    started = perf_counter()
    for first in range(0, count, batch):
        await commit([(number, text) for number in range(first, min(first + batch, count))])
    return {"seconds": perf_counter() - started}


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar())


async def _post(session: aiohttp.ClientSession, url: str, number: int) -> None:
    event_id = f"evt_{number:026d}"
    signature = hmac.digest(_SECRET, b"%b.1700000000.%b" % (event_id.encode(), _BODY), hashlib.sha256)
    headers = {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": "1700000000",
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }
    async with session.post(url, data=_BODY, headers=headers) as response:
        await response.read()


async def _open(database_url: str) -> Commit:
    if database_url.startswith("sqlite://"):
        return _open_sqlite(database_url.removeprefix("sqlite://"))
    connection = await asyncpg.connect(database_url)
    await connection.execute(f"{_TABLE}; TRUNCATE bench_row")
    return lambda rows: connection.copy_records_to_table("bench_row", records=rows)


def _open_sqlite(path: str) -> Commit:
    connection = sqlite3.connect(path, isolation_level=None)
    for name, value in PRAGMAS.items():
        connection.execute(f"PRAGMA {name} = {value}")
    connection.execute(_TABLE)
    connection.execute("DELETE FROM bench_row")

    async def commit(rows: list[tuple[int, str]]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO bench_row VALUES (?, ?)", rows)
        connection.execute("COMMIT")

    return commit


async def _run(name: str, *given: str) -> dict[str, Any]:
    match name, given:
        case "deliver", (url, count):
            return await deliver(url, int(count))
        case "commit", (url, database_url, count):
            return await commit_and_post(url, database_url, int(count))
        case "insert", (database_url, count, batch):
            return await insert(database_url, int(count), int(batch))
    raise SystemExit(f"There is no baseline {name} with {len(given)} arguments; the module's text says what there is.")


def main() -> None:
    """Run one and print its measurements, including the CPU of the measured part."""
    before = _cpu_seconds()
    result = uvloop.run(_run(*sys.argv[1:]))
    print(orjson.dumps({**result, "cpu_seconds": _cpu_seconds() - before}).decode())


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
