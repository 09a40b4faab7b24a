"""A caller's source address, on a real server: keys bound to addresses, trusted proxies, and the audit log."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.access.keys import KeyDraft, create_key
from app.statuses import Scope
from tests.clock import FakeClock
from tests.domain import Domain, open_domain
from tests.graph.conftest import on_sqlite_only
from tests.graph.serving import served, socket
from tests.patience import PATIENCE_SECONDS

pytestmark = on_sqlite_only

CLIENT, OTHER = "203.0.113.7", "198.51.100.9"
CLIENT_6 = "2001:db8::7"
TRUSTED = {"trusted_proxies": "127.0.0.0/8"}
ALLOWED = [
    CLIENT,
    f"{OTHER}, {CLIENT}",  # what the client itself claims precedes what the proxy saw
    f"{CLIENT}, 127.0.0.2",  # a second proxy that is trusted
    CLIENT_6,
]
REFUSED = [OTHER, f"{CLIENT}, {OTHER}", "2001:db8::8", "unknown", ""]


@pytest.fixture(params=[TRUSTED], ids=["behind a trusted proxy"])
async def domain(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Domain]:
    async with open_domain(database_url, tmp_path, clock, **request.param) as opened:
        yield opened


trusting_nobody = pytest.mark.parametrize("domain", [{}], indirect=True, ids=["trusting nobody"])


@pytest.fixture
async def address(domain: Domain) -> AsyncIterator[str]:
    async with served(domain.resources) as address:
        yield address


async def bound_key(domain: Domain) -> str:
    """A key that two addresses may use."""
    draft = KeyDraft("bound", tuple(Scope), allowed_sources=[f"{CLIENT}/32", f"{CLIENT_6}/128"])
    return (await create_key(domain.resources, domain.caller, draft)).key


async def ask(address: str, key: str, forwarded_for: str, document: str = "{ viewer { scopes } }") -> httpx.Response:
    """The response to an operation that a proxy forwards for an address."""
    headers = {
        "authorization": f"Bearer {key}",
        "accept": "application/graphql-response+json",
        "x-forwarded-for": forwarded_for,
    }
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client:
        return await client.post(f"http://{address}/graphql", json={"query": document}, headers=headers)


async def opened(address: str, key: str, forwarded_for: str) -> int | str:
    """The result on a socket: the type of the answer to its connection_init, or the code it is closed with."""
    async with socket(address, additional_headers={"x-forwarded-for": forwarded_for}) as opened:
        await opened.send({"type": "connection_init", "payload": {"Authorization": f"Bearer {key}"}})
        message = await opened.first()
        return message if isinstance(message, int) else str(message["type"])


@pytest.mark.parametrize("forwarded_for", ALLOWED)
async def test_a_key_is_used_from_its_addresses_through_a_trusted_proxy(
    address: str, domain: Domain, forwarded_for: str
) -> None:
    key = await bound_key(domain)

    assert (await ask(address, key, forwarded_for)).status_code == 200
    assert await opened(address, key, forwarded_for) == "connection_ack"


@pytest.mark.parametrize("forwarded_for", REFUSED)
async def test_from_others_it_is_refused_with_the_reason(address: str, domain: Domain, forwarded_for: str) -> None:
    key = await bound_key(domain)

    response = await ask(address, key, forwarded_for)

    [error] = response.json()["errors"]
    assert (response.status_code, error["extensions"]) == (403, {"code": "FORBIDDEN"})
    assert error["message"].startswith("This API key may ")
    assert await opened(address, key, forwarded_for) == 4403


@trusting_nobody
@pytest.mark.parametrize("forwarded_for", ALLOWED)
async def test_who_is_no_trusted_proxy_cannot_claim_to_be_somebody_else(
    address: str, domain: Domain, forwarded_for: str
) -> None:
    key = await bound_key(domain)

    response = await ask(address, key, forwarded_for)

    assert response.status_code == 403
    assert "may not be used from 127.0.0.1" in response.json()["errors"][0]["message"]
    assert await opened(address, key, forwarded_for) == 4403


async def test_a_token_is_bound_to_the_addresses_of_its_key(address: str, domain: Domain) -> None:
    document = "mutation { createAccessToken(input: {scopes: [READ]}) { token userErrors { message } } }"
    made = await ask(address, await bound_key(domain), CLIENT, document)
    token = made.json()["data"]["createAccessToken"]["token"]

    assert (await ask(address, token, CLIENT)).status_code == 200
    assert (await ask(address, token, OTHER)).status_code == 403


async def test_the_audit_log_names_whom_the_proxy_spoke_for(address: str, domain: Domain) -> None:
    made: Any = await ask(
        address,
        await bound_key(domain),
        CLIENT,
        'mutation { createApiKey(input: {name: "CI", scopes: [READ]}) { apiKey { id } } }',
    )

    entry = (await domain.audit_log("api_key.created"))[-1]
    assert entry["subject_id"] == made.json()["data"]["createApiKey"]["apiKey"]["id"]
    assert entry["source_address"] == CLIENT
