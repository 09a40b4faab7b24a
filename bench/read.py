"""e. Read: every list and the statistics at two sizes of the database; how much more the bigger one costs.

Compared is the CPU of server and database together, which other work on the machine disturbs less than the time.
"""

from dataclasses import dataclass
from time import perf_counter

import asyncpg

from bench.history import fill
from bench.installation import Installation, installed
from bench.measure import Line, Percentiles, Target, percentiles
from bench.processes import cpu_of, used_since
from bench.run import Run
from bench.workload import LANES, event_type

SMALL = 10_000
PAGE_TARGET = Target(1.2)
_PAGE = "edges { node { id } } pageInfo { endCursor hasNextPage }"


def queries(webhook_id: str) -> dict[str, str]:
    """What is asked, by its name."""
    of_webhook = f'webhookId: "{webhook_id}"'
    rows = "edges { node { id status attemptCount createdAt } } pageInfo { endCursor hasNextPage }"
    counts = "deliveries succeeded failed attempts latencyMs { p95 }"
    return {
        "deliveries, 50": f"{{ deliveries(first: 50) {{ {rows} }} }}",
        "deliveries of a webhook, 50": f"{{ deliveries(first: 50, filter: {{{of_webhook}}}) {{ {rows} }} }}",
        "failed deliveries, 50": f"{{ deliveries(first: 50, filter: {{statuses: [FAILED]}}) {{ {rows} }} }}",
        "oldest deliveries, 50": f"{{ deliveries(last: 50) {{ {rows} }} }}",
        "events, 50": f"{{ events(first: 50) {{ {_PAGE} }} }}",
        "webhooks, 50": f"{{ webhooks(first: 50) {{ {_PAGE} }} }}",
        "stats of a day": f"{{ stats {{ {counts} }} }}",
        "stats of a webhook's day": f"{{ stats({of_webhook}) {{ {counts} }} }}",
    }


@dataclass(frozen=True)
class Asked:
    """What a query took: CPU of the server and the database (ms), time, and rows read without an index for them."""

    cpu_ms: float
    took: Percentiles
    rows_scanned: int


async def read(run: Run) -> list[Line]:
    """The median of each query at 10 thousand deliveries and at many more, on PostgreSQL."""
    big = run.sized(50_000, 300_000, 10_000_000)
    async with installed(run.services, "distributed", fan_out=1) as product:
        webhook_ids = await _webhook_ids(product)
        event_types = [event_type(lane) for lane in range(LANES)]
        measured: list[dict[str, Asked]] = []
        for more in (SMALL, big - SMALL):
            run.say(f"read: loading {more:,} deliveries")
            await fill(product.database_url, more, webhook_ids, event_types)
            run.say("read: asking")
            asked = queries(webhook_ids[0])
            measured.append({name: await _measured(product, asked[name], run.sized(40, 150)) for name in asked})
    small, many = measured
    return [_line(name, f"{big:,} beside {SMALL:,}", small[name], many[name]) for name in small]


async def _webhook_ids(product: Installation) -> list[str]:
    data = await product.client.ask("{ webhooks(first: 100) { edges { node { id } } } }")
    return [edge["node"]["id"] for edge in data["webhooks"]["edges"]]


async def _measured(product: Installation, document: str, times: int) -> Asked:
    for _ in range(5):
        await product.client.ask(document)
    processes = {name: process for name, process in product.all_processes.items() if name != "worker"}
    before, cpu = await _rows_scanned(product), cpu_of(processes)
    took = []
    for _ in range(times):
        started = perf_counter()
        await product.client.ask(document)
        took.append((perf_counter() - started) * 1_000)
    cpu_ms = sum(used_since(cpu, processes).values()) * 1_000 / times
    return Asked(cpu_ms, percentiles(took), (await _rows_scanned(product) - before) // times)


async def _rows_scanned(product: Installation) -> int:
    connection = await asyncpg.connect(product.database_url)
    try:
        statement = (
            "SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE relname IN ('event', 'delivery', 'attempt')"
        )
        return int(await connection.fetchval(statement))
    finally:
        await connection.close()


def _line(name: str, case: str, small: Asked, many: Asked) -> Line:
    target = PAGE_TARGET if name.endswith("50") else None
    details = many.took.named() | {"rows scanned without an index": float(many.rows_scanned)}
    return Line("read", case, name, many.cpu_ms, "ms of CPU", small.cpu_ms, target, details)
