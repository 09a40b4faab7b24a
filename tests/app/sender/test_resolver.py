"""Names are looked up by the system, in threads of their own, and a name cannot make the server knock at many doors."""

import asyncio
import socket
import threading

import pytest

from app.sender.resolver import Resolver

Found = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int]]


async def test_a_name_of_this_machine_resolves_to_loopback() -> None:
    resolver = Resolver()

    found = await resolver.resolve("localhost", 8000)

    await resolver.close()
    assert {result["host"] for result in found} <= {"127.0.0.1", "::1"}
    assert {result["port"] for result in found} == {8000}
    assert {result["hostname"] for result in found} == {"localhost"}


@pytest.mark.parametrize("name", ["no.such.name.invalid", "a..b", "x" * 64, "x." * 200])
async def test_what_is_no_name_raises_the_error_of_one_that_does_not_resolve(name: str) -> None:
    resolver = Resolver()

    with pytest.raises(socket.gaierror):
        await resolver.resolve(name, 443)

    await resolver.close()


async def test_no_more_than_two_addresses_of_each_kind_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def many(*arguments: object) -> list[Found]:
        fours = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"192.0.2.{number}", 443)) for number in range(100)]
        sixes = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", (f"2001:db8::{number}", 443)) for number in range(100)]
        return sixes + fours

    monkeypatch.setattr(socket, "getaddrinfo", many)
    resolver = Resolver()

    found = await resolver.resolve("many.example", 443)

    await resolver.close()
    assert [result["host"] for result in found] == ["2001:db8::0", "2001:db8::1", "192.0.2.0", "192.0.2.1"]


async def test_names_that_do_not_answer_hold_up_neither_other_names_nor_other_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release, look_up = threading.Event(), socket.getaddrinfo

    def slow(host: bytes, *arguments: int) -> object:
        if host.endswith(b".slow"):
            release.wait(10)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return look_up(host, *arguments)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    resolver = Resolver(threads=21)
    waiting = [asyncio.create_task(resolver.resolve(f"{number}.slow")) for number in range(20)]

    try:
        async with asyncio.timeout(5):
            found = await resolver.resolve("localhost", 80)
            worked = await asyncio.to_thread(lambda: "done")
    finally:
        release.set()
        await asyncio.gather(*waiting, return_exceptions=True)
        await resolver.close()

    assert found
    assert worked == "done"
