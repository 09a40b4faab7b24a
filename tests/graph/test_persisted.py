"""Automatic persisted queries: a document is sent once and then named, over HTTP, streams and sockets."""

import tracemalloc
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import GraphQLError

from graph.http import GRAPHQL_JSON, JSON, Asked
from graph.persisted import Remembered
from tests.clock import FakeClock
from tests.domain import open_domain
from tests.graph.conftest import URL, Api, api_of, http_client, on_sqlite_only
from tests.graph.serving import served, socket, stream_of, until_followed

QUERY = "{ egressAddresses }"
FOLLOW = "subscription { webhookUpdates { id } }"
NOT_FOUND = {"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}


def digest(text: str) -> str:
    """The SHA-256 of a document, as clients compute it."""
    return sha256(text.encode()).hexdigest()


def apollo(text: str, **more: Any) -> dict[str, Any]:
    """A request that names a document as Apollo's clients do."""
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}}, **more}


def standard(text: str, **more: Any) -> dict[str, Any]:
    """A request that names a document as GraphQL over HTTP specifies."""
    return {"documentId": f"sha256:{digest(text)}", **more}


async def post(api: Api, asked: dict[str, Any], accept: str = JSON) -> httpx.Response:
    headers = {"authorization": f"Bearer {api.key}", "accept": accept}
    return await api.http.post(URL, json=asked, headers=headers)


@pytest.mark.parametrize("named", [apollo, standard])
@on_sqlite_only
async def test_a_document_that_was_sent_once_is_asked_for_by_its_hash_alone(api: Api, named: Any) -> None:
    unknown = await post(api, named(QUERY))
    sent = await post(api, named(QUERY, query=QUERY))
    asked = await post(api, named(QUERY))

    assert unknown.json() == {"errors": [NOT_FOUND]}
    assert sent.json() == asked.json()
    assert asked.json()["data"] == {"egressAddresses": []}


@on_sqlite_only
async def test_a_hash_is_asked_for_by_get_too_and_changes_nothing_there(api: Api) -> None:
    mutation = 'mutation { pauseWebhook(input: {id: "wh_1"}) { userErrors { code } } }'
    for text in (QUERY, mutation):
        await post(api, apollo(text, query=text))

    headers = {"authorization": f"Bearer {api.key}"}
    persisted = [f'{{"persistedQuery":{{"version":1,"sha256Hash":"{digest(text)}"}}}}' for text in (QUERY, mutation)]
    by_hash, changing = [await api.http.get(URL, params={"extensions": text}, headers=headers) for text in persisted]
    by_id = await api.http.get(URL, params={"documentId": f"sha256:{digest(QUERY)}"}, headers=headers)

    assert by_hash.json()["data"] == by_id.json()["data"] == {"egressAddresses": []}
    assert changing.status_code == 405


@on_sqlite_only
async def test_variables_and_the_name_of_the_operation_come_with_the_hash(api: Api) -> None:
    text = "query A($id: ID!) { webhook(id: $id) { id } } query B { egressAddresses }"
    await post(api, apollo(text, query=text, operationName="B"))

    asked = await post(api, apollo(text, operationName="A", variables={"id": "wh_1"}))

    assert asked.json()["data"] == {"webhook": None}


@pytest.mark.parametrize(("accept", "status"), [(JSON, 200), (GRAPHQL_JSON, 400)])
@on_sqlite_only
async def test_a_miss_has_the_status_of_its_media_type(api: Api, accept: str, status: int) -> None:
    response = await post(api, apollo(QUERY), accept)

    assert (response.status_code, response.json()) == (status, {"errors": [NOT_FOUND]})


@on_sqlite_only
async def test_a_text_that_is_not_that_of_its_hash_is_neither_run_nor_remembered(api: Api) -> None:
    lie = await post(api, apollo(QUERY, query="{ viewer { scopes } }"))
    asked = await post(api, apollo(QUERY))

    [error] = lie.json()["errors"]
    assert "data" not in lie.json()
    assert f'"{digest(QUERY)}"' in error["message"]
    assert f'"{digest("{ viewer { scopes } }")}"' in error["message"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert asked.json() == {"errors": [NOT_FOUND]}


@pytest.mark.parametrize(
    "asked",
    [
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "0" * 64}}},
        {"extensions": {"persistedQuery": {"version": 1}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": ""}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": 5}}},
        {"extensions": {"persistedQuery": "0" * 64}},
        {"documentId": 5},
        {"documentId": ""},
        {"documentId": "sha256:0", "query": 5},
        {"extensions": {"persistedQuery": None}},
    ],
)
@on_sqlite_only
async def test_a_text_that_is_not_a_name_is_refused(api: Api, asked: dict[str, Any]) -> None:
    response = await post(api, asked)

    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


@on_sqlite_only
async def test_what_names_a_document_needs_a_key_like_any_other(api: Api) -> None:
    response = await api.http.post(URL, json=apollo(QUERY))

    assert response.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


@on_sqlite_only
async def test_streams_and_sockets_share_what_was_sent(api: Api) -> None:
    async with served(api.resources) as address, socket(address) as opened:
        async with stream_of(address, api.key, apollo(FOLLOW)) as missed:
            misses = [await missed.next(), await missed.next()]
        await opened.introduce(api.key)
        await opened.subscribe_to(apollo(QUERY), "unknown")
        unknown = await opened.receive()
        await opened.subscribe_to(apollo(QUERY, query=QUERY), "sent")
        sent = [await opened.receive(), await opened.receive()]
        await opened.subscribe_to(standard(QUERY), "named")
        named = [await opened.receive(), await opened.receive()]
        async with stream_of(address, api.key, apollo(QUERY)) as stream:
            streamed = await stream.next()

    assert misses == [("next", {"errors": [NOT_FOUND]}), ("complete", None)]
    assert unknown == {"id": "unknown", "type": "error", "payload": [NOT_FOUND]}
    assert sent[0]["payload"] == named[0]["payload"] == streamed[1]
    assert streamed[1]["data"] == {"egressAddresses": []}


@on_sqlite_only
async def test_a_subscription_is_followed_by_its_hash(api: Api) -> None:
    draft = {"name": "Desk", "url": "http://127.0.0.1:2/", "eventTypes": ["*"]}
    async with served(api.resources) as address, socket(address) as opened:
        await opened.introduce(api.key)
        await opened.subscribe_to(apollo(FOLLOW, query=FOLLOW), "sent")
        await opened.subscribe_to(apollo(FOLLOW), "named")
        await until_followed(api.resources, 2)
        created = await api.change("createWebhook", draft, "webhook { id }")
        told = {message["id"]: message["payload"]["data"] for message in [await opened.receive() for _ in range(2)]}

    update = {"webhookUpdates": created["webhook"]}
    assert told == {"sent": update, "named": update}


@pytest.fixture
async def without(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Api]:
    """A client of a server that remembers nothing."""
    async with (
        open_domain(database_url, tmp_path, clock, persisted_queries_bytes=0) as domain,
        http_client(domain.resources) as client,
    ):
        yield await api_of(domain.resources, client, domain.caller)


@on_sqlite_only
async def test_they_can_be_turned_off_and_clients_learn_to_send_texts(without: Api) -> None:
    with_text = await post(without, apollo(QUERY, query=QUERY))
    asked = await post(without, apollo(QUERY))

    assert with_text.json()["data"] == {"egressAddresses": []}
    assert asked.json()["errors"] == [
        {"message": "PersistedQueryNotSupported", "extensions": {"code": "PERSISTED_QUERY_NOT_SUPPORTED"}}
    ]


def asked_for(text: str, *, sent: bool) -> Asked:
    return Asked(text if sent else "", None, None, None, digest(text))


def test_what_was_unused_for_longest_is_forgotten_first() -> None:
    texts = [f"{{ a{number}: __typename }} # {'x' * 10_000}" for number in range(4)]
    remembered = Remembered(max_bytes=35_000)
    for text in texts[:3]:
        remembered.resolve(asked_for(text, sent=True))

    remembered.resolve(asked_for(texts[0], sent=False))
    remembered.resolve(asked_for(texts[3], sent=True))

    with pytest.raises(GraphQLError, match="PersistedQueryNotFound"):
        remembered.resolve(asked_for(texts[1], sent=False))
    for text in (texts[0], texts[2], texts[3]):
        assert remembered.resolve(asked_for(text, sent=False)).query == text


def test_a_text_larger_than_all_that_is_kept_pushes_out_nothing() -> None:
    remembered = Remembered(max_bytes=1_000)
    remembered.resolve(asked_for(QUERY, sent=True))

    remembered.resolve(asked_for("{ é }" * 200, sent=True))

    assert remembered.resolve(asked_for(QUERY, sent=False)).query == QUERY


@pytest.mark.parametrize("text", ["{{a{}}}", "{{a{}}} # 🐘 " + "x" * 200])
def test_however_short_or_wide_texts_are_they_take_no_more_memory_than_allowed(text: str) -> None:
    remembered = Remembered(max_bytes=1_000_000)
    tracemalloc.start()
    for number in range(10_000):
        remembered.resolve(asked_for(text.format(number), sent=True))
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert 200_000 < taken < 1_000_000
