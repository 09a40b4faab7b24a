"""The receiver on a socket, as real clients see it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias

import httpx
import pytest

from app.cli.listen.misbehaviour import Answer, Manner, Misbehaviour
from app.cli.listen.receiver import Receiver
from app.cli.listen.verdict import Judge, Verdict
from app.clock import SystemClock
from tests.app.cli.listen.signed import BODY, SECRET, headers
from tests.patience import PATIENCE_SECONDS

Shown: TypeAlias = list[tuple[Verdict, Answer]]


@pytest.fixture
def shown() -> Shown:
    return []


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as opened:
        yield opened


Listening: TypeAlias = Callable[..., AbstractAsyncContextManager[str]]


@pytest.fixture
def listening(shown: Shown) -> Listening:
    """Listen with a misbehaviour; gives the URL."""

    @asynccontextmanager
    async def listen(misbehaviour: Misbehaviour | None = None, drip_seconds: float = 0.001) -> AsyncIterator[str]:
        receiver = Receiver(
            Judge([SECRET]),
            misbehaviour or Misbehaviour(),
            SystemClock(),
            lambda verdict, answer: shown.append((verdict, answer)),
            drip_seconds=drip_seconds,
        )
        async with receiver.listening("127.0.0.1", 0) as port:
            yield f"http://127.0.0.1:{port}/"

    return listen


def failing(answer: Answer) -> Misbehaviour:
    return Misbehaviour(failure=answer)


async def test_a_signed_request_is_accepted(listening: Listening, client: httpx.AsyncClient, shown: Shown) -> None:
    async with listening() as url:
        response = await client.put(f"{url}hook", content=BODY, headers=headers())

    [(verdict, answer)] = shown
    assert (response.status_code, response.content) == (200, b"")
    assert (verdict.verified, verdict.request.method, verdict.request.path) == (True, "PUT", "/hook")
    assert answer == Answer()


async def test_a_tampered_request_is_refused(listening: Listening, client: httpx.AsyncClient, shown: Shown) -> None:
    async with listening() as url:
        response = await client.post(url, content=BODY + b" ", headers=headers())

    assert response.status_code == 401
    assert response.text.startswith("No signature matches")
    assert [verdict.verified for verdict, _ in shown] == [False]


async def test_connections_are_kept(listening: Listening, client: httpx.AsyncClient, shown: Shown) -> None:
    async with listening() as url:
        responses = [await client.post(url, content=BODY, headers=headers()) for _ in range(3)]
        async with client.stream("POST", url, content=BODY, headers=headers() | {"connection": "close"}) as last:
            closing = last.headers["connection"]

    assert not any("connection" in response.headers for response in responses)
    assert closing == "close"
    assert [verdict.times_before for verdict, _ in shown] == [0, 1, 2, 3]


@pytest.mark.parametrize("status", [204, 304, 410, 503, 599])
async def test_a_status_that_was_asked_for_is_answered(
    listening: Listening, client: httpx.AsyncClient, status: int
) -> None:
    async with listening(failing(Answer(status=status))) as url:
        responses = [await client.post(url, content=BODY, headers=headers()) for _ in range(2)]

    assert [response.status_code for response in responses] == [status, status]


async def test_a_pause_can_be_asked_for(listening: Listening, client: httpx.AsyncClient) -> None:
    async with listening(failing(Answer(status=429, retry_after_seconds=7))) as url:
        response = await client.post(url, content=BODY, headers=headers())

    assert (response.status_code, response.headers["retry-after"]) == (429, "7")


async def test_the_answer_can_be_late(listening: Listening, client: httpx.AsyncClient) -> None:
    began = time.monotonic()
    async with listening(Misbehaviour(delay_seconds=0.3)) as url:
        response = await client.post(url, content=BODY, headers=headers())

    assert response.status_code == 200
    assert time.monotonic() - began >= 0.3


async def test_an_answer_can_be_dripped(listening: Listening, client: httpx.AsyncClient) -> None:
    began = time.monotonic()
    async with listening(failing(Answer(Manner.DRIP)), drip_seconds=0.01) as url:
        response = await client.post(url, content=BODY, headers=headers())

    # "HTTP/1.1 200 OK", two headers and an empty line: more than 50 bytes.
    assert response.status_code == 200
    assert time.monotonic() - began >= 0.5


async def test_a_dripped_answer_comes_byte_by_byte(listening: Listening) -> None:
    async with listening(failing(Answer(Manner.DRIP)), drip_seconds=PATIENCE_SECONDS) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(PATIENCE_SECONDS):
            first = await reader.read(1024)
        writer.close()

    assert first == b"H"


async def test_the_connection_can_be_reset(listening: Listening) -> None:
    async with listening(failing(Answer(Manner.RESET))) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(PATIENCE_SECONDS):
            with pytest.raises(ConnectionResetError):
                await reader.read()
        writer.close()


async def test_there_may_be_no_answer_at_all(listening: Listening, client: httpx.AsyncClient, shown: Shown) -> None:
    async with listening(failing(Answer(Manner.HANG))) as url:
        with pytest.raises(httpx.ReadTimeout):
            await client.post(url, content=BODY, headers=headers(), timeout=0.3)

    assert [str(answer) for _, answer in shown] == ["hang"]


async def test_it_recovers_after_the_first_failures(
    listening: Listening, client: httpx.AsyncClient, shown: Shown
) -> None:
    async with listening(Misbehaviour(Answer(Manner.RESET), fail_first=2)) as url:
        for _ in range(2):
            with pytest.raises(httpx.ReadError):
                await client.post(url, content=BODY, headers=headers())
        response = await client.post(url, content=BODY, headers=headers())

    assert response.status_code == 200
    assert [str(answer) for _, answer in shown] == ["reset", "reset", "200"]


async def test_what_is_no_http_gets_400_and_is_no_delivery(listening: Listening, shown: Shown) -> None:
    async with listening() as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
        writer.write(b"hello\r\n\r\n")
        async with asyncio.timeout(PATIENCE_SECONDS):
            answered = await reader.read()
        writer.close()

    assert answered.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"This is no HTTP request" in answered
    assert shown == []


async def test_a_sender_that_goes_away_hurts_nobody(listening: Listening, client: httpx.AsyncClient) -> None:
    async with listening(Misbehaviour(Answer(Manner.HANG), fail_first=1)) as url:
        with pytest.raises(httpx.ReadTimeout):
            await client.post(url, content=BODY, headers=headers(), timeout=0.2)
        response = await client.post(url, content=BODY, headers=headers())

    assert response.status_code == 200
