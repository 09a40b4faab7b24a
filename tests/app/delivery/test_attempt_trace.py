"""The trace of a publisher on its way to receivers, without an exporter."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.trace_context import TraceContext
from app.webhooks.drafts import HeaderDraft
from tests.receiver import Received, answer, in_turn
from tests.world import World, open_world

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACE = TraceContext(f"00-{TRACE_ID}-00f067aa0ba902b7-01", "vendor=1")


def sent(request: Received) -> list[tuple[str, str]]:
    """The headers of a request that carry a trace."""
    return [(name.lower(), value) for name, value in request.headers if name.lower().startswith("trace")]


async def test_every_attempt_carries_the_trace_of_the_publisher(world: World) -> None:
    world.receiver.on("/", in_turn(answer(500), answer(200)))
    await world.webhook(retry_delays_seconds=[300])

    await world.publish(trace=TRACE)
    await world.until_status("RETRYING")
    await world.advance(400)
    await world.sweep()
    await world.until_status("SUCCEEDED")

    assert [sent(request) for request in await world.receiver.received(2)] == [list(TRACE.headers)] * 2
    assert all(TRACE.traceparent in attempt["request_headers"] for attempt in await world.attempts())


async def test_an_event_without_a_trace_is_sent_without_one(world: World) -> None:
    await world.webhook()

    await world.publish()

    assert sent((await world.receiver.received())[0]) == []


async def test_an_attempt_names_its_trace_in_the_log_and_beside_its_duration(world: World) -> None:
    await world.webhook()

    with capture_logs() as logs:
        await world.publish(trace=TRACE)
        await world.until_status("SUCCEEDED")

    [line] = [line for line in logs if line["event"] == "delivery.attempted"]
    assert line["trace_id"] == TRACE_ID
    [duration] = [m for m in world.resources.metrics.registry.collect() if m.name.endswith("attempt_duration_seconds")]
    [exemplar] = [sample.exemplar for sample in duration.samples if sample.exemplar]
    assert exemplar.labels == {"trace_id": TRACE_ID, "span_id": TRACE.span_id}


async def test_a_trace_that_nobody_records_is_sent_but_is_no_exemplar(world: World) -> None:
    await world.webhook()
    unrecorded = TraceContext(f"00-{TRACE_ID}-00f067aa0ba902b7-00")

    await world.publish(trace=unrecorded)
    await world.until_status("SUCCEEDED")

    assert sent((await world.receiver.received())[0]) == list(unrecorded.headers)
    metrics = world.resources.metrics.registry.collect()
    assert not [sample for metric in metrics for sample in metric.samples if sample.exemplar]


@pytest.mark.parametrize("name", ["traceparent", "TraceParent", "tracestate"])
async def test_a_webhooks_own_header_wins_over_the_trace(world: World, name: str) -> None:
    await world.webhook(headers=(HeaderDraft(name, "its-own"),))

    await world.publish(trace=TRACE)

    assert sent((await world.receiver.received())[0]) == [(name.lower(), "its-own")]


async def test_receivers_get_no_trace_if_that_is_switched_off(database_url: str, tmp_path: Path) -> None:
    async with open_world(database_url, tmp_path, send_traceparent=False) as world:
        await world.webhook()

        await world.publish(trace=TRACE)
        await world.until_status("SUCCEEDED")

        assert sent((await world.receiver.received())[0]) == []
        assert [row["trace"] for row in await world.rows("event")] == [TRACE.packed()]


async def test_a_trace_that_the_server_began_is_not_told_to_receivers(world: World) -> None:
    await world.webhook()

    await world.publish(trace=TRACE._replace(from_caller=False))

    assert sent((await world.receiver.received())[0]) == []
