"""Reports how PostgreSQL runs the statements of GraphQL queries.

Run as `python -m bench.plans KEY` with the settings of an installation, and queries by their names as JSON on stdin. It
prints, by the same names, each statement with EXPLAIN's plan. The server runs in this process, and its statements are
recorded where the driver sends them.
"""

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
import orjson
import uvloop
from asyncpg.connection import LoggedQuery
from tortoise.backends.asyncpg.client import AsyncpgDBClient

from app.database.database import Database
from app.database.postgres import pool_of
from app.resources import open_resources
from app.settings import load_settings
from app.web.application import create_application
from bench.measure import Plan

BIG = {"event", "delivery", "attempt"}


async def plans_of(environment: Mapping[str, str], key: str, queries: Mapping[str, str]) -> dict[str, list[Plan]]:
    """The plans of each query's statements in an installation with this environment.

    Raises:
        RuntimeError: the process failed.
    """
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.plans", key),
        env={**os.environ, **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await child.communicate(orjson.dumps(queries))
    if child.returncode:
        raise RuntimeError(f"python -m bench.plans ended with {child.returncode}.")
    found: dict[str, list[dict[str, Any]]] = orjson.loads(output)
    return {
        name: [Plan(one["statement"], short(one["plan"]), one["plan"]) for one in plans]
        for name, plans in found.items()
    }


def short(plan: Mapping[str, Any]) -> str:
    """The kinds of a plan's nodes from the outside in, with the tables and indexes they read; repetitions are left
    out.
    """
    kinds: list[str] = []
    for node in nodes(plan):
        reads = node.get("Index Name") or node.get("Relation Name")
        kinds.append(f"{node['Node Type']} {reads}" if reads else node["Node Type"])
    return " < ".join(dict.fromkeys(kinds))


def rows_without_index(plan: Mapping[str, Any]) -> int:
    """How many rows of the big tables it reads without an index."""
    return sum(
        int((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
        for node in nodes(plan)
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in BIG
    )


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The node and all below it."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


async def _noted(database: Database, connections: int) -> list[tuple[str, Sequence[Any]]]:
    """The statements that the database receives from now on, on any of its connections."""
    asked: list[tuple[str, Sequence[Any]]] = []

    def note(query: LoggedQuery) -> None:
        asked.append((query.query, query.args))

    assert isinstance(database.orm, AsyncpgDBClient)
    pool = pool_of(database.orm)
    opened = [await pool.acquire() for _ in range(connections)]
    for connection in opened:
        connection.add_query_logger(note)
        await pool.release(connection)
    return asked


async def _explained(database: Database, statement: str, parameters: Sequence[Any]) -> dict[str, Any]:
    [row] = await database.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", *parameters)
    return {"statement": statement, "plan": orjson.loads(row["QUERY PLAN"])[0]["Plan"]}


async def _run(key: str, queries: Mapping[str, str]) -> dict[str, Any]:
    settings = load_settings(broker_url="memory://", updates_url="memory://")
    found = {}
    async with open_resources(settings, send_wake_up=lambda _: None) as resources:
        asked = await _noted(resources.database, settings.database_pool_size)
        transport = httpx.ASGITransport(create_application(resources))
        headers = {"authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://bench", headers=headers) as client:
            for name, document in queries.items():
                for _ in range(2):  # the first time also looks up the key
                    asked.clear()
                    answer = await client.post("/graphql", json={"query": document})
                    assert "errors" not in answer.json(), answer.text
                statements = [one for one in asked if one[0].lstrip().startswith(("SELECT", "WITH"))]
                assert statements, f"{name} asks the database for nothing that was seen."
                found[name] = [await _explained(resources.database, *one) for one in statements]
    return found


if __name__ == "__main__":
    print(orjson.dumps(uvloop.run(_run(sys.argv[1], orjson.loads(sys.stdin.buffer.read())))).decode())
