"""i. Fair: how much receivers that hang or answer slowly cost the others, and how much a very busy workspace costs
another.

The load is steady and far below the machine's limit, so that this measures waiting, not saturation.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from statistics import median

from bench.client import Client
from bench.deliver import publish
from bench.installation import Installation, Mode, installed
from bench.load import Published, publish_steadily
from bench.measure import Line, Target, percentiles
from bench.meter import Meter
from bench.run import Run
from bench.workload import LANES, event_type

WEBHOOKS = 50
HANGING, SLOW = range(0, WEBHOOKS, 10), range(5, WEBHOOKS, 10)
BAD = (*HANGING, *SLOW)
GOOD = tuple(number for number in range(WEBHOOKS) if number not in BAD)
PER_WEBHOOK = 2  # events per second
TIMEOUT_SECONDS = 5
PATIENCE_SECONDS = 30.0
POLL_SECONDS = 0.05
THROUGHPUT_TARGET = Target(0.9, at_most=False)
LATENCY_TARGET = Target(1.2)
FLOODED_TARGET_MS = Target(1_000, of_value=True)


async def fair(run: Run) -> list[Line]:
    """How well good webhooks do beside bad ones, and a quiet workspace beside a busy one, in both modes."""
    lines: list[Line] = []
    for mode in run.modes:
        lines += [*await _beside_bad_webhooks(run, mode), await _beside_a_flood(run, mode)]
    return lines


class Window:
    """Throughput of the good webhooks' events per second, and their latency (ms)."""

    def __init__(self, published: Published, arrived: dict[str, int]) -> None:
        self.took_ms = [
            (arrived[event_id] - due_at) / 1e6 if event_id in arrived else PATIENCE_SECONDS * 1_000
            for event_id, due_at in published.due_at.items()
        ]
        came = [arrived[event_id] for event_id in published.due_at if event_id in arrived]
        self.per_second = len(came) * 1e9 / (max(came) - min(published.due_at.values())) if came else 0.0
        self.p95 = percentiles(self.took_ms).p95


async def _beside_bad_webhooks(run: Run, mode: Mode) -> list[Line]:
    """The same load on the good webhooks without and with load on the bad ones, in turns."""
    async with installed(run.services, mode, fan_out=0) as product:
        bad = await _make_webhooks(product)
        await _good(product, 2)  # warm
        without, beside = [], []
        rounds = run.sized(1, 5)
        for number in range(rounds):
            run.say(f"fair: {mode}, hanging receivers, round {number + 1} of {rounds}")
            await _set(product, bad, "pauseWebhook")
            without.append(await _good(product, run.sized(4, 8, 20)))
            await _set(product, bad, "resumeWebhook")
            beside.append(await _good(product, run.sized(4, 8, 20), beside_bad=True))
            # Pending requests end, so that the next round begins without any.
            await _set(product, bad, "pauseWebhook")
            await asyncio.sleep(TIMEOUT_SECONDS)
    return _lines(f"{mode}, {len(HANGING)} of {WEBHOOKS} hang, {len(SLOW)} are slow", without, beside)


async def _make_webhooks(product: Installation) -> list[str]:
    """Create all webhooks; return the IDs of the bad ones."""
    bad = []
    for number in range(WEBHOOKS):
        kind = "hang" if number in HANGING else "slow" if number in SLOW else "hook"
        made = await product.make_webhook(f"/{kind}/{number}", [event_type(number)], timeoutSeconds=TIMEOUT_SECONDS)
        if number in BAD:
            bad.append(made)
    return bad


async def _set(product: Installation, webhook_ids: Sequence[str], mutation: str) -> None:
    document = f"mutation Set($input: WebhookIdInput!) {{ {mutation}(input: $input) {{ userErrors {{ message }} }} }}"
    for webhook_id in webhook_ids:
        await product.client.ask(document, {"input": {"id": webhook_id}})


async def _good(product: Installation, seconds: float, *, beside_bad: bool = False) -> Window:
    """Publish to the good webhooks, with `beside_bad` also to the others, and wait for the deliveries to the good
    ones.
    """
    await product.receipts()
    bad = BAD if beside_bad else ()
    published, _ = await asyncio.gather(
        publish_steadily(product, PER_WEBHOOK * len(GOOD), seconds, GOOD, chance=random.Random(1)),
        publish_steadily(product, PER_WEBHOOK * len(bad), seconds, bad, chance=random.Random(2)),
    )
    return Window(published, await _arrived(product, published))


async def _arrived(product: Installation, published: Published) -> dict[str, int]:
    """When each event arrived, without those that did not arrive in time."""
    arrived: dict[str, int] = {}
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not published.due_at.keys() <= arrived.keys() and time.monotonic() < ends_at:
        arrived = await product.arrivals() | arrived
        await asyncio.sleep(POLL_SECONDS)
    return arrived


def _lines(case: str, without: Sequence[Window], beside: Sequence[Window]) -> list[Line]:
    taken, least = ([ms for window in windows for ms in window.took_ms] for windows in (beside, without))
    details = percentiles(taken).named() | percentiles(least).named("without ")
    return [
        Line(
            *("fair", case, f"throughput of the other {len(GOOD)}"),
            *(median(window.per_second for window in beside), "deliveries/s"),
            median(window.per_second for window in without),
            THROUGHPUT_TARGET,
        ),
        Line(
            *("fair", case, f"publish to receipt of the other {len(GOOD)}, p95"),
            *(median(window.p95 for window in beside), "ms", median(window.p95 for window in without)),
            LATENCY_TARGET,
            details,
        ),
    ]


async def _beside_a_flood(run: Run, mode: Mode) -> Line:
    """How long one workspace's events take, one per second, alone and beside another's many."""
    flood = run.sized(2_000, 10_000, 100_000)
    run.say(f"fair: {mode}, beside {flood:,} events of another workspace")
    async with (
        installed(run.services, mode, fan_out=1) as product,
        Client(product.url, await product.make_workspace("Quiet")) as quiet,
    ):
        await product.make_webhook("/hook/quiet", [event_type(0)], quiet)
        await publish(product, 10 * LANES)  # warm
        await product.until_delivered(10 * LANES)
        alone = await publish_steadily(product, 1, run.sized(3, 5), [0], quiet)
        alone_ms = max(Window(alone, await _arrived(product, alone)).took_ms)
        done = await product.delivered()
        flooding = asyncio.create_task(_flood(product, flood, done + flood))
        meter = Meter(product)
        published = Published()
        while not flooding.done():
            part, _ = await asyncio.gather(publish_steadily(product, 1, 1, [0], quiet), asyncio.sleep(1))
            published.due_at |= part.due_at
        await flooding
        reading = meter.read()
        took = Window(published, await _arrived(product, published)).took_ms
    details = {**percentiles(took).named(), "events": float(len(took)), "s of flood": reading.seconds}
    return Line(
        *("fair", f"{mode}, beside {flood:,} of another workspace", "one event a second, the slowest"),
        *(max(took), "ms", alone_ms),
        FLOODED_TARGET_MS,
        details | reading.each(flood),
    )


async def _flood(product: Installation, count: int, delivered: int) -> None:
    await publish(product, count)
    await product.until_delivered(delivered)
