"""Mutations of one field are answered as graphql-core answers them, down to the byte, and run once."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.statuses import Scope
from graph.single import SingleMutation
from graph.types.records import Event
from tests.clock import FakeClock
from tests.domain import Domain, open_domain
from tests.graph.conftest import Api, api_of, http_client, on_sqlite_only
from tests.graph.ordinary import both_ways, the_ordinary_way
from tests.graph.test_events import DRAFT

PUBLISH = "mutation Publish($input: PublishEventInput!) { publishEvent(input: $input) { %s } }"
SELECTIONS = (
    *("deliveryCount", "n: deliveryCount", "duplicate", "__typename", "deliveryCount @include(if: true)"),
    *("event { id }", "e: event { id __typename type data occurredAt }", "event { webhookCount: __typename }"),
    *("event { deliveries { totalCount } }", "event { ... on Event { body } }", "event { ... on Node { id } }"),
    *("userErrors { message path code }", "... on PublishEventPayload { duplicate }", "...P"),
)
FRAGMENT = " fragment P on PublishEventPayload { event { createdAt } }"
WRONG = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
INPUTS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.just(DRAFT["type"]) | WRONG,
        "data": st.just(DRAFT["data"]) | WRONG,
        "occurredAt": st.just("2026-03-14T10:00:00+01:00") | WRONG,
        "orderingKey": st.text(max_size=3) | WRONG,
        "unknown": WRONG,
    },
)


@pytest.fixture
async def unmetered(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Api]:
    """A client whose budget does not change, because the answers tell it."""
    unlimited = {"rate_limit_per_second": 0, "cost_limit_per_second": 0}
    async with (
        open_domain(database_url, tmp_path, clock, **unlimited) as domain,
        http_client(domain.resources) as client,
    ):
        yield await api_of(domain.resources, client, domain.caller)


@on_sqlite_only
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    selected=st.lists(st.sampled_from(SELECTIONS), min_size=1, max_size=4),
    given_input=st.builds(lambda changes: DRAFT | changes, INPUTS) | INPUTS | WRONG,
)
async def test_the_answer_is_that_of_graphql_core(unmetered: Api, selected: list[str], given_input: Any) -> None:
    if isinstance(given_input, dict):
        given_input["idempotencyKey"] = repr(sorted(given_input.items()))[:200]
    fragment = FRAGMENT if "...P" in selected else ""
    document = PUBLISH % " ".join(selected) + fragment
    await unmetered.post(document, input=given_input)  # so that both of the next find the event

    quick, ordinary = await both_ways(unmetered, document, input=given_input)

    assert quick == ordinary


@on_sqlite_only
@pytest.mark.parametrize(
    "variables", [{}, {"input": None}, {"input": DRAFT | {"unknown": 1}}, {"input": DRAFT, "other": 1}, {"inputs": {}}]
)
async def test_variables_that_do_not_fit_are_refused_in_graphql_cores_words(
    unmetered: Api, variables: dict[str, Any]
) -> None:
    quick, ordinary = await both_ways(unmetered, PUBLISH % "duplicate", **variables)

    assert quick == ordinary


@on_sqlite_only
async def test_selections_of_one_field_are_merged(unmetered: Api) -> None:
    document = PUBLISH % "event { id } event { type }"
    again = DRAFT | {"idempotencyKey": "k"}
    await unmetered.post(document, input=again)

    quick, ordinary = await both_ways(unmetered, document, input=again)

    assert quick == ordinary
    assert b'"type"' in quick


@on_sqlite_only
async def test_a_refusal_is_told_with_its_path(unmetered: Api, domain: Domain) -> None:
    api = await unmetered.with_key(domain.caller, Scope.READ)

    quick, ordinary = await both_ways(api, PUBLISH % "duplicate", input=DRAFT)

    assert quick == ordinary
    assert b'"path":["publishEvent"]' in quick


@on_sqlite_only
async def test_a_payload_that_does_not_fit_its_type_is_told_where_it_is_and_nothing_runs_twice(
    unmetered: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nameless(row: Any) -> Event:
        event = real(row)
        event.type = None  # type: ignore[assignment]
        return event

    real = Event.from_row
    monkeypatch.setattr(Event, "from_row", nameless)
    document = PUBLISH % "duplicate event { id type }"

    quick = await unmetered.ask(document, input=DRAFT)
    events = await unmetered.resources.database.fetch("SELECT id FROM event")
    with the_ordinary_way():
        ordinary = await unmetered.ask(document, input=DRAFT)

    assert quick["data"] == ordinary["data"]
    assert [error["path"] for error in quick["errors"]] == [["publishEvent", "event", "type"]]
    assert quick["errors"][0]["locations"] == ordinary["errors"][0]["locations"]
    assert len(events) == 1


@on_sqlite_only
async def test_what_publishers_send_needs_no_executor(unmetered: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[SingleMutation] = []
    execute = SingleMutation.execute

    async def noted(self: SingleMutation, *arguments: Any) -> Any:
        ran.append(self)
        return await execute(self, *arguments)

    monkeypatch.setattr(SingleMutation, "execute", noted)

    await unmetered.data(PUBLISH % "event { id } deliveryCount userErrors { message path }", input=DRAFT)

    assert len(ran) == 1
