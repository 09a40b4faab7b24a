"""On both databases: lists within lists are read for more parents than a statement may have SELECTs or parameters."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from graphql import GraphQLObjectType, get_named_type

from app.database.database import Database
from app.ids import PROBLEM, WEBHOOK, new_id
from app.settings import Settings
from graph.early import EarlyAnswer
from graph.loaders import Loaders
from graph.schema import Schema
from tests.clock import START, FakeClock
from tests.domain import Domain, open_domain
from tests.graph.conftest import Api, api_of, http_client
from tests.graph.full_tables import ids, rows_of, webhooks_of

# SQLite allows 500 SELECTs in a statement.
PARENTS = 600
# PostgreSQL allows 32,767 parameters.
MANY_IDS = 33_000
UNLIMITED = {"max_query_aliases": 10_000, "max_query_tokens": 1_000_000, "max_query_cost": 100_000_000}


def connections() -> list[tuple[str, str]]:
    """Every type of the schema, except Query, that has a connection, and the field."""
    types = Schema(Settings.model_construct())._schema.type_map.values()
    return [
        (kind.name, name)
        for kind in types
        if isinstance(kind, GraphQLObjectType) and kind.name != "Query"
        for name, field in kind.fields.items()
        if get_named_type(field.type).name.endswith("Connection")
    ]


@pytest.fixture
async def domain(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Domain]:
    async with open_domain(database_url, tmp_path, clock, **UNLIMITED) as opened:
        yield opened


@pytest.fixture
async def api(domain: Domain) -> AsyncIterator[Api]:
    async with http_client(domain.resources) as http:
        yield await api_of(domain.resources, http, domain.caller)


async def fill(database: Database, workspace_id: str) -> None:
    """Give a workspace as many webhooks, each with a problem, and events, each with two deliveries, as parents are
    needed.
    """
    statement, columns, rows = webhooks_of([workspace_id])
    while len(rows) < PARENTS:
        rows += webhooks_of([workspace_id])[2]
    await database.fetch_rows(statement, columns, rows)
    webhooks = await ids(database, "webhook", workspace_id)
    for write in rows_of(workspace_id, webhooks, events=PARENTS):
        await database.fetch_rows(*write)
    await database.execute("UPDATE delivery SET problem_key = webhook_id")
    await database.fetch_rows(
        "INSERT INTO problem (id, workspace_id, webhook_id, key, cause, outcome, status, failures, opened_at,"
        f" last_seen_at, example_id) SELECT id, '{workspace_id}', webhook_id, webhook_id, 'It hangs.', 'TIMEOUT',"
        " 'OPEN', 2, 0, 0, '' FROM {rows} AS new",
        (("id", "text"), ("webhook_id", "text")),
        [(new_id(PROBLEM, START), webhook_id) for webhook_id in webhooks],
    )


async def test_every_connection_is_read_for_many_parents_at_once(domain: Domain, api: Api) -> None:
    database, workspace_id = domain.resources.database, domain.caller.workspace_id
    await fill(database, workspace_id)
    nested = connections()
    assert {"Webhook", "Event", "Delivery"} <= {parent for parent, _ in nested}

    for parent, field in nested:
        # A type with rows in a table of another name, or not in one of these, needs rows of its own here.
        parents = (await ids(database, parent.lower(), workspace_id))[:PARENTS]
        assert len(parents) == PARENTS, parent
        selection = f"... on {parent} {{ list: {field}(last: 1) {{ nodes {{ id }} }} }}"
        asked = " ".join(f'p{n}: node(id: "{id_}") {{ {selection} }}' for n, id_ in enumerate(parents))

        data = await api.data(f"{{ {asked} }}")

        found = {node["id"] for node in data.values() for node in node["list"]["nodes"]}
        assert len(found) == PARENTS, (parent, field)  # each row has one parent


async def test_more_rows_are_loaded_than_a_statement_may_have_parameters(domain: Domain) -> None:
    loaders = Loaders(domain.resources, domain.caller, EarlyAnswer())
    unknown = [new_id(WEBHOOK, START) for _ in range(MANY_IDS)]

    webhooks = await loaders.webhooks.load_many(unknown)
    secrets = await loaders.secrets.load_many(unknown)

    assert (webhooks, secrets) == ([None] * MANY_IDS, [[]] * MANY_IDS)
