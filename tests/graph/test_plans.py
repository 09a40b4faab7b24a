"""On both databases: every page of every list is read along an index, however it is filtered.

Which index SQLite takes is told in `test_listings`. PostgreSQL chooses by what is in the tables, so here they are full.
"""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

import orjson
import pytest

from app.clock import to_micros
from app.database.batch import Columns
from app.database.database import Database, Row, Statements
from app.ids import API_KEY, ATTEMPT, AUDIT_ENTRY, DELIVERY, EVENT, WEBHOOK, WORKSPACE, new_id
from app.statuses import DeliveryStatus, WebhookStatus
from graph import listings
from graph.inputs.filters import DeliveryFilter, EventFilter, TimeRange, WebhookFilter
from graph.pagination import Children, Listing, Window, fetch_page, fetch_pages
from tests.app.operations.desk import Desk
from tests.clock import START
from tests.domain import Domain

EVENTS = 10_000
WEBHOOKS = 40
# Of a hundred events; the others' deliveries have SUCCEEDED.
STATUSES = {0: "FAILED", **dict.fromkeys(range(10, 30), "PENDING"), **dict.fromkeys(range(30, 50), "RETRYING")}
# What a page may look at: its own rows, and a few that a filter leaves out.
FEW = 500
# Along these there are only the deliveries of one event, and the one event of a key: they may be sorted.
SMALL = ("delivery_event_webhook", "event_idempotency")
PAGE = 20


@dataclass(frozen=True, slots=True)
class Filled:
    """A database with two big workspaces and many small ones, and the ids of one of the big ones."""

    database: Database
    workspace_id: str
    webhook_ids: Sequence[str]
    event_ids: Sequence[str]
    delivery_ids: Sequence[str]


class Explaining(Statements):
    """Runs statements, and keeps how each was run."""

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
    """No table is read as a whole, nor sorted more than `most` rows, nor (as PostgreSQL tells) so many looked at."""
    if isinstance(plan, list):
        for before, step in pairwise(["", *plan]):
            assert not re.match(r"SCAN (?!lane|found|part|\()", step), plan
            assert "TEMP B-TREE" not in step or re.match(rf"SCAN lane|.* INDEX ({'|'.join(SMALL)}) ", before), plan
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


def rows_of(workspace_id: str, webhooks: Sequence[str]) -> Iterator[tuple[str, Columns, list[tuple[Any, ...]]]]:
    """Statements and rows for a workspace: every event goes to two webhooks, some of which fail or wait."""
    made = to_micros(START)
    events = [new_id(EVENT, START + timedelta(seconds=number)) for number in range(EVENTS)]
    deliveries = [
        (
            new_id(DELIVERY, START + timedelta(seconds=number)),
            event_id,
            webhooks[(number + place) % WEBHOOKS],
            STATUSES.get(number % 100, "SUCCEEDED"),
        )
        for number, event_id in enumerate(events)
        for place in range(2)
    ]
    yield (
        "INSERT INTO event (id, workspace_id, type, occurred_at, created_at, body, test, idempotency_key)"
        f" SELECT id, '{workspace_id}', type, {made}, {made}, '{{}}', test, key FROM {{rows}} AS new",
        (("id", "text"), ("type", "text"), ("test", "boolean"), ("key", "text")),
        [(id_, f"ticket.t{n % 10}", n % 50 == 0, f"key-{n}") for n, id_ in enumerate(events)],
    )
    yield (
        "INSERT INTO delivery (id, workspace_id, event_id, webhook_id, event_type, test, status, trigger,"
        " attempt_count, retries_used, created_at, completed_at)"
        f" SELECT id, '{workspace_id}', event_id, webhook_id, 'ticket.t1', false, status,"
        f" 'FIRST', 1, 0, {made}, {made} FROM {{rows}} AS new",
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


@pytest.fixture
async def filled(database_url: str) -> AsyncIterator[Filled]:
    async with Database(database_url) as database:
        workspaces = [new_id(WORKSPACE, START) for _ in range(100)]
        await database.fetch_rows(*webhooks_of(workspaces))
        for workspace_id in workspaces[:2]:
            for text, columns, rows in rows_of(workspace_id, await ids(database, "webhook", workspace_id)):
                await database.fetch_rows(text, columns, rows)
        if database.dialect == "postgres":  # which does so by itself, SQLite does not
            await database.execute("ANALYZE")
        found = [await ids(database, table, workspaces[0]) for table in ("webhook", "event", "delivery")]
        yield Filled(database, workspaces[0], *found)


async def ids(database: Database, table: str, workspace_id: str) -> list[str]:
    rows = await database.fetch(f"SELECT id FROM {table} WHERE workspace_id = $1 ORDER BY id", workspace_id)
    return [row["id"] for row in rows]


def deliveries(filled: Filled, **given: Any) -> Listing:
    names = ("webhook_id", "event_id", "event_types", "statuses", "time")
    return listings.deliveries(filled.workspace_id, DeliveryFilter(**{name: given.get(name) for name in names}))


def events(filled: Filled, **given: Any) -> Listing:
    names = ("types", "time", "idempotency_key", "include_tests")
    return listings.events(filled.workspace_id, EventFilter(**{name: given.get(name) for name in names}))


def webhooks(filled: Filled, **given: Any) -> Listing:
    names = ("statuses", "event_type", "search")
    return listings.webhooks(filled.workspace_id, WebhookFilter(**{name: given.get(name) for name in names}))


def lists(filled: Filled) -> Iterator[tuple[str, Listing, str]]:
    """Every list with every filter, and a row in its middle to page from."""
    middle = EVENTS // 2
    event_id, delivery_id = filled.event_ids[middle], filled.delivery_ids[2 * middle]
    hour = TimeRange(since=START + timedelta(hours=1), until=START + timedelta(hours=2))
    of_deliveries: dict[str, dict[str, Any]] = {
        "all": {},
        "of a webhook": {"webhook_id": filled.webhook_ids[7]},
        "of an event": {"event_id": event_id},
        "of a type": {"event_types": ["ticket.t1"]},
        "of types": {"event_types": ["ticket.*", "agent.error"]},
        "failed": {"statuses": [DeliveryStatus.FAILED]},
        "open": {"statuses": [DeliveryStatus.PENDING, DeliveryStatus.RETRYING]},
        "succeeded": {"statuses": [DeliveryStatus.SUCCEEDED]},
        "ended": {"statuses": [DeliveryStatus.SUCCEEDED, DeliveryStatus.FAILED]},
        "of a time": {"time": hour},
        "failed of a webhook": {"webhook_id": filled.webhook_ids[0], "statuses": [DeliveryStatus.FAILED]},
        "failed of a webhook in a time": {
            "webhook_id": filled.webhook_ids[0],
            "statuses": [DeliveryStatus.FAILED],
            "time": hour,
        },
        "failed of an event": {"event_id": event_id, "statuses": [DeliveryStatus.FAILED]},
    }
    for name, asked in of_deliveries.items():
        yield f"deliveries, {name}", deliveries(filled, **asked), delivery_id
    of_events: dict[str, dict[str, Any]] = {
        "all": {},
        "with tests": {"include_tests": True},
        "of a type": {"types": ["ticket.t1"]},
        "of types": {"types": ["ticket.t1", "ticket.t2", "ticket.*"]},
        "of a key": {"idempotency_key": "key-10"},
        "of a time": {"time": hour},
        "of a type in a time": {"types": ["ticket.t1"], "time": hour},
    }
    for name, asked in of_events.items():
        yield f"events, {name}", events(filled, **asked), event_id
    of_webhooks: dict[str, dict[str, Any]] = {
        "all": {},
        "active": {"statuses": [WebhookStatus.ACTIVE]},
        "for a type": {"event_type": "ticket.created"},
        "found": {"search": "EXAMPLE"},
    }
    for name, asked in of_webhooks.items():
        yield f"webhooks, {name}", webhooks(filled, **asked), filled.webhook_ids[WEBHOOKS // 2]
    yield "audit log", listings.audit_log(filled.workspace_id), new_id(AUDIT_ENTRY, START + timedelta(seconds=2_500))
    yield "API keys", listings.api_keys(filled.workspace_id), new_id(API_KEY, START + timedelta(seconds=1_000))


def lists_within_lists(filled: Filled) -> Iterator[tuple[Listing, str, Sequence[str]]]:
    """Lists that belong to each of many rows: which column names the row, and the rows."""
    failed = DeliveryFilter(
        webhook_id=None,
        event_id=None,
        event_types=None,
        statuses=[DeliveryStatus.FAILED, DeliveryStatus.CANCELED],
        time=None,
    )
    for asked in (None, failed):
        listing = listings.deliveries(filled.workspace_id, asked, of_one=True)
        yield listing, "webhook_id", filled.webhook_ids
        yield listing, "event_id", filled.event_ids[:100]
    yield listings.attempts(filled.workspace_id), "delivery_id", filled.delivery_ids[:100]


def windows(cursor: str) -> Iterator[Window]:
    """The four pages that a client can ask for."""
    yield Window(PAGE)
    yield Window(PAGE, from_end=True)
    yield Window(PAGE, after=cursor)
    yield Window(PAGE, from_end=True, before=cursor)


async def test_every_page_of_every_list_is_read_along_an_index(filled: Filled) -> None:
    for name, listing, cursor in lists(filled):
        for window in windows(cursor):
            explaining = Explaining(filled.database)

            page = await fetch_page(explaining, listing, window)
            for goes_on in (page.has_next, page.has_previous):
                if callable(goes_on):
                    await goes_on()

            assert len(explaining.plans) == (2 if window.has_cursor else 1), name
            for plan in explaining.plans:
                assert_along_an_index(plan, FEW)
    for listing, column, parents in lists_within_lists(filled):
        explaining = Explaining(filled.database)

        await fetch_pages(explaining, [Children(listing, Window(PAGE), column, parent) for parent in parents])

        [plan] = explaining.plans
        assert_along_an_index(plan, len(parents) * (PAGE + 1) + FEW)


async def test_what_has_one_of_several_statuses_is_one_list(domain: Domain) -> None:
    desk = Desk(domain)
    await desk.webhook()
    statuses = ("FAILED", "PENDING", "SUCCEEDED", "RETRYING", "FAILED", "PENDING", "RETRYING")
    for event_id, status in zip(await desk.publish(len(statuses)), statuses, strict=True):
        await desk.become(status, event_id=event_id)
    asked = DeliveryFilter(
        webhook_id=None, event_id=None, event_types=None, statuses=[DeliveryStatus(s) for s in statuses[:2]], time=None
    )
    listing = listings.deliveries(domain.caller.workspace_id, asked)

    first = await fetch_page(domain.resources.database, listing, Window(3))
    second = await fetch_page(domain.resources.database, listing, Window(3, after=first.rows[-1]["id"]))
    last = await fetch_page(domain.resources.database, listing, Window(2, from_end=True))

    wanted = [row["id"] for row in await desk.deliveries() if row["status"] in {"FAILED", "PENDING"}][::-1]
    assert [row["id"] for row in (*first.rows, *second.rows)] == wanted
    assert [row["id"] for row in last.rows] == wanted[-2:]
    assert (first.has_next, second.has_next) == (True, False)
