"""Workspaces over the API: created, listed and deleted, and the scopes for that."""

from typing import Any

import pytest

from app.ids import new_id
from app.statuses import Scope
from tests.clock import START
from tests.domain import Domain
from tests.graph.conftest import Api
from tests.graph.counting import counted

ERRORS = "userErrors { message path code }"
WORKSPACE = "id name externalId webhookCount createdAt"


async def made(api: Api, name: str, external_id: str | None = None) -> dict[str, Any]:
    payload = await api.change(
        "createWorkspace", {"name": name, "externalId": external_id}, f"workspace {{ {WORKSPACE} }} created {ERRORS}"
    )
    assert payload["created"], payload
    workspace: dict[str, Any] = payload["workspace"]
    return workspace


async def test_a_workspace_is_made_found_again_and_deleted(api: Api) -> None:
    workspace = await made(api, "Acme", "customer-1")
    again = await api.change(
        "createWorkspace", {"name": "Acme", "externalId": "customer-1"}, f"workspace {{ {WORKSPACE} }} created"
    )
    document = f"""query($id: ID!) {{
      workspace(id: $id) {{ {WORKSPACE} }}
      node(id: $id) {{ ... on Workspace {{ {WORKSPACE} }} }}
      workspaces(externalId: "customer-1") {{ nodes {{ {WORKSPACE} }} }}
    }}"""

    found = await api.data(document, id=workspace["id"])
    deleted = await api.change("deleteWorkspace", {"id": workspace["id"]}, f"deletedId {ERRORS}")
    gone = await api.data(document, id=workspace["id"])

    assert again == {"workspace": workspace, "created": False}
    assert (workspace["externalId"], workspace["webhookCount"]) == ("customer-1", 0)
    assert found == {"workspace": workspace, "node": workspace, "workspaces": {"nodes": [workspace]}}
    assert deleted == {"deletedId": workspace["id"], "userErrors": []}
    assert gone == {"workspace": None, "node": None, "workspaces": {"nodes": []}}


async def test_workspaces_are_paged_newest_first_and_their_webhooks_counted_together(
    api: Api, domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = {"name": "A", "url": "http://127.0.0.1:9999/", "eventTypes": ["*"]}
    assert await api.change("createWebhook", webhook, ERRORS) == {"userErrors": []}
    names = [f"w{number}" for number in range(5)]
    for name in names:
        await made(api, name)
    document = """query($after: String) { workspaces(first: 4, after: $after) {
      edges { node { name webhookCount } } pageInfo { hasNextPage endCursor }
    } }"""

    with counted(domain.resources.database, monkeypatch) as statements:
        first = (await api.data(document))["workspaces"]
    rest = (await api.data(document, after=first["pageInfo"]["endCursor"]))["workspaces"]

    nodes = [edge["node"] for edge in (*first["edges"], *rest["edges"])]
    assert [node["name"] for node in nodes] == [*reversed(names), "theirs", "ours"]
    assert [node["webhookCount"] for node in nodes] == [0, 0, 0, 0, 0, 0, 1]
    assert sum("FROM webhook" in statement for statement in statements) == 1
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)


async def test_the_scope_is_needed_and_nothing_else_gives_it(api: Api, domain: Domain) -> None:
    every_other = [scope for scope in Scope if scope is not Scope.INSTALLATION]
    admin = await api.with_key(domain.caller, *every_other)
    documents = [
        '{ workspace(id: "ws_1") { id } }',
        "{ workspaces { nodes { id } } }",
        'mutation { createWorkspace(input: { name: "A" }) { created } }',
        'mutation { deleteWorkspace(input: { id: "ws_1" }) { deletedId } }',
    ]

    errors = [await admin.error(document) for document in documents]
    neighbour = await admin.data("query($id: ID!) { node(id: $id) { id } }", id=domain.stranger.workspace_id)
    passed_on = await admin.change("createApiKey", {"name": "x", "scopes": ["INSTALLATION"]}, f"key {ERRORS}")

    assert [error["extensions"] for error in errors] == [{"code": "FORBIDDEN"}] * 4
    assert neighbour == {"node": None}
    assert [error["path"] for error in passed_on["userErrors"]] == [["scopes", "0"]]


async def test_an_unknown_id_is_null_and_cannot_be_deleted(api: Api) -> None:
    nobody = new_id("ws", START)

    assert await api.data("query($id: ID!) { workspace(id: $id) { id } }", id=nobody) == {"workspace": None}
    refused = await api.change("deleteWorkspace", {"id": nobody}, f"deletedId {ERRORS}")
    assert [(error["path"], error["code"]) for error in refused["userErrors"]] == [(["id"], "NOT_FOUND")]


async def test_ones_own_workspace_cannot_be_deleted(api: Api, domain: Domain) -> None:
    refused = await api.change("deleteWorkspace", {"id": domain.caller.workspace_id}, f"deletedId {ERRORS}")

    assert [(error["path"], error["code"]) for error in refused["userErrors"]] == [(["id"], "CONFLICT")]
