"""What the API says while the database is away, and that it goes on when it is back."""

from pathlib import Path

from graph.http import GRAPHQL_JSON
from tests.clock import FakeClock
from tests.databases import PostgresDatabases
from tests.domain import open_domain
from tests.graph.conftest import URL, api_of, http_client
from tests.services import Postgres


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
