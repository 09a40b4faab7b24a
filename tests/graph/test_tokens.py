"""Access tokens for customers: whom they act for, and what they may change. What they see is in `test_tenancy`."""

from dataclasses import replace
from typing import Any

from graphql import parse

from app.access.caller import Caller
from app.access.narrowing import Narrowing
from graph.sharing import key_of
from tests.domain import Domain
from tests.graph.conftest import Api

ERRORS = "userErrors { message path code }"
ADA = {"id": "user-7", "name": "Ada Lovelace"}
URL = "http://127.0.0.1:2/"
TICKETS = {"name": "Tickets", "url": URL, "eventTypes": ["ticket.*"]}
EVERYTHING = {"name": "Everything", "url": URL, "eventTypes": ["*"]}


async def token(api: Api, *scopes: str, **reach: Any) -> Api:
    made = await api.change("createAccessToken", {"scopes": scopes, **reach}, f"token {ERRORS}")
    assert made["userErrors"] == []
    return replace(api, key=made["token"])


async def webhook(api: Api, draft: dict[str, Any]) -> str:
    made = await api.change("createWebhook", draft, f"webhook {{ id }} {ERRORS}")
    assert made["userErrors"] == []
    id_: str = made["webhook"]["id"]
    return id_


async def refusals(api: Api, mutation: str, input: dict[str, Any]) -> list[tuple[str, list[str]]]:
    payload = await api.change(mutation, input, ERRORS)
    return [(error["code"], error["path"]) for error in payload["userErrors"]]


async def test_what_a_token_does_is_done_by_the_person_that_it_acts_for(api: Api) -> None:
    page = await token(api, "READ", "MANAGE", actor=ADA)
    made = await webhook(page, TICKETS)
    begun = await page.change(
        "retryDeliveries", {"filter": {}}, f"operation {{ createdBy {{ kind id name }} }} {ERRORS}"
    )
    entries = "nodes { action subjectId actor by { kind id name } }"
    audit = f"query($id: String) {{ auditLog(filter: {{actorId: $id}}) {{ {entries} }} }}"

    viewer = (await page.data("{ viewer { actor { kind id name } expiresAt } }"))["viewer"]
    of_ada = (await api.data(audit, id="user-7"))["auditLog"]["nodes"]
    of_nobody = (await api.data(audit, id="user-8"))["auditLog"]["nodes"]

    person = {"kind": "PERSON", **ADA}
    assert viewer["actor"] == begun["operation"]["createdBy"] == person
    assert viewer["expiresAt"] is not None
    assert [entry["action"] for entry in of_ada] == ["operation.started", "webhook.created"]
    assert of_ada[1] == {
        "action": "webhook.created",
        "subjectId": made,
        "actor": "Ada Lovelace (user-7)",
        "by": person,
    }
    assert of_nobody == []


async def test_a_platform_acts_in_the_workspace_of_a_customer(api: Api, domain: Domain) -> None:
    created = await api.change("createWorkspace", {"name": "Acme", "externalId": "42"}, f"workspace {{ id }} {ERRORS}")
    workspace_id = created["workspace"]["id"]
    page = await token(api, "READ", "MANAGE", "PUBLISH", workspaceId=workspace_id, actor=ADA)

    made = await webhook(page, EVERYTHING)
    viewer = (await page.data("{ viewer { workspace { id webhookCount } apiKey { id } scopes } }"))["viewer"]

    assert viewer["workspace"] == {"id": workspace_id, "webhookCount": 1}
    assert (viewer["apiKey"], viewer["scopes"]) == (None, ["READ", "PUBLISH", "MANAGE"])
    assert (await api.data("query($id: ID!) { webhook(id: $id) { id } }", id=made)) == {"webhook": None}

    await api.change("deleteWorkspace", {"id": workspace_id}, ERRORS)
    assert (await page.error("{ viewer { scopes } }"))["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_a_token_for_webhooks_creates_no_others(api: Api) -> None:
    seen = await webhook(api, TICKETS)
    page = await token(api, "READ", "MANAGE", webhookIds=[seen])
    create = "mutation($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id } } }"

    error = await page.error(create, input=TICKETS)

    assert error["extensions"] == {"code": "FORBIDDEN"}
    assert await refusals(page, "updateWebhook", {"id": seen, "name": "Renamed"}) == []
    assert await refusals(page, "updateWebhook", {"id": seen, "externalId": "x"}) == [("INVALID", ["externalId"])]


async def test_a_token_for_event_types_makes_no_webhook_that_receives_others(api: Api) -> None:
    page = await token(api, "READ", "MANAGE", "SECRETS", eventTypes=["ticket.*"])
    own, other = await webhook(page, TICKETS), await webhook(api, EVERYTHING)

    assert await refusals(page, "createWebhook", EVERYTHING) == [("INVALID", ["eventTypes", "0"])]
    assert await refusals(page, "updateWebhook", {"id": own, "eventTypes": ["ticket.created", "agent.*"]}) == [
        ("INVALID", ["eventTypes", "1"])
    ]
    # With a new URL, it would send all other events there.
    for mutation, input in (
        ("updateWebhook", {"id": other, "url": "http://127.0.0.1:3/"}),
        ("pauseWebhook", {"id": other}),
        ("deleteWebhook", {"id": other}),
        ("rotateWebhookSecret", {"id": other}),
        ("revealWebhookSecret", {"id": other}),
    ):
        assert await refusals(page, mutation, input) == [("CONFLICT", ["id"])]


async def test_a_token_for_event_types_publishes_no_others(api: Api) -> None:
    page = await token(api, "PUBLISH", eventTypes=["ticket.*"])
    ticket = {"type": "ticket.created", "data": {"ticket": {"id": "t", "subject": "s", "status": "new"}}}
    agent = {"type": "agent.error", "data": {}}

    assert await refusals(page, "publishEvent", ticket) == []
    assert await refusals(page, "publishEvent", agent) == [("INVALID", ["type"])]
    assert await refusals(page, "publishEvents", {"events": [ticket, agent]}) == [("INVALID", ["events", "1", "type"])]


async def test_no_error_names_an_event_type_that_a_token_does_not_see(api: Api) -> None:
    await api.change("createEventType", {"name": "agent.errata", "description": "Ours."}, ERRORS)
    page = await token(api, "READ", "MANAGE", "PUBLISH", eventTypes=["agent.erroneous", "ticket.*"])
    misspelt = {"name": "Errors", "url": URL, "eventTypes": ["agent.erroneous"]}
    seen = {"name": "Tickets", "url": URL, "eventTypes": ["ticket.*"]}
    saved = await webhook(page, seen)
    inputs: dict[str, dict[str, Any]] = {
        "publishEvent": {"type": "agent.erroneous", "data": {}},
        "createWebhook": misspelt,
        "updateWebhook": {"id": saved, "eventTypes": ["agent.erroneous"]},
        "testConnection": {"webhook": misspelt},
        "testWebhook": {"id": saved, "changes": {"id": saved, "eventTypes": ["agent.erroneous"]}},
        "pingWebhook": {"id": saved, "eventType": "agent.erroneous"},
        "previewFilter": {"eventTypes": ["agent.erroneous"]},
    }

    errors = {name: (await page.change(name, input, ERRORS))["userErrors"] for name, input in inputs.items()}
    unnarrowed = (await api.change("publishEvent", inputs["publishEvent"], ERRORS))["userErrors"]

    assert [name for name, found in errors.items() if not found] == []
    assert [found for found in errors.values() if "agent.errata" in str(found) or "agent.error" in str(found)] == []
    assert "agent.errata" in str(unnarrowed)


async def test_a_token_makes_no_token_and_no_key(api: Api) -> None:
    page = await token(api, "READ", "ADMIN", eventTypes=["ticket.*"])
    documents = [
        "mutation { createAccessToken(input: {scopes: [READ]}) { token } }",
        'mutation { createApiKey(input: {name: "wider", scopes: [READ]}) { key } }',
        'mutation { createEventType(input: {name: "ticket.mine", description: "Mine."}) { eventType { id } } }',
    ]

    errors = [await page.error(document) for document in documents]

    assert [error["extensions"] for error in errors] == [{"code": "FORBIDDEN"}] * 3


def test_followers_whose_tokens_are_narrowed_differently_share_nothing(domain: Domain) -> None:
    def key(caller: Caller) -> Any:
        text = "subscription { deliveryUpdates { cursor } }"
        return key_of(caller, parse(text), text, None, None)

    tickets, same, agents = (
        replace(domain.caller, narrowing=Narrowing.of(None, types))
        for types in (["ticket.*", "agent.*"], ["agent.*", "ticket.*"], ["agent.*"])
    )

    assert key(tickets) == key(same)
    assert len({key(domain.caller), key(tickets), key(agents)}) == 3
