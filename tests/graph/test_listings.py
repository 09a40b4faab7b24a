"""The index that a list is read along. SQLite has no statistics to choose by, so its choice is always the same."""

from typing import Any

import pytest

from app.database.database import Database
from app.statuses import DeliveryStatus
from graph import listings
from graph.inputs.filters import DeliveryFilter, EventFilter
from graph.pagination import Listing
from tests.graph.conftest import on_sqlite_only


def deliveries(*, of_one: bool = False, **given: Any) -> Listing[Any]:
    """The deliveries that match a filter."""
    names = ("webhook_id", "event_id", "event_types", "statuses", "time")
    asked = DeliveryFilter(**{name: given.get(name) for name in names})
    return listings.deliveries("ws", asked, of_one=of_one)


def events(**given: Any) -> Listing[Any]:
    """The events that match a filter."""
    names = ("types", "time", "idempotency_key", "include_tests")
    return listings.events("ws", EventFilter(**{name: given.get(name) for name in names}))


FAILED = [DeliveryStatus.FAILED]


@on_sqlite_only
@pytest.mark.parametrize(
    ("listing", "index"),
    [
        (deliveries(), "delivery_workspace"),
        (deliveries(event_types=["ticket.*"]), "delivery_workspace"),
        (deliveries(statuses=FAILED), "delivery_workspace_not_succeeded"),
        (deliveries(webhook_id="wh"), "delivery_webhook"),
        (deliveries(webhook_id="wh", statuses=FAILED), "delivery_webhook_not_succeeded"),
        (deliveries(event_id="evt"), "delivery_event_webhook"),
        (deliveries(event_id="evt", statuses=FAILED), "delivery_event_webhook"),
        (deliveries(of_one=True).where("webhook_id = ?", "wh"), "delivery_webhook"),
        (deliveries(of_one=True).where("event_id = ?", "evt"), "delivery_event_webhook"),
        (listings.attempts("ws").where("delivery_id = ?", "dlv"), "attempt_delivery"),
        (events(), "event_workspace"),
        (events(types=["ticket.created"]), "event_workspace_type"),
        (events(idempotency_key="k"), "event_idempotency"),
        (listings.audit_log("ws"), "idx_audit_entry_workspa_65a5b0"),
    ],
)
async def test_a_list_is_read_along_the_index_of_the_narrowest_thing_that_is_known(
    database_url: str, listing: Listing[Any], index: str
) -> None:
    async with Database(database_url) as database:
        steps = await database.fetch("EXPLAIN QUERY PLAN " + listing.statement("DESC", 21), *listing.values)

    assert any(f"INDEX {index} (" in step["detail"] for step in steps[:2])
