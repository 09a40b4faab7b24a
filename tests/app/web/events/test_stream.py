"""Streams of events: each line is answered once it is committed, and what a line does concerns no other."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.access.keys import KeyDraft, create_key, revoke_key
from app.statuses import Scope
from app.web.application import create_application
from tests.app.web.conftest import client_of
from tests.graph.serving import served
from tests.patience import PATIENCE_SECONDS
from tests.world import TICKET, World, open_world

NDJSON = {"content-type": "application/x-ndjson"}


def line(number: int, **fields: Any) -> bytes:
    """A line in the form of PublishEventInput, with a key."""
    data = {"ticket": {**TICKET["ticket"], "id": f"tkt_{number}"}}
    return (
        json.dumps({"type": "ticket.created", "data": data, "idempotencyKey": f"{number}", **fields}).encode() + b"\n"
    )


CLOUD = json.dumps({"specversion": "1.0", "id": "1", "source": "/a", "type": "ticket.created", "data": TICKET}).encode()


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database_url, tmp_path, works=False) as opened:
        yield opened


async def answers(world: World, content: bytes, **headers: str) -> list[dict[str, Any]]:
    """The answers to a stream that is sent as a whole."""
    async with client_of(create_application(world.resources)) as http:
        given = {**NDJSON, "authorization": f"Bearer {world.key}", **headers}
        response = await http.post("/events", content=content, headers=given)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/x-ndjson")
    return [json.loads(each) for each in response.text.splitlines()]


class Stream:
    """A stream to a real server, written and read line by line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, address: str, key: str) -> "Stream":
        """Begin a request, and wait for the head of its response."""
        host, port = address.split(":")
        stream = cls(*await asyncio.open_connection(host, int(port)))
        head = (
            f"POST /events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n"
            "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        stream.writer.write(head.encode())
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert (await stream._reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        return stream

    def send(self, data: bytes) -> None:
        self.writer.write(b"%x\r\n%s\r\n" % (len(data), data))

    async def answers(self) -> list[dict[str, Any]]:
        """The next chunk; [] at the end of the response."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            size = int(await self._reader.readline(), 16)
            chunk = await self._reader.readexactly(size + 2)
        return [json.loads(each) for each in chunk.splitlines() if each]


async def test_each_line_is_answered_in_order_and_a_refused_one_concerns_no_other(world: World) -> None:
    await world.webhook()
    wrong = line(2, type="ticket.burnt") + b"{\n" + line(4, data={"ticket": {"id": 5}}) + line(1, orderingKey="other")

    told = await answers(world, line(1) + b"\r\n" + wrong + line(1) + CLOUD)

    assert [one["line"] for one in told] == [1, 3, 4, 5, 6, 7, 8]
    assert [[each["path"] for each in one["errors"]] for one in told[1:5]] == [
        [["type"]],
        [[]],
        [["data", "ticket", "id"]],
        [["idempotencyKey"]],
    ]
    rows = await world.rows("event")
    first, duplicate, cloud = told[0], told[5], told[6]
    assert first == {"line": 1, "id": rows[0]["id"], "deliveryCount": 1, "duplicate": False}
    assert duplicate == {**first, "line": 7, "duplicate": True}
    assert (cloud["id"], rows[1]["idempotency_key"], len(rows)) == (rows[1]["id"], "/a 1", 2)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"type": None}, ["type"]),
        ({"type": 5}, ["type"]),
        ({"colour": "red"}, ["colour"]),
        ({"occurredAt": "now"}, ["occurredAt"]),
        ({"orderingKey": 7}, ["orderingKey"]),
        ({"idempotencyKey": " "}, ["idempotencyKey"]),
        ({"data": None}, ["data"]),
    ],
)
async def test_a_field_that_is_wrong_is_named(world: World, fields: dict[str, Any], path: list[str]) -> None:
    [told] = await answers(world, line(1, **fields))

    assert [error["path"] for error in told["errors"]] == [path]


async def test_a_stream_beyond_the_limit_of_a_request_is_taken_and_sent_again_publishes_nothing_twice(
    database_url: str, tmp_path: Path
) -> None:
    content = b"".join(map(line, range(3_000)))

    async with open_world(
        database_url, tmp_path, works=False, max_request_bytes=64 * 1024, max_event_bytes=1024
    ) as world:
        told = await answers(world, content)
        again = await answers(world, content + line(3_000))

    assert [one["line"] for one in told] == list(range(1, 3_001))
    assert [one["duplicate"] for one in again] == [True] * 3_000 + [False]
    assert [one["id"] for one in again[:-1]] == [one["id"] for one in told]


async def test_lines_are_answered_while_the_stream_goes_on(world: World) -> None:
    async with served(world.resources) as address:
        stream = await Stream.open(address, world.key)
        for number in range(3):
            stream.send(line(number)[:-5])
            stream.send(line(number)[-5:])
            assert [one["line"] for one in await stream.answers()] == [number + 1]
            assert len(await world.rows("event")) == number + 1
        stream.writer.write(b"0\r\n\r\n")
        assert await stream.answers() == []
        stream.writer.close()


async def test_a_line_beyond_the_limit_of_a_request_ends_the_stream(database_url: str, tmp_path: Path) -> None:
    async with open_world(
        database_url, tmp_path, works=False, max_request_bytes=64 * 1024, max_event_bytes=1024
    ) as world:
        told = await answers(world, line(1) + b"x" * 65 * 1024)
        async with served(world.resources) as address:
            stream = await Stream.open(address, world.key)
            stream.send(b"x" * 70 * 1024)
            [endless] = await stream.answers()
            stream.writer.close()

    assert "A line has more than 65,536 bytes" in endless["errors"][0]["message"]
    assert told[-1] == endless


async def test_a_stream_that_brings_no_line_in_time_is_ended_and_one_that_does_is_not(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        open_world(database_url, tmp_path, works=False, request_body_seconds=1) as world,
        served(world.resources) as address,
    ):
        stream = await Stream.open(address, world.key)
        for number in range(3):
            stream.send(line(number))
            await stream.answers()
            await asyncio.sleep(0.5)  # half of the deadline, so that the stream as a whole takes longer
        stream.send(b'{"type"')
        [ended] = await stream.answers()
        stream.writer.close()

    assert ended["errors"][0]["message"] == "No line of the stream ended within 1 s."


async def test_a_stream_waits_for_the_rate_of_its_key(database_url: str, tmp_path: Path) -> None:
    async with (
        open_world(database_url, tmp_path, works=False, rate_limit_per_second=5, rate_limit_burst=2) as world,
        served(world.resources) as address,
    ):
        stream = await Stream.open(address, world.key)
        told = []
        for number in range(4):  # one request at the beginning, and one a commit
            stream.send(line(number))
            told += await stream.answers()
        stream.writer.close()

    assert [one["line"] for one in told] == [1, 2, 3, 4]
    assert all("id" in one for one in told)


async def test_a_stream_ends_with_its_credentials(world: World) -> None:
    created = await create_key(world.resources, world.caller, KeyDraft("streamer", (Scope.PUBLISH,)))
    async with served(world.resources) as address:
        stream = await Stream.open(address, created.key)
        stream.send(line(1))
        await stream.answers()

        await revoke_key(world.resources, world.resources.authenticator.keys, world.caller, created.api_key.id)
        [ended] = await stream.answers()
        stream.writer.close()

    assert ended["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_server_that_closes_ends_a_stream_after_its_answers(world: World) -> None:
    async with served(world.resources) as address:
        stream = await Stream.open(address, world.key)
        stream.send(line(1))
        first = await stream.answers()
    [ended] = await stream.answers()
    stream.writer.close()

    assert first[0]["line"] == 1
    assert ended["errors"][0]["extensions"]["code"] == "UNAVAILABLE"


async def test_a_client_that_leaves_has_what_was_answered(world: World) -> None:
    async with served(world.resources) as address:
        stream = await Stream.open(address, world.key)
        stream.send(line(1) + line(2)[:20])
        await stream.answers()
        raw = stream.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        stream.writer.close()
        [told] = await answers(world, line(1))

    assert told["duplicate"]
    assert len(await world.rows("event")) == 1


async def test_strangers_and_other_scopes_are_refused_before_the_stream(world: World) -> None:
    reader = await create_key(world.resources, world.caller, KeyDraft("reader", (Scope.READ,)))
    async with client_of(create_application(world.resources)) as http:
        refused = [
            await http.post("/events", content=line(1), headers={**NDJSON, "authorization": authorization})
            for authorization in ("", f"Bearer {reader.key}")
        ]

    assert [response.status_code for response in refused] == [401, 403]
    assert await world.rows("event") == []


async def test_an_endless_body_of_a_stranger_is_cut_off(tmp_path: Path, database_url: str) -> None:
    async def dripping() -> AsyncIterator[bytes]:
        while True:
            yield b"{"
            await asyncio.sleep(0.05)

    async with (
        open_world(database_url, tmp_path, works=False, request_body_seconds=1) as world,
        served(world.resources) as address,
    ):
        with pytest.raises(httpx.HTTPError):
            await httpx.AsyncClient().post(f"http://{address}/events", content=dripping(), headers=NDJSON)
