"""l. Rows: what a filter costs a page of deliveries, and health a page of webhooks, in a database with many rows.

Each query takes turns with the same page without it. Compares the CPU of server and database together.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import NamedTuple

from bench.history import customer
from bench.installation import KEY, Installation
from bench.measure import Line, Plan, Target
from bench.plans import plans_of, rows_without_index
from bench.read import Asked, Sized, filled, require_room, webhook_ids
from bench.run import Run
from bench.workload import event_type

DELIVERIES = (
    "{{ deliveries(first: 50{}) {{ nodes {{ id status createdAt }} pageInfo {{ endCursor }} searchedUntil }} }}"
)
# What the dashboard's list asks for.
WEBHOOKS = "{{ webhooks(first: 100) {{ nodes {{ id name url eventTypes {} }} }} }}"
HEALTH = "health { state reason lastSuccessAt lastFailureAt }"
TIMES = 10
FILTER_TARGET, HEALTH_TARGET = Target(3.0), Target(2.0)


class _Pages(NamedTuple):
    """A page without something and the same with it."""

    case: str
    name: str
    plain: str
    changed: str


async def rows(run: Run) -> list[Line]:
    """The pages on PostgreSQL, with as many deliveries as `read` has.

    Raises:
        NoRoom: the disk is too small.
    """
    big = run.sized(50_000, 300_000, 10_000_000)
    require_room(run.services.directory, big)
    async with filled(run, big) as product:
        return await measured(run, product, big)


async def measured(run: Run, product: Installation, deliveries: int) -> list[Line]:
    """The lines of an installation with that many deliveries of `bench.history`."""
    filters = await _filters(product)
    queries = {name: DELIVERIES.format(f", filter: {{{text}}}") for name, text in filters.items()}
    health = {"webhooks with health, 100": WEBHOOKS.format(HEALTH)}
    run.say("rows: plans")
    plans = await plans_of(product.environment, KEY, queries | health)
    case = f"{deliveries:,} deliveries"
    lines = []
    for name, document in queries.items():
        run.say(f"rows: {name}")
        data = await product.client.ask(document)
        stopped = data["deliveries"]["searchedUntil"] is not None
        target = None if stopped else FILTER_TARGET
        label = f"{name}: says searchedUntil" if stopped else name
        pages = _Pages(case, label, DELIVERIES.format(""), document)
        lines.append(await _line(run, product, pages, target, plans[name]))
    for name, document in health.items():
        run.say(f"rows: {name}")
        pages = _Pages(case, name, WEBHOOKS.format(""), document)
        lines.append(await _line(run, product, pages, HEALTH_TARGET, plans[name]))
    return lines


async def _filters(product: Installation) -> Mapping[str, str]:
    """Each filter alone: of much, of little and of nothing."""
    [webhook_id, *_] = await webhook_ids(product)
    page = await product.client.ask("{ deliveries(first: 1) { nodes { id event { id } } } }")
    [newest] = page["deliveries"]["nodes"]
    since = datetime.now(UTC) - timedelta(days=5)
    hour = f'since: "{since.isoformat()}", until: "{(since + timedelta(hours=1)).isoformat()}"'
    return {
        "webhookId": f'webhookId: "{webhook_id}"',
        "eventId": f'eventId: "{newest["event"]["id"]}"',
        "ids": f'ids: ["{newest["id"]}"]',
        "search for an ID": f'search: "{newest["id"]}"',
        "time": f"time: {{{hour}}}",
        "eventTypes, 1 in 100": f'eventTypes: ["{event_type(7)}"]',
        "eventTypes, pattern of all": 'eventTypes: ["bench.*"]',
        "eventTypes, none": 'eventTypes: ["bench.none"]',
        "statuses, 1 in 50": "statuses: [FAILED]",
        "statuses, two": "statuses: [FAILED, RETRYING]",
        "statuses, none": "statuses: [RETRYING]",
        "outcomes, 1 in 50": "outcomes: [HTTP_ERROR]",
        "outcomes, none": "outcomes: [TIMEOUT]",
        "responseStatus, 1 in 50": "responseStatus: {from: 500, to: 599}",
        "responseStatus, none": "responseStatus: {from: 418, to: 418}",
        "includeTests": "includeTests: false",
        "data, 1 in 10,000": f'data: [{{path: "customer", equals: "{customer(7)}"}}]',
        "data, none": 'data: [{path: "customer", equals: "nobody"}]',
        "search, 1 in 10,000": f'search: "{customer(7)}"',
        "search, none": 'search: "nobody"',
    }


async def _line(run: Run, product: Installation, pages: _Pages, target: Target | None, plans: list[Plan]) -> Line:
    costs: dict[str, list[Asked]] = {pages.plain: [], pages.changed: []}
    for _ in range(run.sized(2, 5)):
        for document, found in costs.items():
            found.append(await _asked(product, document))
    plain, changed = (median(one.cpu_ms for one in found) for found in costs.values())
    details = {
        "p50 ms": median(one.took.p50 for one in costs[pages.changed]),
        "p50 ms without": median(one.took.p50 for one in costs[pages.plain]),
        "statements": float(len(plans)),
        "rows read without an index": float(sum(rows_without_index(plan.whole) for plan in plans)),
    }
    return Line("rows", pages.case, pages.name, changed, "ms of CPU", plain, target, details, plans)


async def _asked(product: Installation, document: str) -> Asked:
    sized = Sized(product)
    await sized.begin(document)
    for _ in range(TIMES):
        await sized.ask(document)
    return sized.end()
