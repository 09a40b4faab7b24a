"""One answer for one request: further data from a receiver closes the connection, and reaches no other request."""

import asyncio

import httpx
import pytest

from app.sender.request import build_request
from app.sender.transport import Transport
from tests.patience import PATIENCE_SECONDS
from tests.receiver import Receiver, Wire, answer, head, in_turn, raw

EMPTY = [("Content-Length", "0")]


def post(url: str) -> httpx.Request:
    return build_request("POST", url, [], b"{}", timeout_seconds=PATIENCE_SECONDS)


async def test_early_hints_are_passed_over(transport: Transport, receiver: Receiver) -> None:
    receiver.on("/hook", raw(head(103, [("Link", "</style.css>")]) * 16 + head(204)))

    async with transport:
        responses = [await transport.handle_async_request(post(receiver.url("/hook"))) for _ in range(2)]

    assert [response.status_code for response in responses] == [204, 204]
    assert receiver.connections == 1


async def test_interim_answers_without_end_end_the_connection(transport: Transport, receiver: Receiver) -> None:
    async def flood(received: object, wire: Wire) -> None:
        hints = head(103) * 2000
        while True:
            await wire.send(hints)

    receiver.on("/hook", flood)

    async with transport:
        with pytest.raises(httpx.RemoteProtocolError, match="more than 16 interim answers"):
            await transport.handle_async_request(post(receiver.url("/hook")))
        await receiver.connected(0)


async def test_a_second_answer_to_a_request_is_not_taken_for_the_answer_to_the_next(
    transport: Transport, receiver: Receiver
) -> None:
    receiver.on("/hook", in_turn(raw(head(200, EMPTY) + head(500, EMPTY)), answer(201)))

    async with transport:
        responses = [await transport.handle_async_request(post(receiver.url("/hook"))) for _ in range(2)]

    assert [response.status_code for response in responses] == [200, 201]
    assert [received.connection for received in receiver.requests] == [1, 2]


async def test_an_answer_on_an_idle_connection_ends_it(
    transport: Transport, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sender.pool._KEEP_IDLE_SECONDS", 2 * PATIENCE_SECONDS)
    answered = asyncio.Event()

    async def answer_twice(received: object, wire: Wire) -> None:
        await wire.send(head(200, EMPTY))
        await answered.wait()
        await wire.send(head(500, EMPTY))

    receiver.on("/hook", in_turn(answer_twice, answer(201)))

    async with transport:
        first = await transport.handle_async_request(post(receiver.url("/hook")))
        answered.set()
        await receiver.connected(0)
        second = await transport.handle_async_request(post(receiver.url("/hook")))

    assert (first.status_code, second.status_code) == (200, 201)
    assert [received.connection for received in receiver.requests] == [1, 2]
