"""Measures how soon alerts reach a receiver and a contact, with the product's default settings.

    python -m tests.faults.alert_times

A change of state is the answer to the attempt that shows it: 410, or the success after a resumption. A receiver that
goes down refuses connections from then on.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import orjson

from tests.faults import api
from tests.faults.installation import Installation, distributed, embedded
from tests.faults.journal import Request
from tests.faults.programs import until
from tests.faults.receiver import ALERTS, CONTACT, GONE, SAYS_GONE
from tests.server import free_port

# The suite's installations differ in this setting only.
DEFAULTS = {"BREAKER_OPEN_SECONDS": "30"}
TYPE, OF_DOWN = "agent.response", "ticket.created"
CHANGE_SECONDS, DOWN_SECONDS = 2.0, 60.0
LONGEST_SECONDS = 120.0

MODES: dict[str, Callable[[Path], AbstractAsyncContextManager[Installation]]] = {
    "embedded": partial(embedded, settings=DEFAULTS),
    "distributed": partial(distributed, settings=DEFAULTS),
}


async def measure(at: Installation, times: int) -> dict[str, list[float]]:
    """How long each kind of alert took (s), each of them this often; that a receiver is down, once."""
    client, found = at.client(random.Random(1)), dict[str, list[float]]()
    await api.create_webhook(client, ALERTS, at.receiver_url + ALERTS, ["webhook.*", "backlog.growing"])
    down_at = time.time()
    await api.create_webhook(client, "down", f"http://127.0.0.1:{free_port()}/", [OF_DOWN])
    await api.publish(client, OF_DOWN)
    for number in range(times):
        path = f"{GONE}/{number}"
        contact = await api.create_contact(client, at.receiver_url + CONTACT, ["webhook.*"])
        webhook = await api.create_webhook(client, path, f"{at.receiver_url}{SAYS_GONE}", [TYPE])
        since = time.time()
        await api.publish(client, TYPE)
        alert = await _alert(at, ALERTS, "webhook.disabled", since)
        message = await _alert(at, CONTACT, "webhook.disabled", since)
        refused = _answered(at, GONE, 410, since)
        found.setdefault("webhook.disabled after 410", []).append(alert.at - refused)
        found.setdefault("message to a contact after 410", []).append(message.at - refused)
        await api.move_webhook(client, webhook, at.receiver_url + GONE)
        await api.resume_webhook(client, webhook)
        await api.publish(client, TYPE)
        alert = await _alert(at, ALERTS, "webhook.recovered", since)
        found.setdefault("webhook.recovered after a success", []).append(alert.at - _answered(at, GONE, 200, since))
        await api.delete_contact(client, contact)
        await api.move_webhook(client, webhook, at.receiver_url + "/quick")
    backlog = await _alert(at, ALERTS, "backlog.growing", down_at)
    found["backlog.growing after the receiver went down"] = [backlog.at - down_at]
    return found


async def _alert(at: Installation, path: str, kind: str, since: float) -> Request:
    """The first request with an alert of a kind that reached a path, once there is one."""

    def arrived() -> list[Request]:
        requests = [request for request in at.journal.requests(since) if request.pair.path == path]
        return [request for request in requests if orjson.loads(request.body)["type"] == kind]

    async def is_there() -> bool:
        return bool(arrived())

    await until(f"{kind} arrived", is_there, LONGEST_SECONDS)
    return arrived()[0]


def _answered(at: Installation, path: str, status: int, since: float) -> float:
    """When the first request to a path was answered with a status."""
    requests = [r for r in at.journal.requests(since) if r.pair.path == path and r.status == status]
    return min(request.answered_at or request.at for request in requests)


def main() -> int:
    """Measure in both modes and print a line for each figure; return 1 if one misses its target."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.alert_times", description=__doc__)
    parser.add_argument("--times", type=int, default=10, help="how often each change of state happens")
    times, missed = parser.parse_args().times, 0
    for name, opened in MODES.items():
        with tempfile.TemporaryDirectory(prefix="eev-webhooks-alerts-") as directory:
            found = asyncio.run(_measured(opened, Path(directory), times))
        for what, seconds in found.items():
            target = DOWN_SECONDS if "down" in what else CHANGE_SECONDS
            missed += max(seconds) > target
            middle = sorted(seconds)[len(seconds) // 2]
            sys.stdout.write(f"{name}: {what}: median {middle:.3f} s, max {max(seconds):.3f} s, at most {target:g} s\n")
    return min(missed, 1)


async def _measured(
    opened: Callable[[Path], AbstractAsyncContextManager[Installation]], directory: Path, times: int
) -> dict[str, list[float]]:
    async with opened(directory) as at:
        return await measure(at, times)


if __name__ == "__main__":
    sys.exit(main())
