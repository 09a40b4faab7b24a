"""What a caller does not see does not exist for it, in every place of the schema.

The places come from the schema: a new query, mutation, subscription or node type without one fails here. Each is asked
by another workspace's key and by tokens that are narrowed in each way. Answers are taken with all that they can show.
"""

from collections.abc import AsyncIterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import GraphQLField, GraphQLObjectType, get_named_type

from app.clock import to_micros
from app.statuses import ChangeKind
from app.updates.update import Topic, Update, operation_changed, webhook_changed
from tests.clock import FakeClock
from tests.domain import open_domain
from tests.exported_schema import SCHEMA
from tests.graph.conftest import api_of, http_client
from tests.graph.serving import changed, served, stream, until_followed
from tests.graph.tenancy.places import MUTATIONS, NODES, QUERIES, SUBSCRIPTIONS, Asked
from tests.graph.tenancy.scene import KINDS, Scene, Watcher, set_up, stranger_scopes, watchers
from tests.graph.tenancy.selection import everything, node_types

# All that an answer can show is more than any client asks for at once.
SETTINGS = {
    "max_query_depth": 100,
    "max_query_characters": 10_000_000,
    "max_query_tokens": 1_000_000,
    "max_query_aliases": 10_000,
    "max_query_cost": 100_000_000,
}
TOPICS = {
    "deliveryUpdates": Topic.DELIVERIES,
    "webhookChanges": Topic.WEBHOOKS,
    "webhookUpdates": Topic.WEBHOOKS,
    "operationChanges": Topic.OPERATIONS,
    "operationUpdates": Topic.OPERATIONS,
}


@dataclass(frozen=True)
class Matrix:
    """The scene, and everybody who asks."""

    scene: Scene
    watchers: list[Watcher]


@pytest.fixture
async def matrix(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Matrix]:
    async with open_domain(database_url, tmp_path, clock, **SETTINGS) as domain, http_client(domain.resources) as http:
        scene = await set_up(domain, await api_of(domain.resources, http, domain.caller))
        stranger = await api_of(domain.resources, http, domain.stranger, *stranger_scopes())
        yield Matrix(scene, await watchers(scene, stranger))


def fields_of(root: GraphQLObjectType | None) -> Mapping[str, GraphQLField]:
    assert root is not None
    fields: Mapping[str, GraphQLField] = root.fields
    return fields


def test_every_place_of_the_schema_is_in_the_matrix() -> None:
    assert set(QUERIES) == set(fields_of(SCHEMA.query_type))
    assert set(MUTATIONS) == set(fields_of(SCHEMA.mutation_type))
    assert set(SUBSCRIPTIONS) == set(fields_of(SCHEMA.subscription_type))
    assert set(NODES) == {type_.name for type_ in node_types()}
    assert set(NODES.values()) == set(KINDS)


def arguments(scene: Scene, asked: Asked) -> dict[str, Any]:
    """The arguments or the input of a place, with the IDs that they are about."""
    found: dict[str, Any] = deepcopy(dict(asked.given))
    for path, kind in asked.about.items():
        *outer, last = path.split(".")
        within = found
        for step in outer:
            within = within.setdefault(step, {})
        within[last] = [scene.hidden[kind]] if last in {"ids", "webhookIds"} else scene.hidden[kind]
    return found


def document(operation: str, name: str, field: GraphQLField, given: Mapping[str, Any]) -> str:
    """One field with some arguments and all that it can show."""
    defined = ", ".join(f"${argument}: {field.args[argument].type}" for argument in given)
    passed = ", ".join(f"{argument}: ${argument}" for argument in given)
    selection = everything(get_named_type(field.type))
    return f"{operation}{f'({defined})' if defined else ''} {{ {name}{f'({passed})' if passed else ''} {selection} }}"


def found_in(data: Any, texts: list[str]) -> list[str]:
    """Which of these texts an answer shows."""
    answer = orjson.dumps(data).decode()
    return [text for text in texts if text in answer]


@pytest.mark.parametrize("name", QUERIES)
async def test_a_query_shows_nothing_of_what_is_not_the_askers(matrix: Matrix, name: str) -> None:
    scene, field = matrix.scene, fields_of(SCHEMA.query_type)[name]
    for asked in QUERIES[name]:
        given = arguments(scene, asked)
        text = document("query", name, field, given)

        of_owner = await scene.owner.data(text, **given)
        if asked.shows:
            assert found_in(of_owner, list(scene.hidden.values())) != [], "the owner does not see it either"
        for watcher in matrix.watchers:
            answer = await watcher.api.ask(text, **given)
            assert found_in(answer.get("data"), scene.texts(watcher)) == [], (watcher.name, asked)
            assert "INTERNAL_SERVER_ERROR" not in orjson.dumps(answer.get("errors", [])).decode(), answer["errors"]


@pytest.mark.parametrize("type_name", NODES)
async def test_a_node_that_is_not_the_askers_is_one_that_never_was(matrix: Matrix, type_name: str) -> None:
    scene, kind = matrix.scene, NODES[type_name]
    text = "query($id: ID!) { node(id: $id) { __typename id } nodes(ids: [$id]) { id } }"

    of_owner = await scene.owner.data(text, id=scene.hidden[kind])
    assert of_owner["node"] == {"__typename": type_name, "id": scene.hidden[kind]}
    for watcher in matrix.watchers:
        if kind in watcher.hidden_kinds:
            assert await watcher.api.data(text, id=scene.hidden[kind]) == {"node": None, "nodes": [None]}, watcher.name


@pytest.mark.parametrize("name", MUTATIONS)
async def test_a_mutation_changes_and_shows_nothing_that_is_not_the_askers(matrix: Matrix, name: str) -> None:
    scene, field = matrix.scene, fields_of(SCHEMA.mutation_type)[name]
    before = await scene.contents()
    for asked in MUTATIONS[name]:
        given = {"input": arguments(scene, asked)}
        text = document("mutation", name, field, given)
        for watcher in matrix.watchers:
            answer = await watcher.api.ask(text, **given)
            payload = (answer.get("data") or {}).get(name) or {}
            results = {key: value for key, value in payload.items() if not key.endswith("_userErrors")}
            errors = answer.get("errors") or next(
                value for key, value in payload.items() if key.endswith("_userErrors")
            )
            assert found_in(results, scene.texts(watcher)) == [], (watcher.name, asked)
            assert "INTERNAL_SERVER_ERROR" not in orjson.dumps(answer.get("errors", [])).decode(), answer["errors"]
            if must_refuse(asked, watcher):
                assert errors, (watcher.name, asked, answer)
    assert await scene.contents() == before


def must_refuse(asked: Asked, watcher: Watcher) -> bool:
    """Whether an answer without errors would mean that something was done."""
    if asked.about:
        return not set(asked.about.values()).isdisjoint(watcher.hidden_kinds)
    return asked.refused and watcher.name != "another workspace"  # which may do all that to itself


@pytest.mark.parametrize("name", SUBSCRIPTIONS)
async def test_a_subscription_to_what_is_not_the_askers_is_refused(matrix: Matrix, name: str) -> None:
    scene, field = matrix.scene, fields_of(SCHEMA.subscription_type)[name]
    async with served(scene.domain.resources) as address:
        for asked in SUBSCRIPTIONS[name]:
            for watcher in matrix.watchers:
                if not set(asked.about.values()) <= set(watcher.hidden_kinds):
                    continue  # webhooks exist for a token that is narrowed to event types
                given = arguments(scene, asked)
                text = document("subscription", name, field, given)
                async with stream(address, watcher.api.key, text, **given) as messages:
                    _, message = await messages.next()
                assert message["data"] is None if "data" in message else True, (watcher.name, message)
                [error] = message["errors"]
                assert error["extensions"]["code"] in {"BAD_USER_INPUT", "NOT_FOUND"}, (watcher.name, error)


@pytest.mark.parametrize("name", TOPICS)
async def test_a_subscription_sends_nothing_of_what_is_not_the_askers(matrix: Matrix, name: str) -> None:
    scene, field = matrix.scene, fields_of(SCHEMA.subscription_type)[name]
    text = document("subscription", name, field, {})
    async with served(scene.domain.resources) as address:
        for watcher in matrix.watchers:
            if not set(hidden_of(name)) <= set(watcher.hidden_kinds):
                continue
            resources = scene.domain.resources
            async with stream(address, watcher.api.key, text) as messages:
                await until_followed(resources)
                own = await own_update(matrix, watcher, name)
                resources.updates.announce(TOPICS[name], [await update(scene, name, scene.hidden)])
                resources.updates.announce(TOPICS[name], [own])
                told: list[Any] = []
                while own.subject_id not in orjson.dumps(told).decode():
                    told.append((await messages.next())[1])
            await until_followed(resources, 0)
            assert found_in(told, scene.texts(watcher)) == [], watcher.name


@pytest.mark.parametrize("name", TOPICS)
async def test_the_owner_receives_it(matrix: Matrix, name: str) -> None:
    scene, resources = matrix.scene, matrix.scene.domain.resources
    text = document("subscription", name, fields_of(SCHEMA.subscription_type)[name], {})
    async with served(resources) as address, stream(address, scene.owner.key, text) as messages:
        await until_followed(resources)
        resources.updates.announce(TOPICS[name], [await update(scene, name, scene.hidden)])
        told: list[Any] = []
        while not found_in(told, list(scene.hidden.values())):
            told.append((await messages.next())[1])


async def test_statistics_are_followed_of_what_the_asker_sees(matrix: Matrix) -> None:
    matrix.scene.domain.clock.advance(1)  # so that the window, which ends now, has what was just made
    async with served(matrix.scene.domain.resources) as address:
        measured = []
        for watcher in matrix.watchers:
            async with stream(address, watcher.api.key, "subscription { deliveryStats { deliveries } }") as messages:
                measured.append((await messages.next())[1]["data"]["deliveryStats"]["deliveries"])

    assert measured == [0, 1, 1, 1]


async def own_update(matrix: Matrix, watcher: Watcher, name: str) -> Update:
    """A change of something that the watcher sees."""
    scene = matrix.scene
    if watcher.name != "another workspace":
        if TOPICS[name] is Topic.OPERATIONS:
            begun = await watcher.api.change(
                "retryDeliveries", {"filter": {}}, "operation { id } userErrors { message }"
            )
            await scene.domain.rows("UPDATE operation SET status = 'COMPLETED' WHERE status = 'RUNNING' RETURNING id")
            return await update(scene, name, {**scene.seen, "operation": begun["operation"]["id"]})
        return await update(scene, name, scene.seen)
    theirs = await set_up(scene.domain, watcher.api)
    return await update(theirs, name, theirs.seen, scene.domain.stranger.workspace_id)


async def update(scene: Scene, name: str, of: Mapping[str, str], workspace_id: str | None = None) -> Update:
    """A change of one of the things in a scene."""
    workspace_id = workspace_id or scene.domain.caller.workspace_id
    at = to_micros(scene.domain.clock.now())
    if TOPICS[name] is Topic.DELIVERIES:
        [row] = await scene.domain.rows("SELECT * FROM delivery WHERE id = $1", of["delivery"])
        return changed(row)
    if TOPICS[name] is Topic.WEBHOOKS:
        return webhook_changed(workspace_id, of["webhook"], at, ChangeKind.UPDATED)
    return operation_changed(workspace_id, of["operation"], at, "RUNNING")


def hidden_of(name: str) -> tuple[str, ...]:
    """The kinds of things whose changes a subscription sends."""
    return {Topic.DELIVERIES: ("delivery",), Topic.WEBHOOKS: ("webhook",), Topic.OPERATIONS: ("operation",)}[
        TOPICS[name]
    ]


async def test_counts_are_of_what_the_asker_sees(matrix: Matrix) -> None:
    text = """{
      webhooks { totalCount nodes { name stats { deliveries attempts } } }
      stats { deliveries attempts failed pending }
      viewer { workspace { webhookCount } webhookIds eventTypes }
    }"""
    by_webhooks, by_types, by_both = [await watcher.api.data(text) for watcher in matrix.watchers[1:]]

    of_seen = {"name": "Seen", "stats": {"deliveries": 1, "attempts": 1}}
    one = {"deliveries": 1, "attempts": 1, "failed": 0, "pending": 1}
    ids = [matrix.scene.seen["webhook"]]
    assert by_webhooks["webhooks"] == by_both["webhooks"] == {"totalCount": 1, "nodes": [of_seen]}
    assert by_types["webhooks"]["totalCount"] == 2
    assert {"name": "Hidden", "stats": {"deliveries": 0, "attempts": 0}} in by_types["webhooks"]["nodes"]
    assert by_webhooks["stats"] == by_types["stats"] == by_both["stats"] == one
    assert by_both["viewer"] == {"workspace": {"webhookCount": 1}, "webhookIds": ids, "eventTypes": ["ticket.*"]}
    assert by_types["viewer"]["workspace"]["webhookCount"] == 2


async def test_an_operation_of_a_narrowed_token_touches_only_what_the_token_sees(matrix: Matrix) -> None:
    scene = matrix.scene
    begin = "matched operation { id } userErrors { message }"
    for watcher in matrix.watchers[1:]:
        begun = await watcher.api.change("cancelDeliveries", {"filter": {}}, begin)
        listed = await watcher.api.data("{ operations { nodes { id } } }")
        assert begun["matched"] == 1
        assert begun["operation"]["id"] in {node["id"] for node in listed["operations"]["nodes"]}

    from app.operations.run import run_due_operations

    resources = scene.domain.resources
    await resources.lease.renew()
    await scene.domain.rows("UPDATE operation SET status = 'CANCELED' WHERE narrowing IS NULL RETURNING id")
    await run_due_operations(resources, resources.lease)

    rows = await scene.domain.rows("SELECT id, status FROM delivery")
    statuses = {row["id"]: row["status"] for row in rows}
    assert (statuses[scene.seen["delivery"]], statuses[scene.hidden["delivery"]]) == ("CANCELED", "PENDING")
