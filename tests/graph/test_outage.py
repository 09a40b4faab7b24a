"""What the API answers while the database is away or full, and that it continues when it is back."""

from pathlib import Path

import pytest

from app.database.database import Database
from graph.http import GRAPHQL_JSON
from tests.clock import FakeClock
from tests.databases import PostgresDatabases
from tests.domain import Domain, open_domain
from tests.graph.conftest import URL, Api, api_of, http_client
from tests.postgres_faults import read_only
from tests.services import Postgres
from tests.world import TICKET

PUBLISH = "mutation($input: PublishEventInput!) { publishEvent(input: $input) { duplicate userErrors { message } } }"


async def room(database: Database, pages: int) -> None:
    """Let SQLite's file grow by this many pages and no more, as on a full disk."""
    [now] = await database.fetch("PRAGMA page_count")
    await database.fetch(f"PRAGMA max_page_count = {now['page_count'] + pages}")


async def test_a_database_that_is_away_is_unavailable_and_worth_another_try(tmp_path: Path, clock: FakeClock) -> None:
    with Postgres() as server:
        url = await PostgresDatabases(server).create()
        async with open_domain(url, tmp_path, clock) as domain, http_client(domain.resources) as http:
            api = await api_of(domain.resources, http, domain.caller)
            document = "{ webhooks { nodes { id } } }"
            await api.data(document)

            server.kill()
            known = await api.ask(document)
            clock.advance(60)  # the key has to be looked up again
            headers = {"authorization": f"Bearer {api.key}", "accept": GRAPHQL_JSON}
            unknown = await http.post(URL, json={"query": document}, headers=headers)
            server.start()
            again = await api.data(document)

    assert (known["data"], known["errors"][0]["extensions"]) == (None, {"code": "UNAVAILABLE", "retryable": True})
    assert unknown.status_code == 503
    assert unknown.json()["errors"][0]["extensions"] == {"code": "UNAVAILABLE", "retryable": True}
    assert str(server.port) not in unknown.text + str(known)
    assert again == {"webhooks": {"nodes": []}}


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
async def test_a_read_only_database_is_unavailable_and_worth_another_try(api: Api, database_url: str) -> None:
    event = {"type": "ticket.created", "data": TICKET}
    async with read_only(database_url):
        refused = await api.error(PUBLISH, input=event)
    taken = await api.data(PUBLISH, input=event)

    assert taken["publishEvent"]["userErrors"] == []
    assert refused["extensions"] == {"code": "UNAVAILABLE", "retryable": True}


async def test_whatever_the_database_says_while_a_key_is_looked_up_is_json(
    api: Api, domain: Domain, clock: FakeClock
) -> None:
    await domain.resources.database.execute("ALTER TABLE api_key RENAME TO mislaid")
    clock.advance(60)  # the key has to be looked up again

    answer = await api.post("{ webhooks { nodes { id } } }")

    [error] = answer.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert error["extensions"]["errorId"] in error["message"]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_full_disk_is_unavailable_and_takes_events_again_when_there_is_room(api: Api, domain: Domain) -> None:
    text = TICKET["ticket"] | {"subject": "x" * 100_000}
    event = {"type": "ticket.created", "data": {"ticket": text}, "idempotencyKey": "k"}
    await room(domain.resources.database, 2)

    refused = await api.ask(PUBLISH, input=event)
    await room(domain.resources.database, 1_000)
    taken = await api.data(PUBLISH, input=event)
    again = await api.data(PUBLISH, input=event)

    assert refused["errors"][0]["extensions"] == {"code": "UNAVAILABLE", "retryable": True}
    assert [answer["publishEvent"]["duplicate"] for answer in (taken, again)] == [False, True]
