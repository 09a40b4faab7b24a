"""A server of the installed program for third-party clients, and the programs that use them."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from tests.app.cli.installed import KEY, Running, serving, url_of
from tests.patience import PATIENCE_SECONDS
from tests.receiver import Receiver
from tests.server import free_port

Ask: TypeAlias = Callable[..., dict[str, Any]]

CREATE_WEBHOOK = """
    mutation ($url: String!) {
      createWebhook(input: {name: "A receiver", url: $url, eventTypes: ["ticket.*"]}) {
        webhook { id }
        userErrors { message }
      }
    }
"""
PUBLISH = """
    mutation ($data: JSON!) {
      publishEvent(input: {type: "ticket.updated", data: $data}) { event { id } userErrors { path message } }
    }
"""


def asker(url: str) -> Ask:
    """Send the tests' own operations to a server: `ask(query, **variables)` returns the data."""

    def ask(query: str, **variables: Any) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {KEY}"}
        asked = {"query": query, "variables": variables}
        answer = httpx.post(f"{url}/graphql", json=asked, headers=headers, timeout=PATIENCE_SECONDS).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    return ask


def create_webhook(ask: Ask, url: str) -> str:
    """Register a webhook for all ticket events, and return its ID."""
    created = ask(CREATE_WEBHOOK, url=url)["createWebhook"]
    assert created["userErrors"] == []
    webhook_id: str = created["webhook"]["id"]
    return webhook_id


def publish(ask: Ask) -> str:
    """Publish an event about a ticket, and return its id."""
    published = ask(PUBLISH, data={"ticket": {"id": "tkt_2", "subject": "Hello again", "status": "open"}})
    assert published["publishEvent"]["userErrors"] == []
    event_id: str = published["publishEvent"]["event"]["id"]
    return event_id


class Home:
    """The home of a server: it can be stopped and restarted, at the same port or another, with the same data."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.settings: dict[str, str] = {}
        self._directory = directory
        self._server: Running | None = None

    @property
    def url(self) -> str:
        """The address at which clients look for it."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, port: int | None = None) -> Ask:
        """Start the server, and return how to ask it."""
        self._server = serving(self._directory, **self.settings, PORT=str(port or self.port)).__enter__()
        return asker(url_of(self._server))

    def stop(self) -> None:
        """Stop it in good order."""
        server = self._server
        assert server is not None
        assert server.stop() == 0, server.errors
        self.close()

    def close(self) -> None:
        """End it if it runs."""
        if self._server is not None:
            self._server.__exit__(None, None, None)
            self._server = None


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home without a server."""
    with contextlib.closing(Home(tmp_path)) as made:
        yield made


@pytest.fixture
def server(home: Home) -> str:
    """The address of a separate server."""
    home.start()
    return home.url


@pytest.fixture
def ask(server: str) -> Ask:
    """Ask `server`."""
    return asker(server)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that accepts everything."""
    async with Receiver() as listening:
        yield listening
