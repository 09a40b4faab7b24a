"""Limits: depth, aliases, tokens and cost, each reported with its value and its limit; and texts that are parsed
once.
"""

import gc
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import GraphQLError, get_introspection_query, get_operation_ast, parse
from hypothesis import given
from hypothesis import strategies as st

from app.settings import Settings
from graph.cost import SEARCH_WEIGHT, WEIGHTS, weigh
from graph.documents import MAX_BYTES_KEPT, Documents
from graph.limits import repetition_errors, shape_errors
from graph.schema import Schema
from graph.view import GraphQLView
from tests.clock import FakeClock
from tests.domain import open_domain
from tests.graph.conftest import Api, api_of, http_client, on_sqlite_only

SCHEMA = Schema(Settings.model_construct())


def measured(document: str, *, depth: int = 0, aliases: int = 0) -> list[str]:
    """The errors of a document if nothing is allowed, or only this much."""
    return [error.message for error in shape_errors(parse(document), max_depth=depth, max_aliases=aliases)]


def cost(document: str, variables: dict[str, Any] | None = None, limit: int = 10**9) -> int:
    """The cost of the only operation of a document."""
    parsed = parse(document)
    operation = get_operation_ast(parsed)
    assert operation is not None
    return weigh(SCHEMA._schema, parsed, operation, limit).with_variables(variables or {})


@pytest.mark.parametrize(
    ("document", "depth"),
    [
        ("{ viewer { scopes } }", 2),
        ("{ a: viewer { scopes } b: viewer { workspace { id } } }", 3),
        ("{ ... { viewer { ... on Viewer { scopes } } } }", 2),
        ("{ viewer { ...A } } fragment A on Viewer { workspace { ...B } } fragment B on Workspace { id }", 3),
        ("query A { viewer { scopes } } query B { viewer { workspace { id } } }", 3),
        ("{ __schema { types { fields { type { name } } } } viewer { scopes } }", 2),
        ("{ ...A } fragment A on Query { viewer { ...A } }", 1),
    ],
)
def test_depth_is_how_deep_fields_are_nested_through_fragments(document: str, depth: int) -> None:
    assert not [message for message in measured(document, depth=depth, aliases=9) if "depth" in message]
    assert f"a depth of {depth}, but at most {depth - 1} is" in " ".join(measured(document, depth=depth - 1, aliases=9))


@pytest.mark.parametrize(
    ("document", "aliases"),
    [
        ("{ a: viewer { scopes } b: viewer { c: scopes } }", 3),
        ("{ ...A ...A } fragment A on Query { a: viewer { scopes } }", 2),
        (
            "{ ...A } fragment A on Query { ...B ...B } fragment B on Query { ...C ...C } fragment C on Query { a: x }",
            4,
        ),
    ],
)
def test_aliases_are_counted_each_time_a_fragment_is_spread(document: str, aliases: int) -> None:
    assert measured(document, depth=9, aliases=aliases) == []
    assert f"aliases to the number of {aliases}, but at most" in measured(document, depth=9, aliases=aliases - 1)[0]


def test_fragments_that_double_each_other_are_measured_at_once() -> None:
    doubling = " ".join(f"fragment F{n} on Query {{ a{n}: viewer {{ ...F{n + 1} ...F{n + 1} }} }}" for n in range(60))

    [depth, aliases] = measured("{ ...F0 } " + doubling)

    assert "a depth of 60" in depth
    assert str(2**60 - 1) in aliases


fields = st.recursive(
    st.just("id"), lambda inner: st.lists(inner, min_size=1, max_size=3).map(lambda some: f"f {{ {' '.join(some)} }}")
)


@given(fields)
def test_depth_is_that_of_the_braces(field: str) -> None:
    depth = max(text.count("{") - text.count("}") for text in (field[:end] for end in range(len(field) + 1))) + 1

    [message] = measured(f"{{ {field} }}", depth=0)

    assert f"a depth of {depth}," in message


STATS, GROUPS = WEIGHTS["Query.stats"], WEIGHTS["DeliveryStats.groups"]
SEARCHING = "query($f: DeliveryFilter) { deliveries(first: 0, filter: $f) { nodes { id } } }"
SEARCHING_FOR = 'query($s: String = "a") { deliveries(first: 0, filter: {search: $s}) { nodes { id } } }'


@pytest.mark.parametrize(
    ("document", "variables", "expected"),
    [
        ("{ viewer { scopes } }", {}, 2),
        ("{ viewer { scopes __typename } __schema { types { name } } }", {}, 2),
        ("{ deliveries(first: 5) { nodes { id } } }", {}, 1 + 5 * 2),
        ("{ deliveries(last: 5) { nodes { id status } } }", {}, 1 + 5 * 3),
        ("{ deliveries { nodes { id } } }", {}, 1 + 20 * 2),
        ("{ deliveries { edges { cursor node { id } } pageInfo { hasNextPage } } }", {}, 1 + 20 * 4 + 2),
        ("{ deliveries(first: 1000) { nodes { id } } }", {}, 1 + 100 * 2),
        ("{ deliveries(first: -5) { nodes { id } } }", {}, 1),
        ("query($n: Int) { deliveries(first: $n) { nodes { id } } }", {"n": 3}, 1 + 3 * 2),
        ("query($n: Int) { deliveries(first: $n) { nodes { id } } }", {"n": 1e300}, 1 + 100 * 2),
        ("query($n: Int) { deliveries(first: $n) { nodes { id } } }", {"n": None}, 1 + 20 * 2),
        ("query($n: Int) { deliveries(first: $n) { nodes { id } } }", {"n": "many"}, 1 + 20 * 2),
        ("query($n: Int = 7) { deliveries(first: $n) { nodes { id } } }", {}, 1 + 7 * 2),
        ("query($n: Int = 7) { deliveries(first: $n) { nodes { id } } }", {"n": 2}, 1 + 2 * 2),
        ("{ events(first: 4) { nodes { deliveries(last: 3) { nodes { id } } } } }", {}, 1 + 4 * (1 + 1 + 3 * 2)),
        (
            "{ webhooks(first: 2) { totalCount nodes { stats { deliveries } } } }",
            {},
            1 + 1 + 2 * (1 + WEIGHTS["Webhook.stats"] + 1),
        ),
        ("{ stats { groups(by: OUTCOME, first: 5) { key attempts } } }", {}, STATS + GROUPS + 5 * 3),
        ("{ stats { withinMs(ms: 1) series { succeeded } } }", {}, STATS + WEIGHTS["DeliveryStats.withinMs"] + 2),
        ("{ webhooks(first: 2) { nodes { health { state } } } }", {}, 1 + 2 * (1 + WEIGHTS["Webhook.health"] + 1)),
        ("{ deliveries(first: 0) { totalCount { count } } }", {}, 1 + WEIGHTS["DeliveryConnection.totalCount"] + 1),
        ('{ events(first: 0, filter: {search: "a"}) { nodes { id } } }', {}, 1 + SEARCH_WEIGHT),
        ("{ events(first: 0, filter: {search: null}) { nodes { id } } }", {}, 1),
        ('{ webhooks(first: 0, filter: {eventType: "a"}) { nodes { id } } }', {}, 1),
        (SEARCHING, {}, 1),
        (SEARCHING, {"f": {"data": [], "statuses": None}}, 1 + SEARCH_WEIGHT),
        (SEARCHING, {"f": {"search": None, "statuses": []}}, 1),
        (SEARCHING_FOR, {}, 1 + SEARCH_WEIGHT),
        (SEARCHING_FOR, {"s": None}, 1),
        ("{ ...A ...A viewer { scopes } } fragment A on Query { viewer { scopes } }", {}, 2),
        ("{ a: viewer { scopes } viewer { scopes } }", {}, 4),
        ('{ node(id: "x") { id ... on Event { type } ... on Delivery { id status } } }', {}, 1 + 1 + 1 + 2),
        ("subscription { deliveryUpdates { cursor } }", {}, 2),
    ],
)
def test_cost_is_the_number_of_fields_multiplied_through_connections(
    document: str, variables: dict[str, Any], expected: int
) -> None:
    assert cost(document, variables) == expected


def test_a_whole_page_of_deliveries_with_all_that_is_known_of_their_attempts_is_within_the_default() -> None:
    document = """{ deliveries(first: 100) { nodes {
      id status attemptCount nextAttemptAt lastOutcome lastResponseStatus createdAt completedAt event { id type }
      webhook { id name }
      attempts { nodes {
        id number trigger startedAt durationMs outcome error remoteAddress
        request { method url headers { name value } body }
        response { status headers { name value } body truncated }
      } }
    } } }"""

    assert 20_000 < cost(document) <= Settings.model_fields["max_query_cost"].default


def test_fragments_that_multiply_each_other_are_given_up_at_the_limit() -> None:
    both = " ".join(f"{name}: webhook {{{{ deliveries {{{{ nodes {{{{ ...F{{n}} }}}} }}}} }}}}" for name in "ab")
    chain = " ".join(f"fragment F{n} on Delivery {{ {both.format(n=n + 1)} }}" for n in range(40))
    document = parse(f"{{ deliveries {{ nodes {{ ...F0 }} }} }} {chain} fragment F40 on Delivery {{ id }}")
    operation = get_operation_ast(document)
    assert operation is not None

    with pytest.raises(GraphQLError, match="a cost of more than 1000, but at most 1000 is allowed"):
        weigh(SCHEMA._schema, document, operation, 1000)


@pytest.mark.parametrize(
    "document",
    [
        "{ " + "viewer { scopes } " * 150 + "}",
        "{ " + "viewer { " + "scopes " * 150 + "} }",
        "{ viewer { " + "... { scopes } " * 150 + "} }",
        "{ " + "viewer { " + "scopes " * 15 + "} " + "viewer { " + "scopes " * 135 + "} }",
        "{ "
        + " ".join(f"...F{n}" for n in range(150))
        + "}"
        + " ".join(f"fragment F{n} on Query {{ viewer {{ scopes }} }}" for n in range(150)),
        "{ __typename } fragment Unused on Query { " + "viewer { scopes } " * 150 + "}",
    ],
)
def test_an_operation_that_repeats_itself_is_refused_before_it_is_validated(document: str) -> None:
    [error] = repetition_errors(parse(document))

    assert error.extensions == {"code": "QUERY_TOO_COMPLEX"}


@pytest.mark.parametrize(
    "document",
    [
        get_introspection_query(),
        "{ " + " ".join(f"a{n}: viewer {{ scopes }}" for n in range(500)) + "}",
        "{ " + "viewer { scopes } " * 90 + "}",
        "{ ...A } fragment A on Query { viewer { scopes } ...A }",
        "{ ...A } fragment A on Query { viewer { ...A } }",
    ],
)
def test_an_operation_that_hardly_repeats_itself_is_not(document: str) -> None:
    assert repetition_errors(parse(document)) == []


@pytest.fixture
async def strict(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Api]:
    """A client of a server with low limits."""
    limits: dict[str, Any] = {
        "max_query_depth": 4,
        "max_query_aliases": 2,
        "max_query_cost": 50,
        "max_query_tokens": 100,
        "introspection": False,
    }
    async with open_domain(database_url, tmp_path, clock, **limits) as domain, http_client(domain.resources) as client:
        yield await api_of(domain.resources, client, domain.caller)


@on_sqlite_only
@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("{ webhooks { edges { node { retryPolicy { delaysSeconds } } } } }", "a depth of 5, but at most 4"),
        ("{ a: __typename b: viewer { c: scopes d: scopes } }", "aliases to the number of 3, but at most 2"),
        ("{ deliveries(first: 25) { nodes { id } } }", "a cost of 51, but at most 50"),
        ("{ " + "__typename " * 99 + "}", "more than 100 tokens, but at most 100"),
    ],
)
async def test_an_operation_beyond_a_limit_is_not_run_and_gets_both_numbers(
    strict: Api, document: str, sentence: str
) -> None:
    error = await strict.error(document)

    assert sentence in error["message"]
    assert error["extensions"]["code"] == "QUERY_TOO_COMPLEX"


@on_sqlite_only
async def test_an_operation_within_the_limits_runs_and_reports_its_cost(strict: Api) -> None:
    answer = await strict.ask("query($n: Int) { deliveries(first: $n) { nodes { id } } }", n=24)
    dearer = await strict.error("query($n: Int) { deliveries(first: $n) { nodes { id } } }", n=25)

    assert answer["data"] == {"deliveries": {"nodes": []}}
    assert answer["extensions"]["cost"] == {
        "requested": 49,
        "maximum": 50,
        "remaining": None,
        "restoresPerSecond": None,
    }
    assert "a cost of 51" in dearer["message"]


@pytest.mark.parametrize(
    ("document", "variables", "heaviest", "sentence"),
    [
        (
            "query($n: Int) { webhooks(first: 20) { nodes { name deliveries(first: $n) { nodes { id } } } } }",
            {"n": 50},
            ("webhooks.deliveries", 2_061),
            "The heaviest place is webhooks.deliveries, with a cost of 2020. With at most 23 items of"
            " webhooks.deliveries it would fit.",
        ),
        (
            "{ webhooks(first: 100) { nodes { stats { deliveries } } } }",
            {},
            ("webhooks.stats", 10_201),
            "The heaviest place is webhooks.stats, with a cost of 10100."
            " With at most 9 items of webhooks it would fit.",
        ),
        (
            "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Webhook { deliveries { nodes { id } } } } }",
            {"ids": ["wh_1"] * 40},
            ("nodes.deliveries", 1_680),
            "With at most 11 items of nodes.deliveries it would fit.",
        ),
        (
            "{ a: stats { deliveries } b: stats { deliveries } "
            + " ".join(f"s{n}: stats {{ pending }}" for n in range(9))
            + " }",
            {},
            ("stats", 1_111),
            "The heaviest place is stats, with a cost of 1111. Ask for fewer fields, or in several operations.",
        ),
    ],
)
def test_a_refusal_for_the_cost_names_the_numbers_the_heaviest_place_and_what_would_fit(
    document: str, variables: dict[str, Any], heaviest: tuple[str, int], sentence: str
) -> None:
    documents = Documents(SCHEMA._schema, Settings.model_construct(max_query_cost=1_000))

    [error], _ = documents.check(documents.prepare(document), None, variables)

    place, total = heaviest
    assert error.message.startswith(f"The operation has a cost of {total}, but at most 1000 is allowed. ")
    assert error.message.endswith(sentence)
    assert error.extensions == {"code": "QUERY_TOO_COMPLEX", "cost": total, "maximum": 1_000, "heaviest": place}


@pytest.mark.parametrize("size", [23, 24])
def test_what_is_said_to_fit_fits_and_one_more_does_not(size: int) -> None:
    document = f"{{ webhooks(first: 20) {{ nodes {{ name deliveries(first: {size}) {{ nodes {{ id }} }} }} }} }}"

    assert (cost(document) <= 1_000) == (size == 23)


@on_sqlite_only
async def test_the_schema_can_be_kept_from_being_queried(strict: Api, api: Api) -> None:
    kept = await strict.ask("{ __schema { queryType { name } } nonsens }")
    shown = await api.ask(get_introspection_query())
    typo = await api.error("{ viewr { scopes } }")

    assert "introspection has been disabled" in kept["errors"][0]["message"]
    assert "Did you mean" not in str(kept)
    assert "errors" not in shown
    assert "Did you mean 'viewer'?" in typo["message"]


def test_no_extension_wraps_every_field() -> None:
    assert [extension for extension in SCHEMA.get_extensions() if extension._implements_resolve()] == []


def test_a_text_is_parsed_and_validated_once() -> None:
    documents = Documents(SCHEMA._schema, Settings.model_construct())

    first = documents.prepare("{ viewer { scopes } }")
    again = documents.prepare("{ viewer { scopes } }")
    other = documents.prepare("{ viewer { scopes workspace { id } } }")

    assert first is again is not other
    assert documents.misses == 2


@on_sqlite_only
async def test_the_requests_of_a_server_share_what_was_parsed(api: Api) -> None:
    view = GraphQLView(api.resources)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(view)) as client:
        for number in range(3):
            same = "query($id: ID!) { webhook(id: $id) { id } }"
            await Api(api.resources, client, api.key).data(same, id=str(number))

    assert view.schema.documents.misses == 1


@pytest.mark.parametrize(
    "text",
    [
        "{ __typename }",
        "{ " + "__typename " * 1_500 + "}",
        "{ deliveries { nodes { id event { type } attempts { nodes { number outcome } } } } }",
        "{ __typename } # " + "x" * 20_000,
        "{ __typename } # " + "🐘" * 20_000,
        "query " + "x" * 5_000 + " { " + "viewer(a: $w) " * 50 + "}",
    ],
)
def test_what_is_kept_takes_no_more_memory_than_is_counted(text: str) -> None:
    documents = Documents(SCHEMA._schema, Settings.model_construct())
    alike = [text + " " * count for count in range(min(100, 2 + 40_000 // len(text)))]
    documents.prepare(alike.pop())  # also creates what is created once, whatever the text
    gc.collect()
    tracemalloc.start()
    counted = sum(documents.prepare(text).bytes for text in alike)
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert counted / 3 < taken < 1.2 * counted


def test_only_so_much_is_kept() -> None:
    documents = Documents(SCHEMA._schema, Settings.model_construct())
    texts = [f"{{ a{number}: __typename }} # {'🐘' * 200_000}" for number in range(MAX_BYTES_KEPT // 1_600_000 + 2)]

    for text in texts:
        documents.prepare(text)
    before = documents.misses
    documents.prepare(texts[-1])
    documents.prepare(texts[0])

    assert documents.misses == before + 1
