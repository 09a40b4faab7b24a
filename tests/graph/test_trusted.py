"""Trusted documents: with a manifest, only its documents run; an invalid manifest stops the start."""

import json
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from graphql import get_introspection_query

from app.settings import Settings, SettingsError
from graph.schema import Schema
from tests.clock import FakeClock
from tests.domain import open_domain
from tests.graph.conftest import URL, Api, api_of, http_client, on_sqlite_only
from tests.graph.serving import served, socket, stream_of

QUERY = "query Egress { egressAddresses }"
FOLLOW = "subscription Follow { webhookUpdates { id } }"
DIGEST = sha256(QUERY.encode()).hexdigest()
MANIFEST = {"egress": QUERY, "follow": FOLLOW}
FORBIDDEN = {"code": "FORBIDDEN"}


def persisted(document_id: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": document_id}}


ALLOWED: list[dict[str, Any]] = [
    {"documentId": "egress"},
    {"documentId": f"sha256:{DIGEST}"},
    {"extensions": persisted("egress")},
    {"extensions": persisted(DIGEST)},
    {"query": QUERY},
    {"query": QUERY, "extensions": persisted(DIGEST)},
]
REFUSED: list[dict[str, Any]] = [
    {"query": "{ egressAddresses }"},
    {"query": f"{QUERY} "},
    {"query": get_introspection_query()},
    {"query": "{"},
    {"query": "{ egressAddresses }", "documentId": "egress"},
    {"query": "{ egressAddresses }", "extensions": persisted(sha256(b"{ egressAddresses }").hexdigest())},
    {"documentId": "another"},
    {"extensions": persisted("0" * 64)},
]


@pytest.fixture
async def trusting(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Api]:
    """A client of a server with a manifest."""
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(MANIFEST), encoding="utf-8")
    async with (
        open_domain(database_url, tmp_path, clock, trusted_documents=path) as domain,
        http_client(domain.resources) as client,
    ):
        yield await api_of(domain.resources, client, domain.caller)


@pytest.mark.parametrize("asked", ALLOWED)
@on_sqlite_only
async def test_a_trusted_document_runs_by_its_ids_and_by_its_text(trusting: Api, asked: dict[str, Any]) -> None:
    headers = {"authorization": f"Bearer {trusting.key}"}
    in_url = {name: value if isinstance(value, str) else json.dumps(value) for name, value in asked.items()}

    posted = await trusting.http.post(URL, json=asked, headers=headers)
    got = await trusting.http.get(URL, params=in_url, headers=headers)

    assert posted.json()["data"] == got.json()["data"] == {"egressAddresses": []}


@pytest.mark.parametrize("asked", REFUSED)
@on_sqlite_only
async def test_nothing_else_runs_and_the_error_names_the_setting(trusting: Api, asked: dict[str, Any]) -> None:
    headers = {"authorization": f"Bearer {trusting.key}", "accept": "application/graphql-response+json"}

    response = await trusting.http.post(URL, json=asked, headers=headers)

    [error] = response.json()["errors"]
    assert (response.status_code, error["extensions"]) == (403, FORBIDDEN)
    assert "TRUSTED_DOCUMENTS" in error["message"]
    assert "data" not in response.json()


@on_sqlite_only
async def test_so_it_is_on_sockets_and_in_streams(trusting: Api) -> None:
    async with served(trusting.resources) as address, socket(address) as opened:
        await opened.introduce(trusting.key)
        for number, asked in enumerate(REFUSED):
            await opened.subscribe_to(asked, f"refused {number}")
            refusal = await opened.receive()
            assert (refusal["type"], refusal["payload"][0]["extensions"]) == ("error", FORBIDDEN)
            async with stream_of(address, trusting.key, asked) as stream:
                assert (await stream.next())[1]["errors"][0]["extensions"] == FORBIDDEN
        for number, asked in enumerate(ALLOWED):
            await opened.subscribe_to(asked, f"allowed {number}")
            assert await opened.next(f"allowed {number}") == {"egressAddresses": []}
            assert (await opened.receive())["type"] == "complete"
            async with stream_of(address, trusting.key, asked) as stream:
                assert (await stream.next())[1]["data"] == {"egressAddresses": []}


def started_with(path: Path, content: str | None, **settings: Any) -> Schema:
    if content is not None:
        path.write_text(content, encoding="utf-8")
    return Schema(Settings(_env_file=None, trusted_documents=path, **settings))


def test_the_manifest_of_apollo_is_read_too(tmp_path: Path) -> None:
    operations = [{"id": DIGEST, "name": "Egress", "type": "query", "body": QUERY}]
    content = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}

    schema = started_with(tmp_path / "manifest.json", json.dumps(content))

    assert schema.documents.misses == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "it cannot be read, for No such file"),
        ("{", "it is not JSON"),
        ("[]", "it must hold a JSON object"),
        ("{}", "it must hold a JSON object"),
        ('{"a": 5}', "it must hold a JSON object"),
        ('{"format": "apollo-persisted-query-manifest", "operations": [5]}', "it must hold a JSON object"),
        ('{"format": "apollo-persisted-query-manifest", "operations": [{"id": "a"}]}', "it must hold a JSON object"),
        ('{"typo": "{ egressAdresses }"}', "its document \"typo\" cannot run: Cannot query field 'egressAdresses'"),
        ('{"broken": "{ egressAddresses"}', 'its document "broken" cannot run: Syntax Error'),
    ],
)
def test_a_manifest_that_cannot_be_right_stops_the_start_and_says_why(
    tmp_path: Path, content: str | None, sentence: str
) -> None:
    path = tmp_path / "manifest.json"

    with pytest.raises(SettingsError) as refused:
        started_with(path, content)

    assert str(refused.value).startswith(f'TRUSTED_DOCUMENTS is "{path}": {sentence}')


def test_every_document_that_cannot_run_is_named_up_to_some(tmp_path: Path) -> None:
    bad = {f"bad{number}": "{ nonsense }" for number in range(12)}

    with pytest.raises(SettingsError) as refused:
        started_with(tmp_path / "manifest.json", json.dumps({"good": QUERY, **bad}))

    assert len(refused.value.problems) == 11
    assert '"bad9"' in refused.value.problems[9]
    assert refused.value.problems[10] == "So it is with 2 more."


def test_the_limits_hold_for_what_is_trusted(tmp_path: Path) -> None:
    content = json.dumps({"deep": "{ webhooks { nodes { retryPolicy { delaysSeconds } } } }"})

    with pytest.raises(SettingsError, match='"deep" cannot run: The operation has a depth of 4, but at most 3'):
        started_with(tmp_path / "manifest.json", content, max_query_depth=3)
