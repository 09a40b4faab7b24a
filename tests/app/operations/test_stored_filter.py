"""A filter is read as it was stored, also by the next version."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.data_conditions import DataCondition
from app.delivery_filter import DeliveryFilter, IntRange, TimeRange
from app.operations.stored_filter import from_json, to_json
from app.statuses import AttemptOutcome, DeliveryStatus

texts = st.text(max_size=5)
times = st.none() | st.integers(0, 10**12).map(lambda ms: datetime.fromtimestamp(ms // 1_000, UTC))
numbers = st.none() | st.integers(0, 999)
filters = st.builds(
    DeliveryFilter,
    webhook_id=st.none() | texts,
    event_id=st.none() | texts,
    event_types=st.none() | st.lists(texts),
    statuses=st.lists(st.sampled_from(DeliveryStatus)),
    time=st.builds(TimeRange, times, times),
    ids=st.none() | st.lists(texts),
    outcomes=st.none() | st.lists(st.sampled_from(AttemptOutcome)),
    response_status=st.none() | st.builds(IntRange, numbers, numbers),
    include_tests=st.none() | st.booleans(),
    data=st.none() | st.lists(st.builds(DataCondition, texts, texts | st.integers() | st.booleans())),
    search=st.none() | texts,
)


@given(filters)
def test_a_filter_is_read_as_it_was_stored(asked: DeliveryFilter) -> None:
    assert from_json(to_json(asked)) == asked


def test_a_filter_that_an_earlier_version_stored_is_read() -> None:
    stored = {
        "webhookId": None,
        "eventId": None,
        "eventTypes": ["ticket.*"],
        "statuses": ["FAILED"],
        "time": {"since": None, "until": None},
    }

    assert from_json(stored) == DeliveryFilter(
        event_types=["ticket.*"], statuses=[DeliveryStatus.FAILED], time=TimeRange()
    )
