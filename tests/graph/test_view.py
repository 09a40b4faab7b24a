"""GraphQL over HTTP: authentication, valid requests, and the status and media type of answers."""

from typing import Any

import httpx
import pytest

from app.access.keys import KeyDraft, create_key
from app.statuses import Scope
from graph.http import GRAPHQL_JSON, JSON
from tests.domain import Domain
from tests.graph.conftest import URL, Api, on_sqlite_only

pytestmark = on_sqlite_only

ASK = {"query": "{ viewer { scopes } }"}
REQUEST = '{"query": "{ viewer { scopes } }", "variables": {}}'


@pytest.fixture
def headers(api: Api) -> dict[str, str]:
    return {"authorization": f"Bearer {api.key}", "content-type": "application/json"}


def error_of(response: httpx.Response) -> dict[str, Any]:
    """The one error of an answer without data."""
    answer = response.json()
    assert "data" not in answer
    [error] = answer["errors"]
    found: dict[str, Any] = error
    return found


@pytest.mark.parametrize(
    ("accept", "status", "media_type"),
    [
        (None, 200, "application/json; charset=utf-8"),
        ("application/json", 200, "application/json; charset=utf-8"),
        ("*/*", 200, "application/json; charset=utf-8"),
        (GRAPHQL_JSON, 401, f"{GRAPHQL_JSON}; charset=utf-8"),
        (f"{GRAPHQL_JSON}, {JSON};q=0.9", 401, f"{GRAPHQL_JSON}; charset=utf-8"),
        (f"{GRAPHQL_JSON};q=0.1, {JSON};q=0.9", 200, "application/json; charset=utf-8"),
        ("text/event-stream", 401, "application/json; charset=utf-8"),
    ],
)
async def test_without_a_key_nothing_is_run_and_the_answer_says_so(
    api: Api, accept: str | None, status: int, media_type: str
) -> None:
    headers = {} if accept is None else {"accept": accept}
    request = api.http.build_request("POST", URL, json=ASK, headers=headers)
    if accept is None:
        del request.headers["accept"]

    response = await api.http.send(request)

    assert error_of(response)["extensions"] == {"code": "UNAUTHENTICATED"}
    assert "Authorization: Bearer" in error_of(response)["message"]
    assert (response.status_code, response.headers["content-type"]) == (status, media_type)
    assert ("www-authenticate" in response.headers) == (status == 401)


@pytest.mark.parametrize("given", ["Bearer wrong", "Bearer ", "Basic YTpi", "bearer", "Bearer " + "x" * 5000])
async def test_a_key_that_is_not_valid_is_refused(api: Api, given: str) -> None:
    response = await api.http.post(URL, json=ASK, headers={"authorization": given})

    assert error_of(response)["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_a_key_may_be_bound_to_addresses(api: Api, domain: Domain) -> None:
    elsewhere = KeyDraft("elsewhere", [Scope.READ], allowed_sources=["192.0.2.0/24"])
    here = KeyDraft("here", [Scope.READ], allowed_sources=["127.0.0.1"])
    keys = [(await create_key(domain.resources, domain.caller, draft)).key for draft in (elsewhere, here)]

    refused, taken = [
        await api.http.post(URL, json=ASK, headers={"authorization": f"Bearer {key}", "accept": GRAPHQL_JSON})
        for key in keys
    ]

    assert (refused.status_code, error_of(refused)["extensions"]) == (403, {"code": "FORBIDDEN"})
    assert taken.json()["data"] == {"viewer": {"scopes": ["READ"]}}


async def test_a_query_may_be_asked_by_get(api: Api, headers: dict[str, str]) -> None:
    parameters = {
        "query": "query Q($id: ID!) { event(id: $id) { id } } query R { viewer { scopes } }",
        "variables": '{"id": "evt_1"}',
        "operationName": "Q",
        "extensions": "",
    }

    response = await api.http.get(URL, params=parameters, headers=headers)

    assert response.json()["data"] == {"event": None}


async def test_a_get_never_changes_anything(api: Api, headers: dict[str, str], domain: Domain) -> None:
    mutation = 'mutation { createApiKey(input: {name: "x", scopes: [READ]}) { key } }'
    before = await domain.rows("SELECT id FROM api_key")

    response = await api.http.get(URL, params={"query": mutation}, headers=headers)

    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")
    assert error_of(response)["extensions"] == {"code": "BAD_USER_INPUT"}
    assert await domain.rows("SELECT id FROM api_key") == before


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/json; charset=utf-16",
        "application/jsonp",
        "application/graphql",
    ],
)
async def test_a_post_that_a_page_of_another_site_could_send_is_refused(
    api: Api, headers: dict[str, str], content_type: str
) -> None:
    response = await api.http.post(URL, content=b'{"query": "{ a }"}', headers=headers | {"content-type": content_type})

    assert response.status_code == 415
    assert "application/json" in error_of(response)["message"]


@pytest.mark.parametrize(
    "content_type", ["application/json", 'APPLICATION/JSON ; charset="UTF-8"', "application/json;v=1"]
)
async def test_json_is_taken_however_its_type_is_written(api: Api, headers: dict[str, str], content_type: str) -> None:
    response = await api.http.post(
        URL, content=b'{"query": "{ __typename }"}', headers=headers | {"content-type": content_type}
    )

    assert response.json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "The body is not JSON"),
        (b"{", "The body is not JSON"),
        (b"\xff", "The body is not JSON"),
        (b'{"query": NaN}', "The body is not JSON"),
        (b"[" * 2000, "The body is not JSON"),
        (b"{ viewer { scopes } }", f"Send a JSON object such as {REQUEST}."),
        (b"query { viewer { scopes } }", f"Send a JSON object such as {REQUEST}."),
        (b"[]", f"must be a JSON object such as {REQUEST}, but is a list; batches are not supported"),
        (b'"query"', f"must be a JSON object such as {REQUEST}, but is a string"),
        (b"null", f"must be a JSON object such as {REQUEST}, but is null"),
        (b"{}", "query must be the text of a GraphQL operation, but is missing"),
        (b'{"query": null}', "but is missing"),
        (b'{"query": " "}', "but is empty"),
        (b'{"query": 1}', "but is a number"),
        (b'{"query": {}}', "but is an object"),
        (b'{"query": "{a}", "variables": []}', "variables must be an object or null, but is a list"),
        (b'{"query": "{a}", "variables": "{}"}', "variables must be an object or null, but is a string"),
        (b'{"query": "{a}", "operationName": true}', "operationName must be a string or null, but is a boolean"),
        (b'{"query": "{a}", "extensions": 1.5}', "extensions must be an object or null, but is a number"),
    ],
)
@pytest.mark.parametrize("accept", [JSON, GRAPHQL_JSON])
async def test_a_body_that_is_no_request_is_refused_with_what_is_wrong(
    api: Api, headers: dict[str, str], body: bytes, sentence: str, accept: str
) -> None:
    response = await api.http.post(URL, content=body, headers=headers | {"accept": accept})

    assert response.status_code == 400
    assert sentence in error_of(response)["message"]
    assert error_of(response)["extensions"] == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({}, "query must be the text of a GraphQL operation, but is missing"),
        ({"query": "{ a }", "variables": "{"}, "The parameter variables is not JSON"),
        ({"query": "{ a }", "variables": "[]"}, "variables must be an object"),
        ({"query": "{ a }", "extensions": "no"}, "The parameter extensions is not JSON"),
    ],
)
async def test_a_url_that_is_no_request_is_refused_with_what_is_wrong(
    api: Api, headers: dict[str, str], parameters: dict[str, str], sentence: str
) -> None:
    response = await api.http.get(URL, params=parameters, headers=headers)

    assert response.status_code == 400
    assert sentence in error_of(response)["message"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_refused(api: Api, headers: dict[str, str], method: str) -> None:
    response = await api.http.request(method, URL, json=ASK, headers=headers)

    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")
    assert error_of(response)["extensions"] == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"query": "{"}, "Syntax Error"),
        ({"query": "{ nonsense }"}, "Cannot query field 'nonsense'"),
        ({"query": "query($id: ID!) { event(id: $id) { id } }"}, "Variable '$id'"),
        ({"query": "query($id: ID!) { event(id: $id) { id } }", "variables": {"id": {}}}, "Variable '$id'"),
        ({"query": "query A { a: __typename }", "operationName": "B"}, 'Unknown operation named "B"'),
        ({"query": "query A { __typename } query B { __typename }"}, "several operations"),
        ({"query": "fragment F on Query { __typename }"}, "operation"),
        ({"query": '{ webhooks(first: "1") { totalCount } }'}, "Int cannot represent"),
    ],
)
async def test_what_graphql_itself_refuses_has_no_data_and_a_status_by_media_type(
    api: Api, headers: dict[str, str], asked: dict[str, Any], sentence: str
) -> None:
    plain, strict = [
        await api.http.post(URL, json=asked, headers=headers | {"accept": accept}) for accept in (JSON, GRAPHQL_JSON)
    ]

    assert (plain.status_code, strict.status_code) == (200, 400)
    assert sentence in error_of(strict)["message"]
    assert error_of(plain)["extensions"]["code"] == error_of(strict)["extensions"]["code"] == "BAD_USER_INPUT"


async def test_an_error_while_running_comes_with_data_and_status_200(api: Api, domain: Domain) -> None:
    reader = await api.with_key(domain.caller, Scope.READ)
    headers = {"authorization": f"Bearer {reader.key}", "accept": GRAPHQL_JSON}

    response = await api.http.post(URL, json={"query": "{ apiKeys { nodes { id } } }"}, headers=headers)

    assert response.status_code == 200
    assert response.json()["data"] is None
    assert response.json()["errors"][0]["path"] == ["apiKeys"]
    assert response.json()["errors"][0]["extensions"] == {"code": "FORBIDDEN"}


async def test_a_browser_that_opens_the_url_gets_no_page_that_loads_scripts_from_elsewhere(
    api: Api, headers: dict[str, str]
) -> None:
    html = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

    unknown, known = [await api.http.get(URL, headers=extra | html) for extra in ({}, headers)]

    assert unknown.headers["content-type"] == known.headers["content-type"] == "application/json; charset=utf-8"
    assert error_of(unknown)["extensions"] == {"code": "UNAUTHENTICATED"}
    assert "query" in error_of(known)["message"]


async def test_a_subscription_asked_for_as_one_document_is_refused_with_the_right_place(api: Api) -> None:
    response = await api.post("subscription { deliveryUpdates { cursor } }")

    assert response.status_code == 400
    assert "text/event-stream" in error_of(response)["message"]
