"""The official CloudEvents SDK for JavaScript publishes through POST /events."""

import json

from tests.app.cli.installed import KEY
from tests.clients.program import run


async def test_the_sdk_publishes_in_every_mode_and_repeats_are_found(server: str) -> None:
    output = await run("node", "programs/cloudevents.mjs", SERVER_URL=f"{server}/events", API_KEY=KEY)

    *single, batch = [json.loads(line) for line in output.splitlines()]
    assert [one["mode"] for one in single] == ["binary"] * 3 + ["structured"] * 3
    assert [one["answer"]["duplicate"] for one in single] == [False, True, False, False, True, True]
    assert batch["status"] == 200
    assert [one["duplicate"] for one in batch["answer"]["events"]] == [False, False, True]
    assert batch["answer"]["events"][2]["id"] == single[5]["answer"]["id"]
