"""On both databases, with rows and statistics: every page of every list is read along an index, however it is filtered.

Which index SQLite takes is told in `test_listings`; PostgreSQL chooses by what is in the tables, so here there are some.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
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
from tests.clock import START

EVENTS = 20_000
WEBHOOKS = 40
# Of a hundred events; the others' deliveries have SUCCEEDED.
STATUSES = {0: "FAILED", **dict.fromkeys(range(10, 30), "PENDING"), **dict.fromkeys(range(30, 50), "RETRYING")}
# What a page may look at: its own rows, a few that a filter leaves out, and the ends of some indexes.
FEW = 500


@dataclass(frozen=True, slots=True)
class Filled:
    """A database with two workspaces of the same size, and ids from the middle of one."""

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


def assert_along_an_index(plan: Any, most: int | None) -> None:
    """Nothing is read as a whole, or read and then sorted; `most`: so many rows were looked at, at most."""
    if isinstance(plan, list):
        for step in plan:
            assert not (step.startswith("SCAN") and " USING " not in step and "part" not in step), plan
            assert "TEMP B-TREE FOR ORDER BY" not in step, plan
        return
    for node in nodes(plan):
        assert node["Node Type"] != "Seq Scan", plan
        looked_at = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
        assert most is None or looked_at <= most, plan


def rows_of(workspace_id: str) -> Iterator[tuple[str, Columns, list[tuple[Any, ...]]]]:
    """Statements and rows for a workspace: every event goes to two webhooks, some of which fail or wait."""
    made = to_micros(START)
    webhooks = [new_id(WEBHOOK, START) for _ in range(WEBHOOKS)]
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
        "INSERT INTO webhook (id, workspace_id, name, url, event_types, method, timeout_seconds, verify_ssl,"
        " ip_allowlist, headers, authentication_kind, signature_scheme, retry_delays_seconds, max_in_flight, status,"
        " status_changed_at, metadata, created_at, updated_at, consecutive_failures)"
        f" SELECT id, '{workspace_id}', 'n', 'https://example.com/' || id, '[\"ticket.*\"]', 'POST', 30, true, '[]', '',"
        f" 'NONE', 'HMAC_SHA256', '[]', 10, 'ACTIVE', {made}, '{{}}', {made}, {made}, 0 FROM {{rows}} AS new",
        (("id", "text"),),
        [(webhook_id,) for webhook_id in webhooks],
    )
    yield (
        "INSERT INTO event (id, workspace_id, type, occurred_at, created_at, body, test, idempotency_key)"
        f" SELECT id, '{workspace_id}', type, {made}, {made}, '{{}}', test, key FROM {{rows}} AS new",
        (("id", "text"), ("type", "text"), ("test", "boolean"), ("key", "text")),
        [(id_, f"ticket.t{n % 10}", n % 50 == 0, f"key-{n}") for n, id_ in enumerate(events)],
    )
    yield (
        "INSERT INTO delivery (id, workspace_id, event_id, webhook_id, event_type, test, status, trigger, attempt_count,"
        f" retries_used, created_at, completed_at) SELECT id, '{workspace_id}', event_id, webhook_id, 'ticket.t1', false,"
        f" status, 'FIRST', 1, 0, {made}, {made} FROM {{rows}} AS new",
        (("id", "text"), ("event_id", "text"), ("webhook_id", "text"), ("status", "text")),
        deliveries,
    )
    yield (
        "INSERT INTO attempt (id, workspace_id, delivery_id, webhook_id, worker_id, number, trigger, started_at,"
        " duration_us, outcome, request_method, request_url, request_headers, response_truncated)"
        f" SELECT id, '{workspace_id}', delivery_id, webhook_id, 'wrk', 1, 'FIRST', {made}, 1, 'SUCCEEDED', 'POST',"
        " 'https://example.com', '[]', false FROM {rows} AS new",
        (("id", "text"), ("delivery_id", "text"), ("webhook_id", "text")),
        [(new_id(ATTEMPT, START + timedelta(seconds=n)), delivery[0], delivery[2]) for n, delivery in enumerate(deliveries)],
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
        workspaces = [new_id(WORKSPACE, START) for _ in range(2)]
        for workspace_id in workspaces:
            async with database.transaction() as statements:
                for text, columns, rows in rows_of(workspace_id):
                    await statements.fetch_rows(text, columns, rows)
        await database.execute("ANALYZE")
        found = {
            table: [row["id"] for row in await database.fetch(f"{text} ORDER BY id", workspaces[0])]
            for table, text in (
                ("webhook", "SELECT id FROM webhook WHERE workspace_id = $1"),
                ("event", "SELECT id FROM event WHERE workspace_id = $1"),
                ("delivery", "SELECT id FROM delivery WHERE workspace_id = $1"),
            )
        }
        yield Filled(database, workspaces[0], found["webhook"], found["event"], found["delivery"])


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
    hour = TimeRange(since=START + timedelta(hours=1), until=START + timedelta(hours=5))
    for name, asked in {
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
    }.items():
        yield f"deliveries, {name}", deliveries(filled, **asked), delivery_id
    for name, asked in {
        "all": {},
        "with tests": {"include_tests": True},
        "of a type": {"types": ["ticket.t1"]},
        "of types": {"types": ["ticket.t1", "ticket.t2", "ticket.*"]},
        "of a key": {"idempotency_key": "key-10"},
        "of a time": {"time": hour},
        "of a type in a time": {"types": ["ticket.t1"], "time": hour},
    }.items():
        yield f"events, {name}", events(filled, **asked), event_id
    yield "audit log", listings.audit_log(filled.workspace_id), new_id(AUDIT_ENTRY, START + timedelta(seconds=2_500))
    yield "API keys", listings.api_keys(filled.workspace_id), new_id(API_KEY, START + timedelta(seconds=1_000))


WINDOWS = {
    "first": lambda cursor: Window(20),
    "last": lambda cursor: Window(20, from_end=True),
    "after": lambda cursor: Window(20, after=cursor),
    "before": lambda cursor: Window(20, from_end=True, before=cursor),
}


async def test_every_page_of_every_list_is_read_along_an_index(filled: Filled) -> None:
    for name, listing, cursor in lists(filled):
        for position, window in WINDOWS.items():
            explaining = Explaining(filled.database)

            page = await fetch_page(explaining, listing, window(cursor))
            for more in (page.has_next, page.has_previous):
                if callable(more):
                    await more()

            assert explaining.plans
            for plan in explaining.plans:
                try:
                    assert_along_an_index(plan, FEW)
                except AssertionError as e:
                    print(name, position, str(e)[:1500])
    assert 0

async def test_lists_within_lists(filled: Filled) -> None:
    first = Window(20)
    inner = listings.deliveries(filled.workspace_id, None, of_one=True)
    attempts = listings.attempts(filled.workspace_id)
    for children in (
        [Children(inner, first, "webhook_id", id_) for id_ in filled.webhook_ids],
        [Children(inner, first, "event_id", id_) for id_ in filled.event_ids[:100]],
        [Children(attempts, first, "delivery_id", id_) for id_ in filled.delivery_ids[:100]],
    ):
        explaining = Explaining(filled.database)

        await fetch_pages(explaining, children)

        [plan] = explaining.plans
        try: assert_along_an_index(plan, 40*21+100)
        except AssertionError as e: print(str(e)[:1500])
    assert 0
