"""Full tables, and the plans of statements on them."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

import orjson

from app.clock import to_micros
from app.database.batch import Columns
from app.database.database import Database, Row, Statements
from app.ids import API_KEY, ATTEMPT, AUDIT_ENTRY, DELIVERY, EVENT, WEBHOOK, WORKSPACE, new_id
from tests.clock import START

EVENTS = 10_000
WEBHOOKS = 40
# Of a hundred events; deliveries of the others have SUCCEEDED.
STATUSES = {0: "FAILED", **dict.fromkeys(range(10, 30), "PENDING"), **dict.fromkeys(range(30, 50), "RETRYING")}
# These hold only the deliveries of one event, and the one event of a key: they may be sorted.
SMALL = ("delivery_event_webhook", "event_idempotency")


@dataclass(frozen=True, slots=True)
class Filled:
    """A database with two big workspaces and many small ones, and the IDs of one of the big ones."""

    database: Database
    workspace_id: str
    webhook_ids: Sequence[str]
    event_ids: Sequence[str]
    delivery_ids: Sequence[str]


class Explaining(Statements):
    """Runs statements, and records how each was run."""

    def __init__(self, database: Database) -> None:
        super().__init__(database.orm, database.dialect)
        self.plans: list[Any] = []

    async def fetch(self, statement: str, *parameters: Any) -> list[Row]:
        """Run a statement, and explain it."""
        if self.dialect == "sqlite":
            steps = await super().fetch(f"EXPLAIN QUERY PLAN {statement}", *parameters)
            self.plans.append([step["detail"] for step in steps])
        else:
            [row] = await super().fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *parameters)
            self.plans.append(orjson.loads(row["QUERY PLAN"])[0]["Plan"])
        return await super().fetch(statement, *parameters)


def nodes(plan: Any) -> Iterator[Any]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def assert_along_an_index(plan: Any, most: int) -> None:
    """Assert that no table is scanned, and that no more than `most` rows are sorted or (on PostgreSQL) read."""
    if isinstance(plan, list):
        of_its_own = {step.split()[1] for step in plan if step.startswith(("CO-ROUTINE", "MATERIALIZE"))}
        for before, step in pairwise(["", *plan]):
            scanned = re.match(r"SCAN (?!lane|found|json_each|\()(\w+)", step)
            assert scanned is None or scanned[1] in of_its_own, plan
            small = before.removeprefix("SCAN ") in of_its_own
            small = small or re.match(rf"SCAN lane|.* INDEX ({'|'.join(SMALL)}) ", before) is not None
            assert "TEMP B-TREE" not in step or small, plan
        return
    for node in nodes(plan):
        assert node["Node Type"] != "Seq Scan", plan
        assert node["Actual Rows"] + node.get("Rows Removed by Filter", 0) <= most, plan


def webhooks_of(workspace_ids: Sequence[str]) -> tuple[str, Columns, list[tuple[Any, ...]]]:
    """A statement and rows: many workspaces with a few webhooks each."""
    made = to_micros(START)
    return (
        "INSERT INTO webhook (id, workspace_id, name, url, event_types, method, timeout_seconds, verify_ssl,"
        " ip_allowlist, headers, authentication_kind, signature_scheme, retry_delays_seconds, max_in_flight, status,"
        " status_changed_at, metadata, created_at, updated_at, consecutive_failures)"
        " SELECT id, workspace_id, 'n', 'https://example.com/' || id, '[\"ticket.*\"]', 'POST', 30, true, '[]', '',"
        f" 'NONE', 'HMAC_SHA256', '[]', 10, 'ACTIVE', {made}, '{{}}', {made}, {made}, 0 FROM {{rows}} AS new",
        (("id", "text"), ("workspace_id", "text")),
        [(new_id(WEBHOOK, START), workspace_id) for _ in range(WEBHOOKS) for workspace_id in workspace_ids],
    )


def rows_of(
    workspace_id: str, webhooks: Sequence[str], *, events: int = EVENTS
) -> Iterator[tuple[str, Columns, list[tuple[Any, ...]]]]:
    """Statements and rows for a workspace: every event goes to two webhooks, and some deliveries fail or wait."""
    made = to_micros(START)
    event_ids = [new_id(EVENT, START + timedelta(seconds=number)) for number in range(events)]
    deliveries = [
        (
            new_id(DELIVERY, START + timedelta(seconds=number)),
            event_id,
            webhooks[(number + place) % len(webhooks)],
            STATUSES.get(number % 100, "SUCCEEDED"),
        )
        for number, event_id in enumerate(event_ids)
        for place in range(2)
    ]
    yield (
        "INSERT INTO event (id, workspace_id, type, occurred_at, created_at, body, test, idempotency_key)"
        f" SELECT id, '{workspace_id}', type, {made}, {made}, '{{}}', test, key FROM {{rows}} AS new",
        (("id", "text"), ("type", "text"), ("test", "boolean"), ("key", "text")),
        [(id_, f"ticket.t{n % 10}", n % 50 == 0, f"key-{n}") for n, id_ in enumerate(event_ids)],
    )
    yield (
        "INSERT INTO delivery (id, workspace_id, event_id, webhook_id, event_type, test, status, trigger,"
        " attempt_count, retries_used, created_at, completed_at, sequence)"
        f" SELECT id, '{workspace_id}', event_id, webhook_id, 'ticket.t1', false, status, 'FIRST', 1, 0,"
        f" {made}, {made}, row_number() OVER (PARTITION BY webhook_id ORDER BY id) FROM {{rows}} AS new",
        (("id", "text"), ("event_id", "text"), ("webhook_id", "text"), ("status", "text")),
        deliveries,
    )
    yield (
        "INSERT INTO attempt (id, workspace_id, delivery_id, webhook_id, worker_id, number, trigger, started_at,"
        " duration_us, outcome, request_method, request_url, request_headers, response_truncated)"
        f" SELECT id, '{workspace_id}', delivery_id, webhook_id, 'wrk', 1, 'FIRST', {made}, 1, 'SUCCEEDED', 'POST',"
        " 'https://example.com', '[]', false FROM {rows} AS new",
        (("id", "text"), ("delivery_id", "text"), ("webhook_id", "text")),
        [
            (new_id(ATTEMPT, START + timedelta(seconds=n)), delivery[0], delivery[2])
            for n, delivery in enumerate(deliveries)
        ],
    )
    yield (
        "INSERT INTO audit_entry (id, workspace_id, at, actor, action)"
        f" SELECT id, '{workspace_id}', {made}, 'Ada', 'webhook.updated' FROM {{rows}} AS new",
        (("id", "text"),),
        [(new_id(AUDIT_ENTRY, START + timedelta(seconds=number)),) for number in range(5_000)],
    )
    yield (
        "INSERT INTO api_key (id, workspace_id, name, hint, key_hash, scopes, allowed_sources, created_at)"
        f" SELECT id, '{workspace_id}', 'n', 'hint', id, '[]', '[]', {made} FROM {{rows}} AS new",
        (("id", "text"),),
        [(new_id(API_KEY, START + timedelta(seconds=number)),) for number in range(2_000)],
    )


@asynccontextmanager
async def open_filled(database_url: str) -> AsyncIterator[Filled]:
    """Fill the tables of a migrated database."""
    async with Database(database_url) as database:
        workspaces = [new_id(WORKSPACE, START) for _ in range(100)]
        await database.fetch_rows(*webhooks_of(workspaces))
        for workspace_id in workspaces[:2]:
            for text, columns, rows in rows_of(workspace_id, await ids(database, "webhook", workspace_id)):
                await database.fetch_rows(text, columns, rows)
        if database.dialect == "postgres":  # PostgreSQL does so by itself, SQLite does not
            await database.execute("ANALYZE")
        found = [await ids(database, table, workspaces[0]) for table in ("webhook", "event", "delivery")]
        yield Filled(database, workspaces[0], *found)


async def ids(database: Database, table: str, workspace_id: str) -> list[str]:
    """The ids of a workspace's rows, in order."""
    rows = await database.fetch(f"SELECT id FROM {table} WHERE workspace_id = $1 ORDER BY id", workspace_id)
    return [row["id"] for row in rows]
