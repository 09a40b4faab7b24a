from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from app.updates import Topic, Update
from app.updates.redis_streams.outbox import MAX_PARCEL, Outbox, Parcel
from tests.app.updates.follower import an_update, some_updates

CAPACITY = 20


def _taken(outbox: Outbox) -> list[Parcel]:
    parcels: list[Parcel] = []
    while some := outbox.take(7):
        parcels += some
    return parcels


@given(st.lists(st.lists(st.sampled_from(["ws_a", "ws_b", "ws_c"]), max_size=30)))
def test_everything_comes_out_in_order_or_is_reported_lost(announcements: list[list[str]]) -> None:
    outbox = Outbox(CAPACITY)
    put: dict[str, list[Update]] = defaultdict(list)
    for at, workspaces in enumerate(announcements):
        updates = [an_update(100 * at + nth, workspace_id) for nth, workspace_id in enumerate(workspaces)]
        outbox.put(Topic.DELIVERIES, updates)
        for update in updates:
            put[update.workspace_id].append(update)
        assert len(outbox) <= CAPACITY

    parcels = _taken(outbox)

    for workspace_id, announced in put.items():
        mine = [parcel for parcel in parcels if parcel.stream == (Topic.DELIVERIES, workspace_id)]
        came_out = [update for parcel in mine for update in parcel.updates]
        assert came_out == announced[len(announced) - len(came_out) :]
        assert [parcel.lost for parcel in mine] == [len(came_out) < len(announced)] + [False] * (len(mine) - 1)
    assert len(outbox) == 0
    assert not outbox.filled.is_set()


def test_the_fullest_is_emptied_first() -> None:
    outbox = Outbox(CAPACITY)
    outbox.put(Topic.DELIVERIES, some_updates([1, 2, 3], "ws_quiet"))
    outbox.put(Topic.DELIVERIES, some_updates(range(18), "ws_loud"))

    quiet, loud = outbox.take(100)

    assert (len(quiet.updates), quiet.lost) == (3, False)
    assert (loud.updates, loud.lost) == ((), True)


def test_a_loss_is_reported_once() -> None:
    outbox = Outbox(CAPACITY)
    outbox.put(Topic.DELIVERIES, some_updates(range(30)))
    outbox.put(Topic.DELIVERIES, [an_update(31)])

    first = outbox.take(100)
    outbox.put(Topic.DELIVERIES, [an_update(32)])

    stream = (Topic.DELIVERIES, "ws_a")
    assert first == [Parcel(stream, (an_update(31),), lost=True)]
    assert outbox.take(100) == [Parcel(stream, (an_update(32),), lost=False)]


def test_a_loud_workspace_waits_its_turn() -> None:
    outbox = Outbox(10_000)
    outbox.put(Topic.DELIVERIES, some_updates(range(1_000), "ws_loud"))
    outbox.put(Topic.DELIVERIES, some_updates([1], "ws_quiet"))

    parcels = outbox.take(250)

    assert [(parcel.stream[1], len(parcel.updates)) for parcel in parcels] == [
        ("ws_loud", MAX_PARCEL),
        ("ws_quiet", 1),
        ("ws_loud", MAX_PARCEL),
        ("ws_loud", MAX_PARCEL),
    ]


def test_topics_are_streams_of_their_own() -> None:
    outbox = Outbox(CAPACITY)
    outbox.put(Topic.DELIVERIES, [an_update(1)])
    outbox.put(Topic.WEBHOOKS, [an_update(2)])

    assert [parcel.stream[0] for parcel in outbox.take(100)] == [Topic.DELIVERIES, Topic.WEBHOOKS]
