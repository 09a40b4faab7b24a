"""The dashboard in a real browser: how long its first views take, and how long after a publish a row is on the screen.

The browser runs on the same cores as the server, so a busy machine makes both slower.
"""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from playwright.async_api import Browser, BrowserContext, Page, StorageState

from bench.installation import KEY, Installation, Mode, installed
from bench.load import Published, publish_steadily
from bench.measure import Line, Target, percentiles
from bench.read import filled, require_room
from bench.run import Run
from tests.app.web.browsing import CHROMIUM, started_browser

VIEWS = {"Webhooks": "webhooks", "Deliveries": "deliveries"}
VIEW_TARGET = Target(300, of_value=True)
EVENTS_PER_SECOND = (5, 50)
ROW_TARGET = Target(100, of_value=True)
PATIENCE_MS = 20_000
ROW = "main table tbody tr[data-key]"
# Notes when each row came into the document, by its ID, in milliseconds since the epoch.
WATCH = f"""
  window.rows = {{}};
  new MutationObserver(() => {{
    const at = performance.timeOrigin + performance.now();
    for (const row of document.querySelectorAll("{ROW}")) window.rows[row.dataset.key] ??= at;
  }}).observe(document, {{ childList: true, subtree: true }});
"""


DELIVERIES = """query Deliveries($after: String) {
  deliveries(first: 100, after: $after) { nodes { id event { id } } pageInfo { endCursor } }
}"""


class NoBrowser(Exception):
    """There is no Chromium on this machine."""


async def dashboard(run: Run) -> list[Line]:
    """First views at many deliveries on PostgreSQL, and live rows in each mode.

    Raises:
        NoBrowser: there is none to measure with.
        NoRoom: the disk is too small.
    """
    if CHROMIUM is None:
        raise NoBrowser("Install Chromium, so that the dashboard can be measured in a browser.")
    lines = []
    async with started_browser() as browser:
        for mode in run.modes:
            async with installed(run.services, mode, fan_out=1) as product:
                for per_second in EVENTS_PER_SECOND:
                    run.say(f"dashboard: {mode}, {per_second} events a second")
                    lines.append(await _live_row(run, browser, product, mode, per_second))
        return [*await _first_views(run, browser), *lines]


async def _first_views(run: Run, browser: Browser) -> list[Line]:
    """Time from the request of the page to its first row, with nothing cached and with the files cached."""
    many = run.sized(50_000, 300_000, 10_000_000)
    require_room(run.services.directory, many)
    lines = []
    async with filled(run, many) as product:
        state = await _session(browser, product)
        for title, path in VIEWS.items():
            run.say(f"dashboard: first view of {title}")
            cold, warm = [], []
            for _ in range(run.sized(5, 20)):
                async with _context(browser, product, state) as context:
                    cold.append(await _view(context, path))
                    warm.append(await _view(context, path))
            details = percentiles(cold).named() | percentiles(warm).named("files cached ")
            name = f"first view of {title}, nothing cached, p50"
            lines.append(
                Line("dashboard", f"{many:,} deliveries", name, details["p50 ms"], "ms", None, VIEW_TARGET, details)
            )
    return lines


async def _view(context: BrowserContext, path: str) -> float:
    """Milliseconds until the first row of a list is in the document."""
    page = await _opened(context, path)
    first = await page.evaluate("Math.min(...Object.values(window.rows)) - performance.timeOrigin")
    # Otherwise the server still counts for this view during the next one.
    await page.wait_for_load_state("networkidle")
    await page.close()
    return float(first)


async def _live_row(run: Run, browser: Browser, product: Installation, mode: Mode, per_second: int) -> Line:
    """p95 from the time at which an event was due to be published to its row in "Deliveries"."""
    await publish_steadily(product, 10, 1)  # so that the list has rows, and connections are open
    async with _context(browser, product, await _session(browser, product)) as context:
        page = await _opened(context, "deliveries")
        published = await publish_steadily(product, per_second, run.sized(3, 20))
        delays = published.since_due(await _rows_of(product, page, published))
    found = percentiles(delays)
    name = f"publish to the row in Deliveries, {per_second} a second, p95"
    return Line("dashboard", mode, name, found.p95, "ms", None, ROW_TARGET, found.named())


async def _rows_of(product: Installation, page: Page, published: Published) -> Mapping[str, int]:
    """When the row of each event came (ns, monotonic); waits until all are there."""
    ids: dict[str, str] = {}
    after = None
    while not published.due_at.keys() <= ids.keys():
        data = await product.client.ask(DELIVERIES, {"after": after})
        ids |= {node["event"]["id"]: node["id"] for node in data["deliveries"]["nodes"]}
        after = data["deliveries"]["pageInfo"]["endCursor"]
    wanted = [ids[event_id] for event_id in published.due_at]
    await page.wait_for_function("(ids) => ids.every((id) => id in window.rows)", arg=wanted, timeout=PATIENCE_MS)
    at = await page.evaluate("window.rows")
    monotonic = time.monotonic_ns() - time.time_ns()
    return {event_id: int(at[ids[event_id]] * 1e6) + monotonic for event_id in published.due_at}


async def _session(browser: Browser, product: Installation) -> StorageState:
    """Cookies of a person who has signed in."""
    context = await browser.new_context(base_url=product.url)
    await context.request.post("/dashboard/session", data={"key": KEY}, headers={"origin": product.url})
    state = await context.storage_state()
    await context.close()
    return state


@asynccontextmanager
async def _context(browser: Browser, product: Installation, state: StorageState) -> AsyncIterator[BrowserContext]:
    """A browser without cached files in which a person has signed in."""
    context = await browser.new_context(base_url=product.url, storage_state=state)
    await context.add_init_script(WATCH)
    yield context
    await context.close()


async def _opened(context: BrowserContext, path: str) -> Page:
    """A page with its first row."""
    page = await context.new_page()
    await page.goto(f"/dashboard#/{path}")
    await page.wait_for_selector(ROW, timeout=PATIENCE_MS)
    return page
