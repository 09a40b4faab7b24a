"""Between the bus and a subscription: what is filtered, how often it sends, and until when."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta

import pytest

from app.clock import Micros
from app.delivery_filter import DeliveryFilter, TimeRange
from app.errors import Unauthenticated
from app.ids import DELIVERY, lowest_id, new_id
from app.statuses import DeliveryStatus
from app.updates.bus import Batch
from app.updates.cursor import Cursor
from app.updates.update import Topic, Update
from graph.context import Context
from graph.following import follow, up_to, wanted_by, while_allowed
from graph.loaders import Loaders
from graph.messages import delivery_messages
from graph.pace import Pace
from tests.clock import START
from tests.domain import Domain
from tests.graph.conftest import Api
from tests.patience import PATIENCE_SECONDS

UPDATE = Update("ws", new_id(DELIVERY, START), Micros(0), "evt_1", "wh_1", "ticket.created", "PENDING", None)


def a_pace(per_second: float = 10) -> Pace:
    """The pace of a subscription, the only one of its process."""
    return Pace(per_second, lambda: 1)


def during(since: datetime | None, until: datetime | None) -> DeliveryFilter:
    """A filter of a time."""
    return DeliveryFilter(time=TimeRange(since=since, until=until))


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (None, True),
        (DeliveryFilter(), True),
        (
            DeliveryFilter(
                webhook_id="wh_1", event_id="evt_1", event_types=["ticket.*"], statuses=[DeliveryStatus.PENDING]
            ),
            True,
        ),
        (DeliveryFilter(webhook_id="wh_2"), False),
        (DeliveryFilter(event_id="evt_2"), False),
        (DeliveryFilter(event_types=["agent.*"]), False),
        (DeliveryFilter(event_types=["agent.*", "ticket.created"]), True),
        (DeliveryFilter(event_types=[]), False),
        (DeliveryFilter(statuses=[DeliveryStatus.FAILED]), False),
        (DeliveryFilter(statuses=[]), False),
        (during(START, START + timedelta(milliseconds=1)), True),
        (during(START + timedelta(milliseconds=1), None), False),
        (during(None, START), False),
        (during(None, None), True),
        (during(datetime.min.replace(tzinfo=START.tzinfo), None), True),
    ],
)
def test_an_update_is_wanted_by_what_it_says_itself(asked: DeliveryFilter | None, wanted: bool) -> None:
    assert wanted_by(asked)(UPDATE) is wanted


def test_an_update_at_the_edge_of_a_time_is_in_it_from_its_beginning() -> None:
    edge = UPDATE._replace(subject_id=lowest_id(DELIVERY, START))

    assert wanted_by(during(START, None))(edge)
    assert not wanted_by(during(None, START))(edge)


@pytest.fixture
async def context(domain: Domain, api: Api) -> Context:
    found = Context(domain.resources, Loaders.of_nobody(domain.resources), "127.0.0.1")
    await found.authenticate(api.key)
    return found


async def test_nothing_is_passed_on_once_the_key_is_revoked(context: Context, api: Api) -> None:
    batches = while_allowed(context, follow(context, Topic.DELIVERIES, None))
    await anext(batches)
    other = await api.with_key(context.caller)
    await other.change("revokeApiKey", {"id": context.caller.api_key_id}, "userErrors { code }")

    context.resources.updates.announce(Topic.DELIVERIES, [UPDATE._replace(workspace_id=context.caller.workspace_id)])
    with pytest.raises(Unauthenticated):
        async with asyncio.timeout(PATIENCE_SECONDS):
            await anext(batches)

    assert context.resources.updates.followers == 0


async def test_who_catches_up_goes_exactly_as_far_as_the_others_are() -> None:
    async def batches() -> AsyncGenerator[Batch, None]:
        yield Batch((("1-1", UPDATE), ("1-2", UPDATE)), "1-2", gap=True)
        yield Batch((("1-3", UPDATE), ("1-4", UPDATE)), "1-4", gap=False)
        raise AssertionError("asked for more than it wanted")

    within = [batch async for batch in up_to(Cursor(1, 3), batches())]
    at_once = [batch async for batch in up_to(Cursor(1, 2), batches())]

    assert within == [
        Batch((("1-1", UPDATE), ("1-2", UPDATE)), "1-2", gap=True),
        Batch((("1-3", UPDATE),), "1-3", gap=False),
    ]
    assert at_once == within[:1]


async def test_a_follower_that_catches_up_gets_everything_beyond_a_gap() -> None:
    async def batches() -> AsyncGenerator[Batch, None]:
        yield Batch((("2-1", UPDATE),), "2-1", gap=True)

    assert [batch async for batch in up_to(Cursor(1, 3), batches())] == [Batch((("2-1", UPDATE),), "2-1", gap=True)]


async def test_who_wants_nothing_of_what_happens_still_learns_the_cursor_now_and_then(context: Context) -> None:
    async def batches() -> AsyncGenerator[Batch, None]:
        for number in range(3):
            yield Batch((("1-1", UPDATE),), f"1-{number}", gap=number == 2)

    async def told(seconds: float) -> list[str]:
        messages = delivery_messages(context, batches(), lambda _: False, a_pace(), cursor_seconds=seconds)
        return [message.cursor async for message in messages]

    now_and_then, seldom = await told(0), await told(60)

    assert now_and_then == ["1-0", "1-1", "1-2"]
    assert seldom == ["1-0", "1-2"]


async def test_news_after_a_quiet_time_leave_at_once_and_later_ones_as_often_as_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("graph.pace.asyncio.sleep", sleep)
    pace = a_pace(4)
    for _ in range(4):
        await pace.after_message()

    assert len(slept) == 3  # half a second's messages leave at once
    assert slept[-1] == pytest.approx(0.75, abs=0.25)


async def test_what_is_not_wanted_costs_no_token(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)

    async def batches() -> AsyncGenerator[Batch, None]:
        for number in range(20):
            yield Batch((("1-1", UPDATE._replace(webhook_id=f"wh_{number}")),), f"1-{number}", gap=False)

    monkeypatch.setattr("graph.pace.asyncio.sleep", noted)
    wanted = wanted_by(DeliveryFilter(webhook_id="wh_19"))
    messages = delivery_messages(context, batches(), wanted, a_pace(1), cursor_seconds=60)
    told = [(message.cursor, len(message.updates)) async for message in messages]

    assert told == [("1-0", 0), ("1-19", 1)]
    assert sum(slept[:-1]) < 0.01
