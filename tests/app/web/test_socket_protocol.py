"""Sockets in the moment in which their server stops."""

from contextlib import AsyncExitStack

import pytest
from websockets.frames import Frame

from app.web.socket_protocol import AnsweredSockets
from tests.graph.serving import served, socket
from tests.world import World


async def test_a_server_stops_in_the_moment_in_which_a_client_closes_its_socket(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    handled, stopped = AnsweredSockets.handle_close, []

    def closed_while_the_server_stops(sockets: AnsweredSockets, frame: Frame) -> None:
        handled(sockets, frame)
        sockets.shutdown()
        stopped.append(sockets)

    monkeypatch.setattr(AnsweredSockets, "handle_close", closed_while_the_server_stops)
    async with served(world.resources) as address, socket(address) as opened:
        await opened.introduce(world.key)
        await opened.connection.close()

    assert len(stopped) == 1
    assert opened.connection.close_code == 1000


async def test_a_server_that_stops_tells_its_clients_that_they_may_come_back(world: World) -> None:
    async with AsyncExitStack() as stack:
        async with served(world.resources) as address:
            opened = await stack.enter_async_context(socket(address))
            await opened.introduce(world.key)

        assert await opened.closed() == (1012, "")
