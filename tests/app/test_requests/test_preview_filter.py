"""On both databases: a filter is tried on past events, newest first, as many as there is time for."""

from dataclasses import replace
from typing import Any

import pytest

from app.access.caller import system
from app.errors import Forbidden, Rejected, UserErrorCode
from app.statuses import Scope
from app.test_requests import preview_filter as preview
from app.test_requests.preview_filter import Preview, preview_filter
from tests.app.operations.desk import Desk
from tests.domain import Domain
from tests.graph.full_tables import Explaining, assert_along_an_index, open_filled

URGENT = 'data.ticket.priority == "urgent"'


async def previewed(domain: Domain, expression: str | None = None, **asked: Any) -> Preview:
    given = {"event_types": None, "since": None, **asked}
    return await preview_filter(domain.resources, domain.caller, expression, **given)


async def test_the_newest_events_are_looked_at_up_to_a_number(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "BATCH", 2)
    monkeypatch.setattr(preview, "MAX_LOOKED", 4)
    monkeypatch.setattr(preview, "MAX_SHOWN", 2)
    desk = Desk(domain)
    ids = await desk.publish(3) + await desk.publish(1, priority="low") + await desk.publish(2)

    found = await previewed(domain, URGENT)

    assert (found.looked, found.matched) == (4, 3)
    assert found.event_ids == [ids[5], ids[4]]


async def test_only_events_of_the_types_and_since_the_time_are_looked_at(domain: Domain) -> None:
    desk = Desk(domain)
    await desk.publish(2)
    since = domain.clock.advance(60)
    await desk.publish(3)
    await desk.publish(1, event_type="ticket.resolved", resolvedBy="agent_1")
    await desk.publish(1, caller=domain.stranger)

    everything = await previewed(domain)
    resolved = await previewed(domain, event_types=["ticket.resolved"])
    created = await previewed(domain, URGENT, event_types=["ticket.created"], since=since)

    assert (everything.looked, everything.matched) == (6, 6)
    assert (resolved.looked, resolved.matched) == (1, 1)
    assert (created.looked, created.matched) == (3, 3)


async def test_no_batch_begins_after_the_time(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "BATCH", 2)
    await Desk(domain).publish(5)

    found = await previewed(domain, max_seconds=0)

    assert found.looked == 2


async def test_an_event_that_somebody_changed_by_hand_does_not_affect_the_others(domain: Domain) -> None:
    [first, _] = await Desk(domain).publish(2)
    await domain.rows("UPDATE event SET body = 'no json' WHERE id = $1", first)

    found = await previewed(domain, URGENT)

    assert (found.looked, found.matched) == (2, 1)


async def test_all_that_is_wrong_is_said_at_once(domain: Domain) -> None:
    with pytest.raises(Rejected) as rejected:
        await previewed(domain, "data.", event_types=["tickets.*"])

    assert [(problem.code, problem.path) for problem in rejected.value.problems] == [
        (UserErrorCode.INVALID, ("eventTypes", "0")),
        (UserErrorCode.INVALID_FILTER, ("filter",)),
    ]


async def test_previewing_takes_the_scope_read(domain: Domain) -> None:
    caller = replace(domain.caller, scopes=frozenset(Scope) - {Scope.READ})

    with pytest.raises(Forbidden):
        await preview_filter(domain.resources, caller, None, None, None)


async def test_a_rare_type_is_read_along_an_index(database_url: str) -> None:
    async with open_filled(database_url) as filled:
        explaining = Explaining(filled.database)

        ids = await preview._newest(
            explaining, system(filled.workspace_id), ["ticket.t3", "ticket.none"], None, "evt_8"
        )

    assert len(ids) == preview.BATCH
    [plan] = explaining.plans
    assert_along_an_index(plan, 3 * preview.BATCH)
