"""The API on a test's database, called over HTTP within the process, as any client calls it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.access.caller import Caller
from app.access.keys import KeyDraft, create_key
from app.resources import Resources
from app.statuses import Scope
from app.web.application import create_application
from tests.clock import FakeClock
from tests.domain import Domain, open_domain
from tests.world import World, open_world

URL = "http://eev.test/graphql"
# For what never reaches the database.
on_sqlite_only = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@dataclass(frozen=True)
class Api:
    """A client of the API with a key."""

    resources: Resources
    http: httpx.AsyncClient
    key: str

    async def post(self, document: str, **variables: Any) -> httpx.Response:
        """The response to an operation."""
        headers = {"authorization": f"Bearer {self.key}"}
        return await self.http.post(URL, json={"query": document, "variables": variables}, headers=headers)

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """The whole answer to an operation."""
        answer: dict[str, Any] = (await self.post(document, **variables)).json()
        return answer

    async def data(self, document: str, **variables: Any) -> dict[str, Any]:
        """The data of an operation that must succeed."""
        answer = await self.ask(document, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def error(self, document: str, **variables: Any) -> dict[str, Any]:
        """The one error of an operation that must not succeed."""
        answer = await self.ask(document, **variables)
        [error] = answer["errors"]
        found: dict[str, Any] = error
        return found

    async def change(self, mutation: str, input: dict[str, Any], selection: str) -> dict[str, Any]:
        """The payload of a mutation."""
        name = mutation[0].upper() + mutation[1:]
        input_type = _INPUTS.get(mutation, f"{name}Input")
        document = f"mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ {selection} }} }}"
        payload: dict[str, Any] = (await self.data(document, input=input))[mutation]
        return payload

    async def with_key(self, caller: Caller, *scopes: Scope) -> "Api":
        """A client of the caller's workspace with a key that has these scopes."""
        return await api_of(self.resources, self.http, caller, *scopes)


_INPUTS = {
    "deleteWebhook": "WebhookIdInput",
    "pauseWebhook": "WebhookIdInput",
    "resumeWebhook": "WebhookIdInput",
    "revealWebhookSecret": "WebhookIdInput",
    "retryDelivery": "DeliveryIdInput",
    "cancelDelivery": "DeliveryIdInput",
    "cancelOperation": "OperationIdInput",
    "acknowledgeProblem": "ProblemIdInput",
    "revokeApiKey": "ApiKeyIdInput",
    "deleteWorkspace": "WorkspaceIdInput",
    "deleteContact": "ContactIdInput",
    "testContact": "ContactIdInput",
}


async def api_of(resources: Resources, http: httpx.AsyncClient, caller: Caller, *scopes: Scope) -> Api:
    """A client of the caller's workspace with a key that has these scopes, by default all."""
    created = await create_key(resources, caller, KeyDraft("test", scopes or tuple(Scope)))
    return Api(resources, http, created.key)


async def a_key(domain: Domain) -> str:
    """A new key of the workspace to act in, with every scope."""
    return (await create_key(domain.resources, domain.caller, KeyDraft("test", tuple(Scope)))).key


@asynccontextmanager
async def http_client(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP to the server's application, within the process."""
    transport = httpx.ASGITransport(create_application(resources))
    async with httpx.AsyncClient(transport=transport) as client:
        yield client


@pytest.fixture
async def domain(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Domain]:
    """Two workspaces: one to act in, and one that must stay unaffected."""
    async with open_domain(database_url, tmp_path, clock) as opened:
        yield opened


@pytest.fixture
async def api(domain: Domain) -> AsyncIterator[Api]:
    """A client with every scope."""
    async with http_client(domain.resources) as client:
        yield await api_of(domain.resources, client, domain.caller)


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A workspace on a server that delivers, and a receiver."""
    async with open_world(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def live(world: World) -> AsyncIterator[Api]:
    """A client of the server that delivers, with every scope."""
    async with http_client(world.resources) as client:
        yield Api(world.resources, client, world.key)


@pytest.fixture
async def stranger(domain: Domain, api: Api) -> Api:
    """A client with every scope in the other workspace: all but INSTALLATION, which reaches further."""
    return await api.with_key(domain.stranger, *(scope for scope in Scope if scope is not Scope.INSTALLATION))
