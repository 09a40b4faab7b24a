"""The receivers in examples/ that prove that nothing is missing: killed in between, they end with each number once."""

import sqlite3
import sys
from asyncio import to_thread
from pathlib import Path

import pytest

from tests.clients.conftest import Ask, Home, publish
from tests.clients.program import Program, running
from tests.clients.test_example_programs import EXAMPLES, SECRET, Command
from tests.server import free_port

RECEIVERS: dict[str, Command] = {
    "Python": (sys.executable, EXAMPLES / "python" / "complete.py"),
    "Node": ("node", EXAMPLES / "node" / "complete.mjs"),
}
CREATE_WEBHOOK = """
    mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id } userErrors { message } } }
"""
CREATE_KEY = """
    mutation { createApiKey(input: { name: "receiver", scopes: [FEED] }) { key userErrors { message } } }
"""
# A failed push is not retried while the test runs: missing events come from the feed.
NO_RETRIES = {"delaysSeconds": [3600]}


def stored(directory: Path) -> list[tuple[int, str]]:
    """The numbers and IDs that a receiver has stored, in order."""
    if (directory / "complete.db").exists():
        with sqlite3.connect(directory / "complete.db") as database:
            return list(database.execute("SELECT sequence, event_id FROM handled ORDER BY sequence"))
    lines = (directory / "complete.txt").read_text().splitlines()
    return sorted((int(place), event_id) for place, event_id, _ in map(str.split, lines))


async def says(receiver: Program, count: int) -> list[str]:
    """The IDs of this many events that a receiver handles."""
    return [(await receiver.text()).split()[1] for _ in range(count)]


async def publish_some(ask: Ask, count: int) -> list[str]:
    return [await to_thread(publish, ask) for _ in range(count)]


@pytest.mark.parametrize("language", RECEIVERS)
async def test_a_receiver_that_was_killed_and_missed_pushes_fills_every_hole_from_the_feed(
    language: str, home: Home, tmp_path: Path
) -> None:
    home.settings["BREAKER_THRESHOLD"] = "1000"  # pushes continue although some fail
    ask = await to_thread(home.start)
    port = free_port()
    webhook = {"name": "R", "url": f"http://127.0.0.1:{port}/", "eventTypes": ["*"], "secret": SECRET}
    created = await to_thread(ask, CREATE_WEBHOOK, input=webhook | {"retryPolicy": NO_RETRIES})
    environment = {
        "EEV_URL": home.url,
        "EEV_KEY": (await to_thread(ask, CREATE_KEY))["createApiKey"]["key"],
        "WEBHOOK_ID": created["createWebhook"]["webhook"]["id"],
        "WEBHOOK_SECRET": SECRET,
        "PORT": str(port),
        "PATIENCE_SECONDS": "0.2",
    }
    published = await publish_some(ask, 3)  # before there is a receiver
    async with running(*RECEIVERS[language], directory=tmp_path, **environment) as receiver:
        await says(receiver, 3)
        published += await publish_some(ask, 10)
        await says(receiver, 4)
    # Killed with SIGKILL, perhaps in the middle of one.
    handled = {event_id for _, event_id in stored(tmp_path)}
    published += await publish_some(ask, 5)  # nothing listens for these
    async with running(*RECEIVERS[language], directory=tmp_path, **environment) as receiver:
        await receiver.warns(f"http://127.0.0.1:{port}")
        published += await publish_some(ask, 4)
        while not handled.issuperset(published):
            handled |= set(await says(receiver, 1))
        await publish_some(ask, 1)
        await says(receiver, 1)  # so events that were handled before are stored

    assert stored(tmp_path)[: len(published)] == list(enumerate(published, 1))
