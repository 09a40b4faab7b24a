"""Answers that are made before their commit is done: no client gets one that turns out wrong, or too early."""

import asyncio
from functools import cached_property
from typing import Any

import pytest
from graphql import (
    GraphQLObjectType,
    GraphQLType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    parse,
)

from app.database.errors import DatabaseUnavailable
from app.group_commit import Commit, EarlyResult
from graph.loaders import Loaders
from tests.exported_schema import SCHEMA
from tests.graph.conftest import Api, on_sqlite_only
from tests.graph.counting import counted
from tests.graph.test_events import DRAFT, WEBHOOK
from tests.sqlite_faults import no_room_for_commits, slow_commits

PUBLISH = """mutation($input: PublishEventInput!) {
  told: publishEvent(input: $input) { event { id } deliveryCount }
}"""
TWICE = """mutation($input: PublishEventInput!) {
  first: publishEvent(input: $input) { event { id } }
  second: publishEvent(input: $input) { event { id deliveries { nodes { id } } } }
}"""
EVENTS = "SELECT id FROM event"


async def events(api: Api) -> int:
    return len(await api.resources.database.fetch(EVENTS))


async def as_far_as_it_goes(api: Api) -> None:
    """Let started work run until it waits for the commit."""
    for _ in range(3):
        await asyncio.gather(events(api), events(api))  # Both readers have finished their earlier work.
        for _ in range(100):
            await asyncio.sleep(0)


@on_sqlite_only
async def test_an_answer_leaves_only_when_what_it_tells_of_is_committed(api: Api) -> None:
    await api.data(PUBLISH, input=DRAFT)  # The next one finds what it needs in the caches.
    with slow_commits(api.resources.database) as let_go:
        answer = asyncio.create_task(api.data(PUBLISH, input=DRAFT))
        await as_far_as_it_goes(api)
        assert not answer.done()
        assert await events(api) == 1
        let_go.set()

        assert (await answer)["told"]["deliveryCount"] == 0
    assert await events(api) == 2


@on_sqlite_only
async def test_if_the_commit_fails_only_that_is_reported(api: Api) -> None:
    with no_room_for_commits(api.resources.database):
        answer = await api.ask(PUBLISH, input=DRAFT)

    assert answer["data"] is None
    [error] = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["told"], "UNAVAILABLE")
    assert await events(api) == 0
    assert (await api.data(PUBLISH, input=DRAFT))["told"]["event"]


@on_sqlite_only
async def test_what_follows_in_an_operation_begins_when_what_came_before_is_committed(api: Api) -> None:
    with no_room_for_commits(api.resources.database):
        answer = await api.ask(TWICE, input=DRAFT)

    assert answer["errors"][0]["path"] == ["first"]
    assert await events(api) == 0


def selection(type_: GraphQLType, depth: int = 3) -> str:
    """All fields of a type that need no arguments, down to some depth."""
    named = get_named_type(type_)
    if not isinstance(named, GraphQLObjectType):
        return "" if is_leaf_type(named) else "{ __typename }"
    names = (
        f"{name} {selection(field.type, depth - 1)}"
        for name, field in named.fields.items()
        if (depth or is_leaf_type(get_named_type(field.type)))
        and not any(map(is_required_argument, field.args.values()))
    )
    return "{ " + " ".join(names) + " }"


EVENT_FIELDS = SCHEMA.type_map["Event"].fields  # type: ignore[attr-defined]


@on_sqlite_only
@pytest.mark.parametrize("name", EVENT_FIELDS)
async def test_no_field_of_an_event_reads_or_answers_before_the_commit(
    api: Api, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    document = (
        "mutation($input: PublishEventInput!)"
        f" {{ publishEvent(input: $input) {{ event {{ {name} {selection(EVENT_FIELDS[name].type)} }} }} }}"
    )
    await api.change("createWebhook", WEBHOOK, "webhook { id }")
    before = await api.data(document, input=DRAFT)  # The next one finds the changes in the caches.
    with (
        slow_commits(api.resources.database) as let_go,
        counted(api.resources.database, monkeypatch) as statements,
    ):
        answer = asyncio.create_task(api.data(document, input=DRAFT))
        await as_far_as_it_goes(api)
        assert not answer.done()
        assert "INSERT INTO delivery" in [text for text in statements if text != EVENTS][-1]
        let_go.set()
        after = await answer

    assert shape(after) == shape(before)


def shape(value: Any) -> Any:
    """A JSON value without what differs from event to event."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value)


LOADERS = [name for name, member in vars(Loaders).items() if isinstance(member, cached_property)]


@pytest.mark.parametrize("name", LOADERS)
async def test_every_loader_waits_for_what_its_operation_has_written(api: Api, name: str) -> None:
    commit = Commit()
    commit.end(DatabaseUnavailable("The disk is full."))
    loaders = Loaders.of_nobody(api.resources)
    loaders.early.allow(parse("mutation { publishEvent }"), None)
    await loaders.early.of(EarlyResult(None, commit))

    with pytest.raises(DatabaseUnavailable, match="disk"):
        await getattr(loaders, name).load_fn([])
