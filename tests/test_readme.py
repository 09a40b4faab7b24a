"""The README's first five minutes work exactly as written; only the ports are the test's own."""

import json
import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from tests.app.cli.installed import Running, url_of
from tests.patience import PATIENCE_SECONDS
from tests.server import free_port

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The README's code blocks in a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def block(language: str, word: str) -> str:
    """The README's code block that holds a word."""
    (found,) = (text for text in blocks(language) if word in text)
    return found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The server as the README starts it; yields its address."""
    (assignment, *command) = shlex.split(block("bash", "make run"))
    assert command == ["make", "run"]
    name, key = assignment.split("=")
    with Running("serve", directory=tmp_path, **{name: key, "PORT": "0"}) as running:
        yield url_of(running)


def run_curl(text: str, server: str, listener: str) -> dict[str, Any]:
    """Send what a curl command of the README sends, and return the answer's data."""
    words = shlex.split(text.replace("\\\n", " "))
    headers = dict(words[n + 1].split(": ", 1) for n, word in enumerate(words) if word == "-H")
    body = words[words.index("-d") + 1].replace("http://127.0.0.1:9000/", listener)
    assert "http://127.0.0.1:8000/graphql" in words
    answer = httpx.post(f"{server}/graphql", headers=headers, content=body, timeout=PATIENCE_SECONDS)
    result = answer.json()
    assert "errors" not in result, result
    data: dict[str, Any] = result["data"]
    return data


def ask(query: str, server: str) -> dict[str, Any]:
    answer = httpx.post(
        f"{server}/graphql",
        headers={"Authorization": "Bearer my-first-key"},
        json={"query": query},
        timeout=PATIENCE_SECONDS,
    )
    data: dict[str, Any] = answer.json()["data"]
    return data


def test_the_first_five_minutes(server: str, tmp_path: Path) -> None:
    _, *listen = shlex.split(block("bash", "eev-webhooks listen"))
    port = str(free_port())
    listen[listen.index("9000")] = port
    with Running(*listen, "--json", directory=tmp_path) as listener:
        assert listener.object()["kind"] == "listening"
        created = run_curl(block("bash", "createWebhook"), server, f"http://127.0.0.1:{port}/")
        published = run_curl(block("bash", "publishEvent"), server, "")
        received = listener.object()

    assert created["createWebhook"]["webhook"]["status"] == "ACTIVE"
    assert published["publishEvent"]["deliveryCount"] == 1
    assert published["publishEvent"]["event"]["id"] in json.dumps(received)
    seen = ask(block("graphql", "LatestDeliveries"), server)["deliveries"]["nodes"]
    assert [delivery["event"]["type"] for delivery in seen] == ["ticket.created"]


def test_the_receivers_code_verifies_what_is_signed() -> None:
    names: dict[str, Any] = {}
    exec(block("python", "standardwebhooks"), names)
    now = datetime.now(UTC)
    body = '{"type":"ticket.created"}'
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").sign("evt_1", now, body),
    }

    assert names["receive"](body, headers) == {"type": "ticket.created"}


def test_every_file_and_page_that_the_readme_names_is_there() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    named = re.findall(r"(?:app|graph|tasks)/[a-z_/]+\.py", README)

    missing = [path for path in [*links, *named] if not (Path(__file__).parent.parent / path).exists()]

    assert missing == []
