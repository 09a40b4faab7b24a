"""What the tests of the sender share: they run on both event loops, whose sockets fail differently."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import pytest
import uvloop

from app.sender.guard import AddressPolicy
from app.sender.sender import Sender
from app.sender.transport import Transport
from tests.receiver import Receiver


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Name the event loops that every asynchronous test here runs on."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses connections: it is taken, so no other program can listen there, and nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


@pytest.fixture
async def transport() -> Transport:
    """As in development: loopback is allowed."""
    return Transport(AddressPolicy(allow_loopback=True))


@pytest.fixture
async def sender(transport: Transport) -> AsyncIterator[Sender]:
    async with Sender(transport) as sender:
        yield sender
