"""How many deliveries may be claimed: limits of a webhook, and a fair share of the process."""

from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.clock import Micros
from app.delivery.admission import SECOND, WORKSPACE_SHARE, admit, allot
from app.delivery.decide import BreakerPolicy
from app.delivery.webhook_state import WebhookState

NOW = Micros(1_000 * SECOND)
POLICY = BreakerPolicy(threshold=10, open_for=timedelta(seconds=30))


def state(
    *,
    max_in_flight: int = 20,
    rate: int | None = None,
    slot: int | None = None,
    held: int | None = None,
    failures: int = 0,
) -> WebhookState:
    return WebhookState(
        id="wh_1",
        workspace_id="ws_1",
        receives=True,
        updated_at=NOW,
        max_in_flight=max_in_flight,
        rate_limit_per_second=rate,
        next_slot_at=None if slot is None else Micros(slot),
        held_until=None if held is None else Micros(held),
        consecutive_failures=failures,
        failing_since=None,
    )


def test_a_healthy_webhook_may_have_as_many_as_its_limit() -> None:
    admission = admit(state(max_in_flight=7), NOW, POLICY)

    assert (admission.limit, admission.room, admission.again_at) == (7, 7, None)


def test_a_webhook_that_is_held_back_gets_none_until_then() -> None:
    admission = admit(state(held=NOW + 5), NOW, POLICY)

    assert (admission.limit, admission.room, admission.again_at) == (0, 0, NOW + 5)


def test_a_hold_that_has_ended_holds_no_more() -> None:
    assert admit(state(held=NOW), NOW, POLICY).room == 20


def test_a_webhook_whose_breaker_opened_gets_one_probe_at_a_time() -> None:
    admission = admit(state(failures=POLICY.threshold), NOW, POLICY)

    assert (admission.limit, admission.room) == (1, 1)


def test_attempts_of_a_rate_limited_webhook_start_at_even_intervals() -> None:
    admission = admit(state(rate=100), NOW, POLICY)

    assert [admission.slot(place) - NOW for place in range(3)] == [0, 10_000, 20_000]


@given(
    rate=st.integers(1, 10_000),
    waits=st.lists(st.integers(0, 2 * SECOND), min_size=1, max_size=50),
    max_in_flight=st.integers(1, 100),
)
def test_no_second_ever_sees_more_attempts_than_the_rate_allows(
    rate: int, waits: list[int], max_in_flight: int
) -> None:
    now, next_slot = NOW, None
    starts: list[int] = []
    for wait in waits:
        now = Micros(now + wait)
        admission = admit(state(rate=rate, slot=next_slot, max_in_flight=max_in_flight), now, POLICY)
        starts += [max(now, admission.slot(place)) for place in range(admission.room)]
        next_slot = admission.slot(admission.room)

    assert starts == sorted(starts)
    assert all(later - earlier >= SECOND for earlier, later in zip(starts, starts[rate:], strict=False))


@given(rate=st.integers(1, 10_000))
def test_a_rate_limited_webhook_that_used_its_slots_is_asked_again_when_there_are_new_ones(rate: int) -> None:
    first = admit(state(rate=rate, max_in_flight=10_000), NOW, POLICY)
    assert first.again_at is not None

    later = admit(state(rate=rate, slot=first.slot(first.room), max_in_flight=10_000), first.again_at, POLICY)

    assert (first.room >= 1, later.room >= 1) == (True, True)


def test_workspaces_share_a_process_evenly() -> None:
    wanted = [("busy", f"wh_{n}", 50) for n in range(10)] + [("quiet", "wh_q", 50)]

    rooms = allot(wanted, free=20, held={}, capacity=100)

    assert rooms["wh_q"] == 10
    assert sum(rooms.values()) == 20


def test_one_workspace_alone_never_holds_the_whole_process() -> None:
    rooms = allot([("busy", "wh_1", 1_000)], free=100, held={}, capacity=100)

    assert rooms["wh_1"] == 100 * WORKSPACE_SHARE


def test_a_workspace_that_holds_its_share_gets_no_more() -> None:
    rooms = allot([("busy", "wh_1", 10), ("quiet", "wh_2", 10)], free=25, held={"busy": 75}, capacity=100)

    assert rooms == {"wh_1": 0, "wh_2": 10}


@given(
    wanted=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30)), max_size=20),
    free=st.integers(0, 100),
    held=st.dictionaries(st.sampled_from("abc"), st.integers(0, 100)),
)
def test_no_more_is_allotted_than_is_free_wanted_and_fair(
    wanted: list[tuple[str, int]], free: int, held: dict[str, int]
) -> None:
    asked = [(workspace, f"wh_{n}", most) for n, (workspace, most) in enumerate(wanted)]

    rooms = allot(asked, free, held, capacity=100)

    assert rooms.keys() == {webhook for _, webhook, _ in asked}
    assert sum(rooms.values()) <= free
    assert all(0 <= rooms[webhook] <= most for _, webhook, most in asked)
    per_workspace = Counter[str]()
    for workspace, webhook, _ in asked:
        per_workspace[workspace] += rooms[webhook]
    assert all(given + held.get(workspace, 0) <= 75 or given == 0 for workspace, given in per_workspace.items())
