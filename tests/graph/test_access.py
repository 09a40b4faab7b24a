"""Who is calling, keys and tokens, the audit log, and finding any object by its ID."""

from datetime import timedelta
from pathlib import Path

import pytest

from app.ids import new_id
from app.statuses import Scope
from tests.clock import START, FakeClock
from tests.domain import Domain, open_domain
from tests.graph.conftest import Api, api_of, http_client, on_sqlite_only

ERRORS = "userErrors { message path code }"
KEY = "id name hint scopes allowedSources createdAt expiresAt lastUsedAt revokedAt"


async def test_the_viewer_is_the_key_in_use_and_its_workspace(api: Api, domain: Domain) -> None:
    reader = await api.with_key(domain.caller, Scope.READ, Scope.SECRETS)

    viewer = (await reader.data("{ viewer { scopes workspace { id name createdAt } apiKey { name hint scopes } } }"))[
        "viewer"
    ]

    assert viewer["scopes"] == ["READ", "SECRETS"]
    assert viewer["workspace"] == {
        "id": domain.caller.workspace_id,
        "name": "ours",
        "createdAt": "2026-03-14T09:26:53.589Z",
    }
    assert viewer["apiKey"] == {"name": "test", "hint": reader.key[-4:], "scopes": ["READ", "SECRETS"]}


@pytest.mark.parametrize("scope", Scope)
async def test_a_key_of_any_scope_learns_who_it_is_and_nothing_else(api: Api, domain: Domain, scope: Scope) -> None:
    caller = await api.with_key(domain.caller, scope)

    viewer = (await caller.data("{ viewer { scopes workspace { name } apiKey { hint } } }"))["viewer"]

    assert viewer == {"scopes": [scope], "workspace": {"name": "ours"}, "apiKey": {"hint": caller.key[-4:]}}
    if scope is not Scope.READ:
        assert (await caller.error("{ webhooks { nodes { id } } }"))["extensions"] == {"code": "FORBIDDEN"}


async def test_a_key_is_made_shown_once_listed_and_revoked(api: Api, domain: Domain) -> None:
    draft = {"name": "CI", "scopes": ["READ"], "allowedSources": ["127.0.0.0/8"], "expiresAt": "2027-01-01T00:00:00Z"}

    made = await api.change("createApiKey", draft, f"apiKey {{ {KEY} }} key {ERRORS}")
    listed = (await api.data(f"{{ apiKeys(first: 1) {{ nodes {{ {KEY} }} pageInfo {{ hasNextPage }} }} }}"))["apiKeys"]
    client = Api(api.resources, api.http, made["key"])
    works = await client.ask("{ viewer { scopes } }")
    revoked = await api.change("revokeApiKey", {"id": made["apiKey"]["id"]}, f"apiKey {{ {KEY} }} {ERRORS}")
    works_no_more = await client.ask("{ viewer { scopes } }")

    assert made["key"].endswith(made["apiKey"]["hint"])
    assert listed == {"nodes": [made["apiKey"]], "pageInfo": {"hasNextPage": True}}
    assert works["data"] == {"viewer": {"scopes": ["READ"]}}
    assert revoked["apiKey"] == made["apiKey"] | {"revokedAt": "2026-03-14T09:26:53.589Z"}
    assert works_no_more["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_what_is_wrong_with_a_key_is_said_with_its_place(api: Api) -> None:
    wrong = {"name": "", "scopes": [], "allowedSources": ["nowhere"], "expiresAt": "2000-01-01T00:00:00Z"}

    payload = await api.change("createApiKey", wrong, f"apiKey {{ id }} key {ERRORS}")

    assert (payload["apiKey"], payload["key"]) == (None, None)
    assert {error["path"][0] for error in payload["userErrors"]} == {"name", "scopes", "allowedSources", "expiresAt"}


async def test_a_token_does_what_its_maker_lets_it_until_its_time_ends(api: Api, domain: Domain) -> None:
    made = await api.change(
        "createAccessToken", {"scopes": ["READ"], "expiresInSeconds": None}, f"token expiresAt {ERRORS}"
    )
    browser = Api(api.resources, api.http, made["token"])

    viewer = (await browser.data("{ viewer { scopes apiKey { hint } } }"))["viewer"]
    domain.clock.advance(timedelta(hours=1))
    expired = await browser.error("{ viewer { scopes } }")

    assert made["expiresAt"] == "2026-03-14T10:26:53.589Z"
    assert viewer == {"scopes": ["READ"], "apiKey": {"hint": api.key[-4:]}}
    assert expired["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_the_audit_log_says_who_changed_what_with_secrets_masked(api: Api, domain: Domain) -> None:
    draft = {
        "name": "Desk",
        "url": "http://127.0.0.1:2/",
        "eventTypes": ["*"],
        "headers": [{"name": "X-Key", "value": "hunter2", "sensitive": True}],
        "authentication": {"bearer": "hunter2"},
    }
    webhook = (await api.change("createWebhook", draft, "webhook { id }"))["webhook"]
    await api.change("updateWebhook", webhook | {"name": "Renamed"}, ERRORS)
    document = "{ auditLog { nodes { id at actor action subjectId changes sourceAddress } } }"

    entries = (await api.data(document))["auditLog"]["nodes"]
    found = await api.data("query($id: ID!) { node(id: $id) { id ... on AuditEntry { action } } }", id=entries[0]["id"])

    assert [entry["action"] for entry in entries[:2]] == ["webhook.updated", "webhook.created"]
    assert entries[0]["changes"] == {"name": ["Desk", "Renamed"]}
    assert entries[0]["subjectId"] == webhook["id"]
    assert entries[0]["actor"].startswith("test (key_")
    assert entries[0]["sourceAddress"] == "127.0.0.1"
    assert "hunter2" not in str(entries)
    assert found["node"] == {"id": entries[0]["id"], "action": "webhook.updated"}


async def test_keys_and_the_audit_log_are_for_administrators(api: Api, domain: Domain) -> None:
    reader = await api.with_key(domain.caller, Scope.READ)
    [key] = (await api.data("{ apiKeys(last: 1) { nodes { id } } }"))["apiKeys"]["nodes"]

    errors = [
        await reader.error("{ apiKeys { nodes { id } } }"),
        await reader.error("{ auditLog { nodes { id } } }"),
        await reader.error("query($id: ID!) { node(id: $id) { id } }", id=key["id"]),
        await reader.error("query($id: ID!) { node(id: $id) { id } }", id=new_id("key", START)),
    ]

    assert [error["extensions"] for error in errors] == [{"code": "FORBIDDEN"}] * 4
    assert all("ADMIN" in error["message"] for error in errors)


async def test_every_thing_is_found_by_its_id(api: Api, domain: Domain, stranger: Api) -> None:
    draft = {"name": "Desk", "url": "http://127.0.0.1:2/", "eventTypes": ["*"]}
    webhook = (await api.change("createWebhook", draft, "webhook { id secrets { id } }"))["webhook"]
    data = {"backup": {"id": "b", "status": "completed", "type": "full"}}
    published = await api.change("publishEvent", {"type": "system.backup", "data": data}, f"event {{ id }} {ERRORS}")
    lists = await api.data("{ apiKeys { nodes { id } } auditLog { nodes { id } } deliveries { nodes { id } } }")
    expected = {
        "Webhook": webhook["id"],
        "WebhookSecret": webhook["secrets"][0]["id"],
        "Event": published["event"]["id"],
        "Delivery": lists["deliveries"]["nodes"][0]["id"],
        "ApiKey": lists["apiKeys"]["nodes"][0]["id"],
        "AuditEntry": lists["auditLog"]["nodes"][0]["id"],
        "Workspace": domain.caller.workspace_id,
    }
    document = "query($id: ID!) { node(id: $id) { __typename id } }"

    found = {name: (await api.data(document, id=id_))["node"] for name, id_ in expected.items()}
    theirs = [(await stranger.data(document, id=id_))["node"] for id_ in expected.values()]

    assert found == {name: {"__typename": name, "id": id_} for name, id_ in expected.items()}
    assert theirs == [None] * len(expected)


@pytest.mark.parametrize(
    "id_",
    [
        *("", "wh_", "evt_1", "\x00", "nothing", "1" * 9000),
        *("xyz_01kkntq2cnenzah74r5b30hm3p", "evt_01kkntq2cnenzah74r5bqggj0h"),
    ],
)
async def test_an_unknown_id_finds_null(api: Api, id_: str) -> None:
    fields = ("node", "webhook", "event", "delivery")
    document = f"query($id: ID!) {{ {' '.join(f'{name}(id: $id) {{ id }}' for name in fields)} }}"

    assert await api.data(document, id=id_) == dict.fromkeys(fields)


@on_sqlite_only
@pytest.mark.parametrize("addresses", [[], ["203.0.113.7", "203.0.113.8", "2001:db8::7"]])
async def test_egress_addresses_are_those_of_the_settings(
    addresses: list[str], database_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    settings = {"egress_addresses": ",".join(addresses)}
    async with open_domain(database_url, tmp_path, clock, **settings) as domain, http_client(domain.resources) as http:
        api = await api_of(domain.resources, http, domain.caller)

        assert await api.data("{ egressAddresses }") == {"egressAddresses": addresses}
