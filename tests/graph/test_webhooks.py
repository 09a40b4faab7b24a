"""Webhooks over the API: created, changed, listed, paused, deleted."""

import os
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType

from app.encryption import Cipher
from app.statuses import Scope
from app.webhooks.fields import SETTINGS
from tests.domain import Domain
from tests.exported_schema import SCHEMA
from tests.graph.conftest import Api

ALL = """
id name url description eventTypes filter method contentType timeoutSeconds verifySsl ipAllowlist headers { name value }
authentication { kind username } signatureScheme secrets { id status hint expiresAt publicKey } rotateSecretEveryDays
nextSecretRotationAt retryPolicy { delaysSeconds } rateLimitPerSecond maxInFlight status statusReason statusChangedAt
metadata externalId createdAt updatedAt
"""
ERRORS = "userErrors { message path code }"
DRAFT = {"name": "Tickets", "url": "http://127.0.0.1:2/hook", "eventTypes": ["ticket.*"]}

CHANGES_OF_ONE_WEBHOOK = [
    "updateWebhook",
    "pauseWebhook",
    "resumeWebhook",
    "deleteWebhook",
    "rotateWebhookSecret",
    "revealWebhookSecret",
    "pingWebhook",
]


# A field with its value within an object is known by the object.
SETTING_NAMES = {setting.path[0] for setting in SETTINGS.values()}


def fields_of(type_name: str) -> set[str]:
    found = SCHEMA.type_map[type_name]
    assert isinstance(found, GraphQLInputObjectType | GraphQLObjectType)
    return set(found.fields)


@pytest.mark.parametrize(
    ("type_name", "names"),
    [
        ("CreateWebhookInput", SETTING_NAMES | {"secret"}),
        ("UpdateWebhookInput", SETTING_NAMES - {"signatureScheme"} | {"id", "ifUpdatedAt"}),
    ],
)
def test_an_input_has_every_setting_that_it_may_give_and_nothing_else(type_name: str, names: set[str]) -> None:
    assert fields_of(type_name) == names


def test_a_webhook_shows_every_setting() -> None:
    assert fields_of("Webhook") >= SETTING_NAMES


async def made(api: Api, **fields: Any) -> dict[str, Any]:
    payload = await api.change("createWebhook", DRAFT | fields, f"webhook {{ {ALL} }} secret {ERRORS}")
    assert payload["userErrors"] == []
    webhook: dict[str, Any] = payload["webhook"] | {"secret": payload["secret"]}
    return webhook


async def test_a_webhook_is_made_with_every_setting_and_read_again_without_its_credentials(api: Api) -> None:
    given = {
        "description": "For the desk",
        "filter": 'data.ticket.priority == "urgent"',
        "method": "PUT",
        "timeoutSeconds": 7,
        "verifySsl": False,
        "ipAllowlist": ["127.0.0.0/8"],
        "headers": [
            {"name": "X-Team", "value": "desk"},
            {"name": "X-Key", "value": "hunter2", "sensitive": True},
        ],
        "authentication": {"basic": {"username": "ada", "password": "hunter2"}},
        "rotateSecretEveryDays": 30,
        "retryPolicy": {"delaysSeconds": [1, 2]},
        "rateLimitPerSecond": 5,
        "maxInFlight": 3,
        "metadata": {"team": ["desk", 1, None]},
    }

    webhook = await made(api, **given)
    read = (await api.data(f"query($id: ID!) {{ webhook(id: $id) {{ {ALL} }} }}", id=webhook["id"]))["webhook"]

    unchanged = {name: read[name] for name in given if name not in {"headers", "authentication"}}
    assert unchanged == {name: value for name, value in given.items() if name in unchanged}
    assert read["headers"] == [{"name": "X-Team", "value": "desk"}, {"name": "X-Key", "value": "••••"}]
    assert read["authentication"] == {"kind": "BASIC", "username": "ada"}
    assert read["status"] == "ACTIVE"
    assert read["contentType"] == "application/json"
    assert read["createdAt"] == "2026-03-14T09:26:53.589Z"
    assert read["nextSecretRotationAt"] == "2026-04-13T09:26:53.589Z"
    assert webhook["secret"].startswith("whsec_")
    [secret] = read["secrets"]
    assert (secret["status"], secret["hint"]) == ("CURRENT", webhook["secret"][-4:])
    assert {key: value for key, value in webhook.items() if key != "secret"} == read


async def test_an_ed25519_webhook_shows_its_public_key(api: Api) -> None:
    webhook = await made(api, signatureScheme="ED25519")

    assert webhook["secret"].startswith("whsk_")
    assert webhook["secrets"][0]["publicKey"].startswith("whpk_")


async def test_everything_wrong_with_a_draft_is_said_at_once_with_its_place(api: Api) -> None:
    wrong = {"name": "", "url": "gopher://example.com", "eventTypes": ["ticket.*", "nothing.known"]}

    payload = await api.change("createWebhook", wrong, f"webhook {{ id }} secret {ERRORS}")

    assert (payload["webhook"], payload["secret"]) == (None, None)
    assert [error["path"] for error in payload["userErrors"]] == [["name"], ["url"], ["eventTypes", "1"]]
    assert all(error["message"].endswith((".", "?")) for error in payload["userErrors"])


async def test_what_an_update_leaves_out_stays_and_what_it_sets_to_null_is_cleared(api: Api, domain: Domain) -> None:
    webhook = await made(api, description="For the desk", rateLimitPerSecond=5, filter="true")
    domain.clock.advance(1)

    payload = await api.change(
        "updateWebhook",
        {"id": webhook["id"], "description": None, "rateLimitPerSecond": None, "timeoutSeconds": 9},
        f"webhook {{ {ALL} }} {ERRORS}",
    )

    changed = {name for name in payload["webhook"] if payload["webhook"][name] != webhook[name]}
    assert payload["userErrors"] == []
    assert changed == {"description", "rateLimitPerSecond", "timeoutSeconds", "updatedAt"}
    assert payload["webhook"]["description"] is None
    assert payload["webhook"]["rateLimitPerSecond"] is None
    assert payload["webhook"]["timeoutSeconds"] == 9


async def test_null_is_refused_for_what_cannot_be_empty(api: Api) -> None:
    webhook = await made(api)

    payload = await api.change("updateWebhook", {"id": webhook["id"], "name": None}, f"webhook {{ id }} {ERRORS}")

    assert payload["webhook"] is None
    assert [(error["path"], error["code"]) for error in payload["userErrors"]] == [(["name"], "REQUIRED")]


@pytest.mark.parametrize(
    ("authentication", "message"),
    [
        ({"bearer": "a", "none": True}, "exactly one"),
        ({}, "exactly one"),
        ({"bearer": None}, "must be non-null"),
    ],
)
async def test_authentication_takes_exactly_one_kind(api: Api, authentication: dict[str, Any], message: str) -> None:
    document = "mutation($input: CreateWebhookInput!) { createWebhook(input: $input) { secret } }"

    error = await api.error(document, input=DRAFT | {"authentication": authentication})

    assert message in error["message"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_webhook_is_paused_resumed_and_deleted(api: Api) -> None:
    webhook = await made(api)
    document = "query($id: ID!) { webhook(id: $id) { status } node(id: $id) { id } }"
    input_ = {"id": webhook["id"]}

    paused = await api.change("pauseWebhook", input_, f"webhook {{ status }} {ERRORS}")
    resumed = await api.change("resumeWebhook", input_, f"webhook {{ status }} {ERRORS}")
    deleted = await api.change("deleteWebhook", input_, f"deletedId {ERRORS}")
    again = await api.change("deleteWebhook", input_, f"deletedId {ERRORS}")

    assert paused["webhook"] == {"status": "PAUSED"}
    assert resumed["webhook"] == {"status": "ACTIVE"}
    assert deleted == {"deletedId": webhook["id"], "userErrors": []}
    assert (again["deletedId"], again["userErrors"][0]["code"]) == (None, "NOT_FOUND")
    assert await api.data(document, id=webhook["id"]) == {"webhook": None, "node": None}


async def test_a_mutation_shows_what_an_earlier_one_of_the_same_request_changed(api: Api) -> None:
    webhook = await made(api)
    rotate = "rotateWebhookSecret(input: {id: $id}) { webhook { secrets { status } } }"

    data = await api.data(f"mutation($id: ID!) {{ first: {rotate} second: {rotate} }}", id=webhook["id"])

    assert len(data["first"]["webhook"]["secrets"]) == 2
    assert len(data["second"]["webhook"]["secrets"]) == 3


async def test_a_secret_that_cannot_be_decrypted_is_reported_as_such(api: Api) -> None:
    webhook = await made(api)
    await api.resources.database.execute(
        "UPDATE secret SET secret = $1", Cipher([os.urandom(32)]).encrypt("lost", "sec_1")
    )

    refused = await api.change("revealWebhookSecret", {"id": webhook["id"]}, f"secret {ERRORS}")

    [error] = refused["userErrors"]
    assert error["code"] == "CONFLICT"
    assert "which is not among the" in error["message"]


async def test_headers_that_cannot_be_decrypted_are_reported_as_such_to_a_query(api: Api) -> None:
    webhook = await made(api)
    lost = Cipher([os.urandom(32)]).encrypt("lost", f"{webhook['id']}/headers")
    await api.resources.database.execute("UPDATE webhook SET headers = $1", lost)

    error = await api.error("{ webhooks { nodes { headers { name } } } }")

    assert error["extensions"] == {"code": "NOT_DECRYPTED"}
    assert "which is not among the" in error["message"]


async def test_a_secret_is_rotated_revealed_and_revoked(api: Api) -> None:
    webhook = await made(api)
    input_ = {"id": webhook["id"]}

    rotated = await api.change(
        "rotateWebhookSecret", input_ | {"overlapSeconds": None}, f"webhook {{ {ALL} }} secret {ERRORS}"
    )
    revealed = await api.change("revealWebhookSecret", input_, f"secret {ERRORS}")
    current, expiring = rotated["webhook"]["secrets"]
    refused = await api.change(
        "revokeWebhookSecret", input_ | {"secretId": current["id"]}, f"webhook {{ id }} {ERRORS}"
    )
    revoked = await api.change(
        "revokeWebhookSecret", input_ | {"secretId": expiring["id"]}, f"webhook {{ secrets {{ id }} }} {ERRORS}"
    )

    assert rotated["secret"] != webhook["secret"]
    assert revealed["secret"] == rotated["secret"]
    assert expiring["expiresAt"] == "2026-03-15T09:26:53.589Z"
    assert refused["userErrors"][0]["code"] == "CONFLICT"
    assert revoked["webhook"]["secrets"] == [{"id": current["id"]}]


async def test_webhooks_are_listed_newest_first_and_counted(api: Api) -> None:
    made_ids = [(await made(api, name=f"Number {number}"))["id"] for number in range(3)]

    data = await api.data("{ webhooks(first: 2) { totalCount nodes { id } edges { node { id } cursor } } }")

    assert data["webhooks"]["totalCount"] == 3
    assert [node["id"] for node in data["webhooks"]["nodes"]] == made_ids[::-1][:2]
    assert [edge["node"]["id"] for edge in data["webhooks"]["edges"]] == made_ids[::-1][:2]


@pytest.mark.parametrize(
    ("filter_", "names"),
    [
        ({}, ["Everything", "All tickets", "New_tickets"]),
        ({"eventType": "ticket.created"}, ["Everything", "All tickets", "New_tickets"]),
        ({"eventType": "ticket.closed"}, ["Everything", "All tickets"]),
        ({"eventType": "agent.error"}, ["Everything"]),
        ({"eventType": "ticket.*"}, ["Everything", "All tickets"]),
        ({"eventType": "%"}, ["Everything"]),
        ({"search": "TICKETS"}, ["All tickets", "New_tickets"]),
        ({"search": "_"}, ["New_tickets"]),
        ({"search": "%"}, []),
        ({"search": "/desk"}, ["Everything"]),
        ({"search": "night shift"}, ["New_tickets"]),
        ({"search": "\x00"}, []),
        ({"statuses": ["PAUSED"]}, ["All tickets"]),
        ({"statuses": ["PAUSED", "ACTIVE"], "search": "all"}, ["All tickets"]),
        ({"statuses": []}, []),
    ],
)
async def test_webhooks_are_found_by_status_event_type_and_text(
    api: Api, filter_: dict[str, Any], names: list[str]
) -> None:
    await made(api, name="New_tickets", eventTypes=["ticket.created"], description="Night shift")
    paused = await made(api, name="All tickets")
    await made(api, name="Everything", eventTypes=["*"], url="http://127.0.0.1:2/desk")
    await api.change("pauseWebhook", {"id": paused["id"]}, "webhook { id }")

    document = "query($filter: WebhookFilter) { webhooks(filter: $filter) { totalCount nodes { name } } }"
    webhooks = (await api.data(document, filter=filter_))["webhooks"]

    assert [node["name"] for node in webhooks["nodes"]] == names
    assert webhooks["totalCount"] == len(names)


async def test_another_workspaces_webhook_is_one_that_never_existed(api: Api, stranger: Api) -> None:
    webhook = await made(api)
    input_ = {"id": webhook["id"]}

    read = await stranger.data("query($id: ID!) { webhook(id: $id) { id } node(id: $id) { id } }", id=webhook["id"])
    listed = await stranger.data("{ webhooks { totalCount nodes { id } } }")
    codes = [
        (await stranger.change(mutation, input_, ERRORS))["userErrors"][0]["code"]
        for mutation in CHANGES_OF_ONE_WEBHOOK
    ]

    assert read == {"webhook": None, "node": None}
    assert listed == {"webhooks": {"totalCount": 0, "nodes": []}}
    assert set(codes) == {"NOT_FOUND"}


async def test_each_kind_of_change_needs_its_scope(api: Api, domain: Domain) -> None:
    webhook = await made(api)
    reader = await api.with_key(domain.caller, Scope.READ)

    change = await reader.error(
        "mutation($id: ID!) { pauseWebhook(input: {id: $id}) { userErrors { code } } }", id=webhook["id"]
    )
    reveal = await reader.error(
        "mutation($id: ID!) { revealWebhookSecret(input: {id: $id}) { secret } }", id=webhook["id"]
    )

    assert (change["extensions"]["code"], "MANAGE" in change["message"]) == ("FORBIDDEN", True)
    assert (reveal["extensions"]["code"], "SECRETS" in reveal["message"]) == ("FORBIDDEN", True)


@pytest.mark.parametrize("further", ["deliveries { nodes { id } }", "stats { deliveries }"])
async def test_a_key_that_only_changes_webhooks_does_not_read_what_went_to_them(
    api: Api, domain: Domain, further: str
) -> None:
    webhook = await made(api)
    changer = await api.with_key(domain.caller, Scope.MANAGE)
    pause = "mutation($id: ID!) {{ pauseWebhook(input: {{id: $id}}) {{ webhook {{ {} }} }} }}"

    settings = await changer.data(pause.format("url secrets { hint }"), id=webhook["id"])
    error = await changer.error(pause.format(further), id=webhook["id"])

    assert settings["pauseWebhook"]["webhook"]["url"] == webhook["url"]
    assert error["extensions"] == {"code": "FORBIDDEN"}


async def test_the_values_of_a_urls_query_are_for_callers_with_secrets_only(api: Api, domain: Domain) -> None:
    draft = {"name": "Desk", "url": "http://127.0.0.1:2/hook?api_key=hunter22", "eventTypes": ["*"]}
    webhook = (await api.change("createWebhook", draft, "webhook { id url }"))["webhook"]
    reader = await api.with_key(domain.caller, Scope.READ, Scope.MANAGE)
    document = "query($search: String!) { webhooks(filter: {search: $search}) { nodes { url } } }"

    masked = (await reader.data(document, search="2/hook?api_key"))["webhooks"]["nodes"]
    by_secret = (await reader.data(document, search="hunter22"))["webhooks"]["nodes"]
    kept = await reader.change(
        "updateWebhook", {"id": webhook["id"], "name": "New", "url": masked[0]["url"]}, "webhook { name url }"
    )
    whole = (await api.data(document, search="api_key"))["webhooks"]["nodes"]

    assert masked == [{"url": "http://127.0.0.1:2/hook?api_key=••••"}]
    assert by_secret == []
    assert kept["webhook"] == {"name": "New"} | masked[0]
    assert whole == [{"url": webhook["url"]}] == [{"url": draft["url"]}]


async def test_a_url_that_cannot_be_decrypted_is_shown_masked_in_a_list_with_the_others(
    api: Api, domain: Domain
) -> None:
    draft = {"name": "Desk", "url": "http://127.0.0.1:2/hook?api_key=hunter22", "eventTypes": ["*"]}
    for _ in range(2):
        await api.change("createWebhook", draft, "webhook { id }")
    [broken, _] = await domain.rows("SELECT id FROM webhook ORDER BY id")
    await domain.rows("UPDATE webhook SET url_query = '' WHERE id = $1 RETURNING id", broken["id"])

    nodes = (await api.data("{ webhooks { nodes { url } } }"))["webhooks"]["nodes"]

    shown = "http://127.0.0.1:2/hook?api_key=••••"
    assert nodes == [{"url": draft["url"]}, {"url": shown}]


async def test_a_webhook_is_found_changed_and_kept_by_its_external_id(api: Api, stranger: Api) -> None:
    upsert = {"externalId": "desk", "webhook": DRAFT}
    payload = f"webhook {{ id externalId updatedAt }} secret created {ERRORS}"

    first = await api.change("upsertWebhook", upsert, payload)
    second = await api.change("upsertWebhook", upsert, payload)
    stale = {"id": first["webhook"]["id"], "name": "Mine", "ifUpdatedAt": "2020-01-01T00:00:00Z"}
    refused = await api.change("updateWebhook", stale, f"webhook {{ id }} {ERRORS}")
    taken = await api.change("createWebhook", DRAFT | {"externalId": "desk"}, f"webhook {{ id }} {ERRORS}")
    again = await api.change("createWebhook", DRAFT | {"name": "Other"}, "warning")
    same = await api.change("createWebhook", DRAFT, "warning")
    document = """{
      webhookByExternalId(externalId: "desk") { id }
      webhooks(filter: {externalIds: ["desk", "nothing"]}) { totalCount nodes { externalId } }
    }"""
    found, theirs = await api.data(document), await stranger.data(document)

    assert (first["created"], second["created"], second["secret"]) == (True, False, None)
    assert first["secret"].startswith("whsec_")
    assert second["webhook"] == first["webhook"]
    assert [(error["path"], error["code"]) for error in refused["userErrors"]] == [(["ifUpdatedAt"], "CONFLICT")]
    assert [(error["path"], error["code"]) for error in taken["userErrors"]] == [(["externalId"], "TAKEN")]
    assert again["warning"] is None
    assert first["webhook"]["id"] in same["warning"]
    assert found["webhookByExternalId"] == {"id": first["webhook"]["id"]}
    assert found["webhooks"] == {"totalCount": 1, "nodes": [{"externalId": "desk"}]}
    assert theirs == {"webhookByExternalId": None, "webhooks": {"totalCount": 0, "nodes": []}}
