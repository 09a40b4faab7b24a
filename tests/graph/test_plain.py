"""Results whose fields are plain are completed as graphql-core completes them, down to the byte."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis_graphql import queries

from tests.clock import FakeClock
from tests.domain import open_domain
from tests.exported_schema import SCHEMA
from tests.graph.conftest import Api, api_of, http_client, on_sqlite_only
from tests.graph.ordinary import both_ways
from tests.graph.test_events import DRAFT, WEBHOOK
from tests.graph.test_fuzz import SCALARS

QUERIES = queries(SCHEMA, custom_scalars=SCALARS)


@pytest.fixture
async def roomy(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Api]:
    """A client without limits, in a workspace with a webhook, events and deliveries."""
    limits = {"max_query_depth": 100, "max_query_aliases": 10_000, "max_query_tokens": 100_000}
    unlimited = {"rate_limit_per_second": 0, "cost_limit_per_second": 0, "max_query_cost": 10**8}
    async with (
        open_domain(database_url, tmp_path, clock, **limits, **unlimited) as domain,
        http_client(domain.resources) as client,
    ):
        api = await api_of(domain.resources, client, domain.caller)
        await api.change("createWebhook", WEBHOOK, "webhook { id }")
        for _ in range(2):
            await api.change("publishEvent", DRAFT, "event { id }")
        yield api


@on_sqlite_only
@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(document=QUERIES)
async def test_the_answer_to_any_query_is_that_of_graphql_core(roomy: Api, document: str) -> None:
    quick, ordinary = await both_ways(roomy, document)

    assert quick == ordinary


@on_sqlite_only
@pytest.mark.parametrize(
    "selection",
    [
        "id name url eventTypes status createdAt",
        "id id",
        "a: id b: id __typename",
        "...W",
        "... on Webhook { id } ... on Node { id }",
        "id @skip(if: true) name",
        "retryPolicy { delaysSeconds } name",
        "retryPolicy { delaysSeconds } retryPolicy { __typename }",
        "deliveries { totalCount { count exact } nodes { id status event { id type } } }",
    ],
)
async def test_lists_of_objects_are_those_of_graphql_core(roomy: Api, selection: str) -> None:
    fragment = " fragment W on Webhook { id name __typename }" if "...W" in selection else ""

    quick, ordinary = await both_ways(roomy, f"{{ webhooks {{ nodes {{ {selection} }} }} }}{fragment}")

    assert quick == ordinary
    assert b"errors" not in quick
