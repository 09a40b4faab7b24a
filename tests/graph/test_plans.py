"""On both databases: every page of every list is read along an index, however it is filtered.

`test_listings` checks which index SQLite uses. PostgreSQL chooses by the contents of the tables, so they are full here.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from app.clock import to_micros
from app.feed import FeedAsked, read_feeds
from app.ids import API_KEY, AUDIT_ENTRY, new_id
from app.stats.accounting import AccountingAsked, account
from app.statuses import AttemptOutcome, DeliveryStatus, HealthState, WebhookStatus
from app.webhooks.health.fetch import fetch_health
from app.webhooks.health.state import state_sql
from graph import listings
from graph.cursors import Window
from graph.inputs.filters import DeliveryFilter, EventFilter, TimeRange, WebhookFilter
from graph.inputs.search import DataCondition, IntRange
from graph.pagination import MAX_LOOKED, Children, Listing, fetch_page, fetch_pages
from tests.app.operations.desk import Desk
from tests.clock import START
from tests.domain import Domain
from tests.graph.full_tables import EVENTS, WEBHOOKS, Explaining, Filled, assert_along_an_index, nodes, open_filled

# How many rows a page may read: its own, and a few that a filter leaves out.
FEW = 500
NOTHING: Any = "nothing"
PAGE = 20
# As much again that webhooks missed, at later places.
_MISSED_TOO = (
    "INSERT INTO missed_delivery (id, workspace_id, webhook_id, event_id, created_at, sequence)"
    f" SELECT 'm' || id, workspace_id, webhook_id, event_id, created_at, sequence + {2 * EVENTS} FROM delivery",
    f"INSERT INTO webhook_sequence (webhook_id, last_sequence) SELECT id, {3 * EVENTS} FROM webhook",
    "INSERT INTO webhook_feed (webhook_id, expired_before) SELECT id, 2 FROM webhook",
)
# Parents of lists: SQLite allows 500 SELECTs in a statement.
MANY = 600


@pytest.fixture
async def filled(database_url: str) -> AsyncIterator[Filled]:
    async with open_filled(database_url) as filled:
        yield filled


def deliveries(filled: Filled, **given: Any) -> Listing[Any]:
    names = ("webhook_id", "event_id", "event_types", "statuses", "time")
    asked = DeliveryFilter(**{**dict.fromkeys(names), **given})
    return listings.deliveries(filled.workspace_id, asked)


def events(filled: Filled, **given: Any) -> Listing[Any]:
    names = ("types", "time", "idempotency_key", "include_tests")
    return listings.events(filled.workspace_id, EventFilter(**{name: given.get(name) for name in names}))


def webhooks(filled: Filled, **given: Any) -> Listing[Any]:
    names = ("statuses", "event_type", "search")
    return listings.webhooks(filled.workspace_id, WebhookFilter(**{name: given.get(name) for name in names}))


def lists(filled: Filled) -> Iterator[tuple[str, Listing[Any], str]]:
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


def lists_within_lists(filled: Filled) -> Iterator[tuple[Listing[Any], str, Sequence[str]]]:
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
        yield listing, "event_id", filled.event_ids[:MANY]
    yield listings.attempts(filled.workspace_id), "delivery_id", filled.delivery_ids[:MANY]


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


async def test_a_search_looks_at_a_limited_number_of_rows(filled: Filled) -> None:
    searches: list[dict[str, Any]] = [
        {"outcomes": [AttemptOutcome.TIMEOUT]},
        {"response_status": IntRange(from_=700, to=None)},
        {"data": [DataCondition(path="ticket.id", equals=NOTHING)]},
        {"search": "nothing"},
        {"event_types": ["ticket.none", "agent.*"]},
        {"search": "nothing", "webhook_id": filled.webhook_ids[7]},
        {"search": "nothing", "statuses": [DeliveryStatus.PENDING, DeliveryStatus.RETRYING]},
    ]
    for asked in searches:
        explaining = Explaining(filled.database)

        page = await fetch_page(explaining, deliveries(filled, **asked), Window(PAGE))

        assert page.rows == []
        assert (page.stopped_at is None) == ("webhook_id" in asked), asked
        for plan in explaining.plans:
            assert_along_an_index(plan, 2 * MAX_LOOKED)
    for types in (["ticket.none", "ticket.none2"], ["agent.*"]):
        explaining = Explaining(filled.database)

        page = await fetch_page(explaining, events(filled, types=types), Window(PAGE))

        assert (page.rows, page.stopped_at is None) == ([], False)
        for plan in explaining.plans:
            assert_along_an_index(plan, 2 * MAX_LOOKED)


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
    second = await fetch_page(domain.resources.database, listing, Window(3, after=first.rows[-1].id))
    last = await fetch_page(domain.resources.database, listing, Window(2, from_end=True))

    wanted = [row["id"] for row in await desk.deliveries() if row["status"] in {"FAILED", "PENDING"}][::-1]
    assert [row.id for row in (*first.rows, *second.rows)] == wanted
    assert [row.id for row in last.rows] == wanted[-2:]
    assert (first.has_next, second.has_next) == (True, False)


async def test_health_of_a_page_is_read_along_indexes_however_big_the_tables(filled: Filled) -> None:
    explaining = Explaining(filled.database)

    found = await fetch_health(
        explaining,
        filled.workspace_id,
        filled.webhook_ids,
        now=START,
        breaker_threshold=10,
        disable_after=timedelta(days=5),
    )

    assert set(found) == set(filled.webhook_ids)
    assert {health.backlog for health in found.values()} == {2 * EVENTS // WEBHOOKS * 40 // 100}
    [plan] = explaining.plans
    if isinstance(plan, list):
        scanned = [step for step in plan if step.startswith("SCAN ") and "json_each" not in step]
        assert set(scanned) <= {"SCAN counted", "SCAN recent", "SCAN CONSTANT ROW"}, plan
    else:
        assert_along_an_index(plan, 2 * EVENTS // WEBHOOKS + FEW)


async def test_feeds_and_accounts_are_read_along_indexes_however_big_the_tables(filled: Filled) -> None:
    for text in _MISSED_TOO:
        await filled.database.execute(text)
    if filled.database.dialect == "postgres":
        await filled.database.execute("ANALYZE")
    webhooks, explaining = filled.webhook_ids[:10], Explaining(filled.database)

    asked = [FeedAsked(webhook_id, 100, PAGE) for webhook_id in webhooks]
    feeds = await read_feeds(explaining, filled.workspace_id, asked)
    ends = [FeedAsked(webhook_id, 2 * EVENTS, PAGE) for webhook_id in webhooks]
    past = await read_feeds(explaining, filled.workspace_id, ends)
    accounts = await account(explaining, filled.workspace_id, [AccountingAsked(one, None, None) for one in webhooks])

    assert {len(feed.items) for feed in feeds.values()} == {PAGE}
    assert {feed.items[0].sequence for feed in past.values()} == {2 * EVENTS + 1}
    assert {found.matched for found in accounts.values()} == {2 * 2 * EVENTS // WEBHOOKS}
    *of_feeds, of_accounts = explaining.plans
    for plan in of_feeds:
        assert_along_an_index(plan, len(webhooks) * PAGE + FEW)
    if filled.database.dialect == "postgres":
        assert all(node["Node Type"] != "Seq Scan" for node in nodes(of_accounts)), of_accounts
    else:
        assert not any(step.startswith(("SCAN d", "SCAN m")) for step in of_accounts), of_accounts


async def test_webhooks_are_filtered_by_health_along_indexes(filled: Filled) -> None:
    state, values = state_sql(to_micros(START), 10)
    for wanted in HealthState:
        explaining = Explaining(filled.database)
        listing = webhooks(filled).where(f"{state} IN (?)", *values, wanted)

        await fetch_page(explaining, listing, Window(PAGE))

        [plan] = explaining.plans
        assert_along_an_index(plan, FEW)
