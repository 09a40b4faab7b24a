"""A server that is killed during an erasure continues it after a restart."""

import signal
from pathlib import Path
from typing import Any

from app.clock import to_micros
from app.database.database import Database
from app.ids import ATTEMPT, new_id_at
from app.publishing.draft import EventDraft
from tests.app.web.running import Running
from tests.canary import CANARY, in_files, in_rows, ticket
from tests.world import World, open_world

KEY = "a-key-that-the-tests-know"
# Some twenty batches, which take longer than to see that the first is done.
EVENTS = 2_000
OTHERS = 100
_ATTEMPTS = """
INSERT INTO attempt (id, workspace_id, delivery_id, webhook_id, worker_id, number, trigger, started_at, duration_us,
  outcome, request_method, request_url, request_headers, response_status, response_headers, response_body,
  response_truncated)
SELECT $1 || substr(d.id, 15), d.workspace_id, d.id, d.webhook_id, 'wrk', 1, 'FIRST', d.created_at, 1, 'HTTP_ERROR',
  'POST', 'https://example.com', '[]', 500, '[["x-echo", "{subject}"]]', '{subject}', false FROM delivery d
WHERE NOT EXISTS (SELECT 1 FROM attempt a WHERE a.delivery_id = d.id)
"""
_ERASE = f"""
mutation {{ eraseData(input: {{ data: [{{ path: "ticket.subject", equals: "{CANARY}" }}] }}) {{
  matched operation {{ id }} userErrors {{ message }}
}} }}
"""


async def fill(world: World) -> None:
    """Publish events that nobody sends, and give each a failed attempt."""
    await world.webhook("/never-asked")
    await world.resources.database.execute("UPDATE webhook SET status = 'PAUSED'")
    for subject, count in ((CANARY, EVENTS), ("other", OTHERS)):
        for _ in range(count // 100):
            drafts = [EventDraft("ticket.created", ticket(subject, 200))] * 100
            await world.resources.publisher.publish(world.caller, drafts, batch=True)
        first = new_id_at(ATTEMPT, to_micros(world.resources.clock.now()))[:14]
        await world.resources.database.execute(_ATTEMPTS.replace("{subject}", subject), first)
    await world.resources.database.execute("UPDATE delivery SET status = 'FAILED', next_attempt_at = NULL")


def asked(server: Running, query: str) -> Any:
    return server.ask(query, KEY).json()["data"]


async def counts(database: Database) -> list[int]:
    tables = ("event", "delivery", "attempt")
    return [(await database.fetch(f"SELECT count(*) AS n FROM {table}"))[0]["n"] for table in tables]


async def test_it_ends_after_the_next_start_and_nothing_is_left(database_url: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    settings = {"database_url": database_url, "bootstrap_api_key": KEY, "lease_seconds": "3", "heartbeat_seconds": "1"}
    async with open_world(database_url, data, works=False, bootstrap_api_key=KEY) as world:
        await fill(world)
        before = await counts(world.resources.database)

    with Running(data, **settings) as server:
        erasing = asked(server, _ERASE)["eraseData"]
        done = f'{{ operation(id: "{erasing["operation"]["id"]}") {{ done }} }}'
        while not asked(server, done)["operation"]["done"]:
            pass
        server.stop(signal.SIGKILL)
        logged = server.log
    async with Database(database_url) as database:
        [amid] = await database.fetch("SELECT status, matched, done FROM operation")
        left = await in_rows(database)
    with Running(data, **settings) as server:
        server.until_logged("operation.ended")
        assert server.stop() == 0
        logged += server.log

    async with Database(database_url) as database:
        [operation] = await database.fetch("SELECT status, matched, done FROM operation")
        [entry] = await database.fetch("SELECT changes FROM audit_entry WHERE action = 'data.erased'")
        after = await counts(database)
        assert await in_rows(database) == []
    assert amid["status"] == "RUNNING"
    assert 0 < amid["done"] < EVENTS
    assert {"attempt", "event", "operation"} <= set(left)
    assert (operation["status"], operation["matched"], operation["done"]) == ("COMPLETED", EVENTS, EVENTS)
    assert f'"attempts":[null,{EVENTS}],"canceled":[null,0],"deliveries":[null,{EVENTS}]' in entry["changes"]
    assert after == before == [EVENTS + OTHERS] * 3
    assert in_files(database_url) == []
    assert CANARY not in logged
