"""The programs in examples/ publish, follow, retry and receive, exactly as written."""

import sys
from asyncio import to_thread
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import httpx
import pytest
from standardwebhooks import Webhook

from tests.app.cli.installed import KEY
from tests.clients.conftest import Ask, Home, publish
from tests.clients.program import run, running
from tests.receiver import Receiver, answer, in_turn
from tests.server import free_port

Command: TypeAlias = tuple[str | Path, ...]

EXAMPLES = Path(__file__).parents[2] / "examples"
TSX = EXAMPLES / "node" / "node_modules" / ".bin" / "tsx"
PUBLISHERS: dict[str, Command] = {
    "Python": (sys.executable, EXAMPLES / "python" / "publish.py"),
    "TypeScript": (TSX, EXAMPLES / "node" / "publish.ts"),
}
RECEIVERS: dict[str, Command] = {
    "Starlette": (sys.executable, EXAMPLES / "python" / "receiver.py"),
    "Node": ("node", EXAMPLES / "node" / "receiver.mjs"),
}
PORTALS: dict[str, Command] = {
    "Starlette": (sys.executable, EXAMPLES / "python" / "portal.py"),
    "Node": ("node", EXAMPLES / "node" / "portal.mjs"),
}
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
# All of 127.0.0.0/8 is this machine; a socket that is not bound leaves from 127.0.0.1.
EGRESS, ELSEWHERE = "127.0.0.2", "127.0.0.3"
CREATE_WEBHOOK = """
    mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { userErrors { message } } }
"""


def create_webhook(ask: Ask, url: str, delays_seconds: list[int]) -> None:
    retries = {"delaysSeconds": delays_seconds}
    webhook = {"name": "Tickets", "url": url, "eventTypes": ["ticket.*"], "secret": SECRET, "retryPolicy": retries}
    assert ask(CREATE_WEBHOOK, input=webhook)["createWebhook"]["userErrors"] == []


@pytest.mark.parametrize("language", PUBLISHERS)
async def test_a_publisher_follows_its_event_and_retries_what_failed(
    language: str, server: str, ask: Ask, receiver: Receiver, tmp_path: Path
) -> None:
    receiver.on("/", in_turn(answer(500), answer(200)))
    await to_thread(create_webhook, ask, receiver.url(), [])
    command: Command = (*PUBLISHERS[language], "ticket-42-created")
    environment = {"EEV_URL": f"{server}/graphql", "EEV_KEY": KEY}

    output = await run(*command, directory=tmp_path, **environment)
    again = await run(*command, directory=tmp_path, **environment)

    event_id = output.split()[1].removesuffix(":")
    last_lines = [text.splitlines()[-1].partition(" ")[2] for text in (output, again)]
    assert " FAILED after 1 attempts\n" in output
    assert last_lines == ["SUCCEEDED after 2 attempts"] * 2
    assert again.startswith(f"published {event_id}: 1 deliveries\n")
    assert [request.header("webhook-id") for request in receiver.requests] == [event_id] * 2


async def test_the_typescript_program_has_no_type_errors() -> None:
    await run(TSX.with_name("tsc"), "--project", EXAMPLES / "node")


def send(url: str, body: bytes, source: str, *, secret: str = SECRET) -> int:
    """Send a signed request, as the server could have, from an address; return the status of the answer."""
    now = datetime.now(UTC)
    headers = {
        "webhook-id": "evt_sent_by_hand",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("evt_sent_by_hand", now, body.decode()),
    }
    with httpx.Client(transport=httpx.HTTPTransport(local_address=source)) as client:
        return client.post(url, content=body, headers=headers).status_code


@pytest.mark.parametrize("name", RECEIVERS)
async def test_a_receiver_verifies_restricts_sources_and_drops_doubles(name: str, home: Home, tmp_path: Path) -> None:
    home.settings["EGRESS_ADDRESSES"] = EGRESS
    ask = await to_thread(home.start)
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    body = b'{"id":"evt_sent_by_hand","type":"ticket.closed","data":{}}'
    environment = {"EEV_URL": f"{home.url}/graphql", "EEV_KEY": KEY, "WEBHOOK_SECRET": SECRET, "PORT": str(port)}

    async with running(*RECEIVERS[name], directory=tmp_path, **environment) as receiver:
        await receiver.warns(f"http://127.0.0.1:{port}")
        statuses = [
            send(url, body, ELSEWHERE),
            send(url, body, EGRESS, secret="whsec_" + "A" * 32),
            send(url, body, EGRESS),
            send(url, body, EGRESS),
        ]
        await to_thread(create_webhook, ask, url, [1])
        event_id = await to_thread(publish, ask)
        lines = [await receiver.text(), await receiver.text()]

    assert statuses == [403, 401, 204, 204]
    assert lines == ["ticket.closed evt_sent_by_hand", f"ticket.updated {event_id}"]


@pytest.mark.parametrize("name", PORTALS)
async def test_a_platform_gives_each_customer_a_workspace_in_the_portal(name: str, home: Home, tmp_path: Path) -> None:
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    home.settings["FRAME_ANCESTORS"] = origin
    await to_thread(home.start)
    viewer = "{ viewer { workspace { externalId name } actor { kind id name } scopes expiresAt } }"

    async with (
        running(*PORTALS[name], directory=tmp_path, EEV_URL=f"{home.url}/graphql", EEV_KEY=KEY, PORT=str(port)) as site,
        httpx.AsyncClient() as client,
    ):
        await site.warns(origin)
        page = await client.get(f"{origin}/")
        tokens = [(await client.post(f"{origin}/webhooks-token")).text for _ in range(2)]
        viewers = [
            (
                await client.post(
                    f"{home.url}/graphql", json={"query": viewer}, headers={"Authorization": f"Bearer {token}"}
                )
            )
            for token in tokens
        ]
        dashboard = await client.get(f"{home.url}/dashboard")

    seen = [answer.json()["data"]["viewer"] for answer in viewers]
    assert f'server] = [document.getElementById("webhooks"), "{home.url}"]' in page.text
    assert [viewer["workspace"] for viewer in seen] == [{"externalId": "customer-42", "name": "Acme"}] * 2
    assert seen[0]["actor"] == {"kind": "PERSON", "id": "user-7", "name": "Ada Lovelace"}
    assert sorted(seen[0]["scopes"]) == ["MANAGE", "READ"]
    assert f"frame-ancestors {origin}" in dashboard.headers["content-security-policy"]
