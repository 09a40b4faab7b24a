"""A receiver that proves that nothing is missing: it accepts pushes, notices gaps by `webhook-sequence`, and fills them
from the webhook's feed. It may be killed at any moment.

    pip install starlette uvicorn httpx standardwebhooks
    EEV_URL=http://127.0.0.1:8000 EEV_KEY=… WEBHOOK_ID=wh_… WEBHOOK_SECRET=whsec_… PORT=9000 python complete.py

EEV_KEY needs the scope FEED only.
"""

import asyncio
import os
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FEED = f"{os.environ['EEV_URL']}/feed/{os.environ['WEBHOOK_ID']}"
HEADERS = {"Authorization": f"Bearer {os.environ['EEV_KEY']}"}
# Numbers arrive out of order, because requests run in parallel. Those missing for longer are fetched.
PATIENCE_SECONDS = float(os.environ.get("PATIENCE_SECONDS", "2"))

webhook = Webhook(os.environ["WEBHOOK_SECRET"])


class Store:
    """Handled events. In a real program these are tables beside those that `work` writes."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("complete.db", isolation_level=None)
        self._database.executescript(
            "CREATE TABLE IF NOT EXISTS handled (event_id TEXT PRIMARY KEY, sequence INTEGER UNIQUE, type TEXT);"
            "CREATE TABLE IF NOT EXISTS complete (up_to INTEGER);"
            "INSERT INTO complete SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM complete);"
        )

    def take(self, sequence: int | None, event: dict[str, Any]) -> None:
        """Handle an event unless it was handled before, in one transaction with the note of that."""
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            added = self._database.execute(
                "INSERT OR IGNORE INTO handled VALUES (?, ?, ?)", [event["id"], sequence, event["type"]]
            )
            if added.rowcount:
                work(event)
            self._move(self.up_to)

    @property
    def up_to(self) -> int:
        """The number up to which nothing is missing."""
        [place] = self._database.execute("SELECT up_to FROM complete").fetchone()
        return int(place)

    def forgotten_before(self, place: int) -> None:
        """The server no longer has what is missing below a number: continue from there."""
        if place - 1 > self.up_to:
            print(f"places up to {place - 1} may be lost", file=sys.stderr, flush=True)
            with self._database:
                self._move(place - 1)

    def _move(self, up_to: int) -> None:
        while self._database.execute("SELECT 1 FROM handled WHERE sequence = ?", [up_to + 1]).fetchone():
            up_to += 1
        self._database.execute("UPDATE complete SET up_to = ?", [up_to])


store = Store()
hole = asyncio.Event()


def work(event: dict[str, Any]) -> None:
    """Replace this by your own program."""
    print(event["type"], event["id"], flush=True)


async def receive(request: Request) -> Response:
    """Answer 2xx to accepted events and to duplicates."""
    body = await request.body()
    try:
        webhook.verify(body, dict(request.headers))
    except WebhookVerificationError:
        return Response(status_code=401)
    place = request.headers.get("webhook-sequence")  # a test has none
    sequence = None if place is None else int(place)
    store.take(sequence, await request.json())
    if sequence is not None and sequence > store.up_to:
        hole.set()
    return Response(status_code=204)


async def fill_holes(client: httpx.AsyncClient) -> None:
    """Fetch missing events: at the start, and whenever a number is missing for longer than usual."""
    hole.set()
    while True:
        await hole.wait()
        hole.clear()
        await asyncio.sleep(PATIENCE_SECONDS)
        try:
            await fill(client)
        except (httpx.HTTPError, ValueError) as error:
            print(f"trying again: {error}", file=sys.stderr, flush=True)
            hole.set()


async def fill(client: httpx.AsyncClient) -> None:
    """Fetch everything after the number up to which nothing is missing."""
    after, end = store.up_to, store.up_to + 1
    while after < end:
        answer = await client.get(FEED, params={"after": after, "first": 100}, headers=HEADERS)
        page = answer.raise_for_status().json()
        for item in page["items"]:
            store.take(item["sequence"], item["event"])
        after, end = page["next"], page["end"]
        store.forgotten_before(min(page["expiredBefore"], after + 1))


@asynccontextmanager
async def filling(_: Starlette) -> AsyncIterator[None]:
    """Fill gaps for as long as requests are accepted."""
    async with httpx.AsyncClient() as client:
        task = asyncio.create_task(fill_holes(client))
        yield
        task.cancel()


if __name__ == "__main__":
    application = Starlette(routes=[Route("/", receive, methods=["POST"])], lifespan=filling)
    uvicorn.run(application, host="127.0.0.1", port=int(os.environ["PORT"]), access_log=False)
