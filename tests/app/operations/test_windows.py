"""On both databases: an operation looks for deliveries in windows, and leaves nothing out."""

from typing import Any

import pytest

from app.data_conditions import DataCondition
from app.delivery_filter import DeliveryFilter, IntRange
from app.errors import Rejected, UserErrorCode
from app.operations import windows
from app.operations.bulk import cancel_deliveries
from app.statuses import AttemptOutcome, DeliveryStatus, OperationStatus
from tests.app.operations.desk import Desk
from tests.graph.full_tables import Explaining, assert_along_an_index, open_filled

WANTED = DataCondition("ticket.id", "tkt_wanted")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of a few rows, and batches of two."""
    monkeypatch.setattr(windows, "LOOKED", 3)
    monkeypatch.setattr(windows, "LOOKED_WITH_EVENTS", 3)
    monkeypatch.setattr("app.operations.bulk.BATCH", 2)


async def published(desk: Desk, wanted: set[int], count: int) -> None:
    """Deliveries of which those at some places are wanted: by data, text, type, outcome and status."""
    await desk.webhook()
    for place in range(count):
        if place in wanted:
            await desk.publish(event_type="ticket.updated", id="tkt_wanted", changes=[])
        else:
            await desk.publish(id="tkt_other")
    await desk.domain.rows(
        "UPDATE delivery SET last_outcome = 'HTTP_ERROR', last_response_status = 500"
        " WHERE event_type = 'ticket.updated'"
    )


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "given",
    [
        {"data": [WANTED]},
        {"search": "TKT_wanted"},
        {"event_types": ["ticket.updated"]},
        {"outcomes": [AttemptOutcome.HTTP_ERROR]},
        {"response_status": IntRange(500, None), "search": "wanted"},
    ],
)
@pytest.mark.parametrize("wanted", [{0, 1, 2, 3, 4, 10}, {5, 6}, {8}, {11}, set(range(12)), set[int]()])
async def test_all_that_a_search_matches_is_changed_wherever_its_windows_end(
    desk: Desk, given: dict[str, Any], wanted: set[int]
) -> None:
    await published(desk, wanted, 12)

    matched = await cancel_deliveries(desk.domain.resources, desk.domain.caller, DeliveryFilter(**given))
    operation = await desk.done(matched)

    statuses = await desk.statuses()
    assert {place for place, status in enumerate(statuses) if status == DeliveryStatus.CANCELED} == wanted
    assert (operation.status, operation.matched, operation.done) == (
        OperationStatus.COMPLETED,
        len(wanted),
        len(wanted),
    )


async def test_a_search_that_would_read_very_many_events_is_refused_with_what_to_do(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "LOOKED", 2)
    monkeypatch.setattr(windows, "MAX_EVENTS_READ", 4)
    await published(desk, {0}, 5)

    with pytest.raises(Rejected, match="More than 4 events would have to be read") as rejected:
        await cancel_deliveries(desk.domain.resources, desk.domain.caller, DeliveryFilter(data=[WANTED]))
    by_type = DeliveryFilter(event_types=["ticket.updated"])
    allowed = await cancel_deliveries(desk.domain.resources, desk.domain.caller, by_type, dry_run=True)

    [problem] = rejected.value.problems
    assert (problem.code, problem.path) == (UserErrorCode.TOO_MANY, ("filter",))
    assert allowed.matched == 1


async def test_a_window_is_read_along_an_index_and_looks_at_no_more_than_its_rows(database_url: str) -> None:
    async with open_filled(database_url) as filled:
        for given in (
            {"event_types": ["ticket.none"]},
            {"outcomes": [AttemptOutcome.TIMEOUT]},
            {"data": [DataCondition("ticket.id", "none")]},
            {"search": "none", "webhook_id": filled.webhook_ids[3]},
            {"ids": filled.delivery_ids[:3]},
        ):
            explaining = Explaining(filled.database)
            asked = DeliveryFilter(statuses=list(DeliveryStatus), **given)

            chosen = await windows.choose(explaining, filled.workspace_id, asked, "dlv_z", None, 500)

            [plan] = explaining.plans
            assert_along_an_index(plan, 2 * windows.LOOKED)
            assert len(chosen.ids) == (3 if "ids" in given else 0)
