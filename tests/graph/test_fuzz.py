"""For any request, within the schema or beside it, the server's answer is never a bug."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import graphql
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import Mode, from_schema, nodes

from app.catalogue import BUILT_IN
from tests.clock import FakeClock
from tests.domain import open_domain
from tests.exported_schema import SCHEMA
from tests.graph.conftest import Api, api_of, http_client

TIMES = st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - it is UTC
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.from_regex("[a-z]{1,4}", fullmatch=True), inner, max_size=3)
    ),
    max_leaves=5,
)


def _literal(value: Any) -> graphql.ValueNode:
    if isinstance(value, dict):
        fields = [
            graphql.ObjectFieldNode(name=graphql.NameNode(value=name), value=_literal(inner))
            for name, inner in value.items()
        ]
        return nodes.Object(fields)
    if isinstance(value, list):
        return nodes.List([_literal(inner) for inner in value])
    match value:
        case bool():
            return nodes.Boolean(value)
        case int():
            return nodes.Int(value)
        case float():
            return nodes.Float(value)
        case str():
            return nodes.String(value)
    return nodes.Null


SCALARS = {"DateTime": TIMES.map(lambda time: nodes.String(time.isoformat())), "JSON": JSON.map(_literal)}
WITHIN = from_schema(SCHEMA, custom_scalars=SCALARS, mode=Mode.POSITIVE)
BESIDE = from_schema(SCHEMA, custom_scalars=SCALARS, mode=Mode.NEGATIVE)
# A fixture lives as long as the test here, not as an example: the workspace fills up over time, which is intended.
ENOUGH = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture
async def roomy(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Api]:
    """A client of a server with very high limits, in a workspace with a webhook and an event."""
    limits = {"max_query_depth": 100, "max_query_aliases": 10_000, "max_query_tokens": 100_000}
    async with (
        open_domain(database_url, tmp_path, clock, max_query_cost=10**8, **limits) as domain,
        http_client(domain.resources) as client,
    ):
        api = await api_of(domain.resources, client, domain.caller)
        await api.with_key(domain.caller)
        draft = {
            "name": "Desk",
            "url": "http://127.0.0.1:2/",
            "eventTypes": ["*"],
            "retryPolicy": {"delaysSeconds": []},
        }
        await api.change("createWebhook", draft, "webhook { id }")
        data = dict(BUILT_IN["ticket.created"].example)
        await api.change("publishEvent", {"type": "ticket.created", "data": data}, "event { id }")
        yield api


@ENOUGH
@given(document=WITHIN)
async def test_no_operation_within_the_schema_ends_in_a_bug(roomy: Api, document: str) -> None:
    answer = await roomy.ask(document)

    assert _codes(answer) <= {"BAD_USER_INPUT", "QUERY_TOO_COMPLEX", "FORBIDDEN"}, answer


@ENOUGH
@given(document=BESIDE)
async def test_no_operation_beside_the_schema_ends_in_a_bug(roomy: Api, document: str) -> None:
    answer = await roomy.ask(document)

    assert _codes(answer) <= {"BAD_USER_INPUT", "QUERY_TOO_COMPLEX"}, answer


@ENOUGH
@given(variables=st.dictionaries(st.sampled_from(["id", "filter", "first", "after", "input"]), JSON))
async def test_no_variables_end_in_a_bug(roomy: Api, variables: dict[str, Any]) -> None:
    document = """query($id: ID = "wh_1", $filter: DeliveryFilter, $first: Int, $after: String) {
      node(id: $id) { id }
      deliveries(filter: $filter, first: $first, after: $after) { nodes { id attempts(last: $first) { nodes { id } } } }
    }"""

    answer = await roomy.ask(document, **variables)

    assert _codes(answer) <= {"BAD_USER_INPUT"}, answer


def _codes(answer: dict[str, Any]) -> set[str]:
    return {error["extensions"]["code"] for error in answer.get("errors", ())}
