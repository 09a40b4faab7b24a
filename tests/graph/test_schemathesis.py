"""Schemathesis reads the schema from a running server and calls every query and mutation: the answer is never a bug."""

from asyncio import to_thread
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok

from tests.app.cli.installed import KEY, serving, url_of
from tests.graph.test_fuzz import SCALARS

EXPECTED = {"BAD_USER_INPUT", "QUERY_TOO_COMPLEX"}
ROOMY = {
    "MAX_QUERY_DEPTH": "100",
    "MAX_QUERY_ALIASES": "10000",
    "MAX_QUERY_TOKENS": "100000",
    "MAX_QUERY_COST": "100000000",
}
ENOUGH = settings(max_examples=5, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module", autouse=True)
def scalars() -> None:
    for name, values in SCALARS.items():
        schemathesis.graphql.scalar(name, values)


async def test_every_query_and_mutation_is_answered_without_a_bug(database_url: str, tmp_path: Path) -> None:
    with serving(tmp_path, DATABASE_URL=database_url, **ROOMY) as server:
        asked = await to_thread(ask_for_everything, await to_thread(url_of, server))
        assert "graph.failed" not in server.errors

    assert {"viewer", "webhooks", "stats", "createWebhook", "publishEvents", "replayEvents"} <= asked


def ask_for_everything(url: str) -> set[str]:
    """Call each operation in some ways; return their names."""
    headers = {"Authorization": f"Bearer {KEY}"}
    schema = schemathesis.graphql.from_url(f"{url}/graphql", headers=headers)
    asked = set()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        asked.add(operation.label.rpartition(".")[2])

        @ENOUGH
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            response = case.call(headers=headers)
            answer = response.json()
            codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
            assert response.status_code < 500, answer
            assert codes <= EXPECTED, (case.body, answer)

        ask()
    return asked
