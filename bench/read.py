"""e. Read: every list and the statistics at two sizes of the database; how much more the bigger one costs, and how the
database executes the queries.

Compares the CPU of server and database together, which other work on the machine disturbs less than the time.
"""

import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import asyncpg
import psutil

from app.web.dashboard.operations import read_operations
from bench.history import fill
from bench.installation import KEY, Installation, installed, served_again
from bench.measure import Line, Percentiles, Plan, Target, percentiles
from bench.plans import plans_of, rows_without_index
from bench.processes import Process, cpu_of, peaks_of, used_since
from bench.run import Run
from bench.workload import LANES, event_type

SMALL = 10_000
WARM = 10
BYTES_A_DELIVERY = 2_500  # with its event, attempt and indexes, and what PostgreSQL writes meanwhile
PAGE_TARGET = Target(1.2)
# What the dashboard sends before a list is on the screen, from its own files, and what fills in the rest.
VIEWS = {
    "first view of the dashboard, 100 webhooks": "Webhooks",
    "first view of its deliveries, 100": "Deliveries",
    "first view of one webhook with its day": "WebhookDetails",
}
AFTERWARDS = {"counts of the first view": "WebhookCounts", "count of its deliveries": "DeliveryCount"}
VIEW_TARGET = Target(50, of_value=True)
_PAGE = "edges { node { id } } pageInfo { endCursor hasNextPage }"


def queries(webhook_id: str) -> dict[str, str]:
    """The queries, by name."""
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
        **{name: _dashboard(operation, webhook_id) for name, operation in (VIEWS | AFTERWARDS).items()},
        "stats of a day": f"{{ stats {{ {counts} }} }}",
        "stats of a webhook's day": f"{{ stats({of_webhook}) {{ {counts} }} }}",
    }


def _dashboard(name: str, webhook_id: str) -> str:
    """An operation of the dashboard, as it sends it: for 100 rows, or for one webhook."""
    documents = {operation.name: operation.document for operation in read_operations()}
    asked = documents[name].replace("$first: Int", "$first: Int = 100")
    return asked.replace("$id: ID!", f'$id: ID! = "{webhook_id}"')


class NoRoom(Exception):
    """The disk is too small for the data to be loaded."""


@dataclass(frozen=True)
class Asked:
    """Cost of a query at one size: CPU of the server and the database (ms), and the time."""

    cpu_ms: float
    took: Percentiles
    peaks: Mapping[str, float]


class Sized:
    """An installation with a number of deliveries; no worker runs, so that all CPU is for reading."""

    def __init__(self, product: Installation) -> None:
        self._product = product
        self._took: list[float] = []

    @property
    def _processes(self) -> dict[str, Process]:
        """The server, and the database's processes that serve it."""
        return {"api": self._product.processes["api"]} | {str(pid): Process(pid) for pid in self._backends}

    async def begin(self, document: str) -> None:
        """Ask a few times, and start measuring."""
        for _ in range(WARM):
            await self._product.client.ask(document)
        self._backends = await _backends(self._product.database_url)
        self._before, self._took = cpu_of(self._processes), []

    async def ask(self, document: str) -> None:
        """Ask once."""
        started = perf_counter()
        await self._product.client.ask(document)
        self._took.append((perf_counter() - started) * 1_000)

    def end(self) -> Asked:
        """The cost since `begin`."""
        cpu_ms = sum(used_since(self._before, self._processes).values()) * 1_000
        return Asked(cpu_ms / len(self._took), percentiles(self._took), peaks_of(self._product.processes))


async def read(run: Run) -> list[Line]:
    """Each query at 10 thousand deliveries and, alternating, at many more, on PostgreSQL.

    Raises:
        NoRoom: the disk is too small.
    """
    big = run.sized(50_000, 300_000, 10_000_000)
    require_room(run.services.directory, big)
    async with AsyncExitStack() as stack:
        products = [await stack.enter_async_context(filled(run, count)) for count in (SMALL, big)]
        small, many = (Sized(product) for product in products)
        [webhook_id, *_] = await webhook_ids(products[0])
        [big_webhook_id, *_] = await webhook_ids(products[1])
        asked, asked_of_many = queries(webhook_id), queries(big_webhook_id)
        lines = []
        run.say("read: plans")
        plans = await plans_of(products[1].environment, KEY, asked_of_many)
        for name, document in asked.items():
            run.say(f"read: {name}")
            await small.begin(document)
            await many.begin(asked_of_many[name])
            for number in range(run.sized(40, 200)):
                if number % 2:
                    await small.ask(document)
                await many.ask(asked_of_many[name])
                if not number % 2:
                    await small.ask(document)
            lines.append(_line(name, f"{big:,} beside {SMALL:,}", small.end(), many.end(), plans[name]))
    return lines


def require_room(directory: Path, deliveries: int) -> None:
    """Check that the disk has room for the deliveries, before spending minutes on them.

    Raises:
        NoRoom: it has not.
    """
    free, needed = shutil.disk_usage(directory).free, deliveries * BYTES_A_DELIVERY
    if free < needed:
        raise NoRoom(
            f"{deliveries:,} deliveries take about {needed / 1e9:,.1f} GB while they are loaded, and {directory} has"
            f" {free / 1e9:,.1f} GB left: make room, or name another disk in TMPDIR."
        )


@asynccontextmanager
async def filled(run: Run, count: int) -> AsyncIterator[Installation]:
    """An installation with a history; it is stopped while it is filled, because its indexes are dropped meanwhile."""
    async with installed(run.services, "distributed", fan_out=1) as product:
        ids = await webhook_ids(product)
    event_types = [event_type(lane) for lane in range(LANES)]
    await fill(product.database_url, count, ids, event_types, lambda far: run.say(f"read: loading, {far}"))
    async with served_again(run.services, product) as served:
        yield served


async def webhook_ids(product: Installation) -> list[str]:
    """The IDs of its webhooks, at most 100."""
    data = await product.client.ask("{ webhooks(first: 100) { edges { node { id } } } }")
    return [edge["node"]["id"] for edge in data["webhooks"]["edges"]]


async def _backends(database_url: str) -> list[int]:
    """PostgreSQL's processes for the connections to a database."""
    connection = await asyncpg.connect(database_url)
    try:
        statement = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        return [row["pid"] for row in await connection.fetch(statement) if psutil.pid_exists(row["pid"])]
    finally:
        await connection.close()


def _line(name: str, case: str, small: Asked, many: Asked, plans: Sequence[Plan]) -> Line:
    details = many.took.named() | small.took.named("small ") | dict(many.peaks)
    details["rows read without an index"] = float(sum(rows_without_index(plan.whole) for plan in plans))
    target = VIEW_TARGET if name in VIEWS else PAGE_TARGET if name.endswith("50") else None
    return Line("read", case, name, many.cpu_ms, "ms of CPU", small.cpu_ms, target, details, plans)
