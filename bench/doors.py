"""Doors: events published singly by publishEvent, beside POST /events with the same events."""

import itertools
from collections.abc import Iterator, Sequence
from statistics import median

import orjson

from bench.accept import CLIENTS, Measured, measure
from bench.client import PUBLISH_EVENT, request
from bench.installation import Mode, installed
from bench.measure import Line, Target, percentiles
from bench.run import Run
from bench.workload import LANES, event

TARGET = Target(1.4)


async def doors(run: Run) -> list[Line]:
    """CPU of an event over GraphQL and over plain HTTP, in turns, in both modes. Each event has an idempotency key,
    because a CloudEvent always has one.
    """
    lines: list[Line] = []
    rounds, seconds = run.sized(2, 6), run.sized(2, 3)
    for mode in run.modes:
        async with installed(run.services, mode, fan_out=0) as product:
            over_graphql: list[Measured] = []
            over_http: list[Measured] = []
            mutations, cloud_events = _mutations(), _cloud_events()
            for number in range(rounds):
                run.say(f"doors: {mode}, round {number + 1} of {rounds}")
                for send, bodies, measured in (
                    (product.client.send, mutations, over_graphql),
                    (product.client.send_event, cloud_events, over_http),
                ):
                    measured.append(await measure(send, product.all_processes, bodies, CLIENTS, 1, seconds))
        lines.append(_line(mode, over_graphql, over_http))
    return lines


def _mutations() -> Iterator[bytes]:
    for number in itertools.count():
        yield request(PUBLISH_EVENT, {"input": event(number % LANES) | {"idempotencyKey": f"/bench graphql-{number}"}})


def _cloud_events() -> Iterator[bytes]:
    for number in itertools.count():
        yield orjson.dumps({"specversion": "1.0", "source": "/bench", "id": f"http-{number}", **event(number % LANES)})


def _line(mode: Mode, over_graphql: Sequence[Measured], over_http: Sequence[Measured]) -> Line:
    mutation, cloud_event = (median(one.cpu_ms["api"] for one in rounds) for rounds in (over_graphql, over_http))
    beside = {
        **percentiles([ms for one in over_graphql for ms in one.answer_ms]).named(),
        **percentiles([ms for one in over_http for ms in one.answer_ms]).named("POST /events "),
        "events/s": median(one.per_second for one in over_graphql),
        "POST /events, events/s": median(one.per_second for one in over_http),
    }
    return Line(
        "doors", f"{mode}, {CLIENTS} clients", "publishEvent", mutation, "ms of CPU", cloud_event, TARGET, beside
    )
