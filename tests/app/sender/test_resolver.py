"""The system resolves names, in separate threads, and a name cannot make the server try many addresses."""

import asyncio
import socket
import threading

import pytest

from app.sender.resolver import RememberingResolver, SystemResolver
from tests.names import Names
from tests.patience import PATIENCE_SECONDS

Found = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int]]


async def test_a_name_of_this_machine_resolves_to_loopback() -> None:
    resolver = SystemResolver()

    found = await resolver.resolve("localhost", 8000)

    await resolver.close()
    assert {info[4][0] for info in found} <= {"127.0.0.1", "::1"}
    assert {info[4][1] for info in found} == {8000}


@pytest.mark.parametrize("name", ["no.such.name.invalid", "a..b", "x" * 64, "x." * 200])
async def test_what_is_no_name_raises_the_error_of_one_that_does_not_resolve(name: str) -> None:
    resolver = SystemResolver()

    with pytest.raises(socket.gaierror):
        await resolver.resolve(name, 443)

    await resolver.close()


async def test_no_more_than_two_addresses_of_each_kind_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def many(*arguments: object) -> list[Found]:
        fours = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"192.0.2.{number}", 443)) for number in range(100)]
        sixes = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", (f"2001:db8::{number}", 443)) for number in range(100)]
        return sixes + fours

    monkeypatch.setattr(socket, "getaddrinfo", many)
    resolver = SystemResolver()

    found = await resolver.resolve("many.example", 443)

    await resolver.close()
    assert [info[4][0] for info in found] == ["2001:db8::0", "2001:db8::1", "192.0.2.0", "192.0.2.1"]


async def test_names_that_do_not_answer_hold_up_neither_other_names_nor_other_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release, look_up = threading.Event(), socket.getaddrinfo

    def slow(host: bytes, *arguments: int) -> object:
        if host.endswith(b".slow"):
            release.wait(PATIENCE_SECONDS)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return look_up(host, *arguments)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    resolver = SystemResolver(threads=21)
    waiting = [asyncio.create_task(resolver.resolve(f"{number}.slow", 80)) for number in range(20)]

    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            found = await resolver.resolve("localhost", 80)
            worked = await asyncio.to_thread(lambda: "done")
    finally:
        release.set()
        await asyncio.gather(*waiting, return_exceptions=True)
        await resolver.close()

    assert found
    assert worked == "done"


async def test_a_name_is_looked_up_once_for_all_who_ask_and_again_when_the_time_is_over() -> None:
    silent = asyncio.Event()
    names = Names(hooks_example=[silent, ["192.0.2.1"]])
    resolver = RememberingResolver(names, seconds=60)
    forgetful = RememberingResolver(names, seconds=0)

    asking = [asyncio.create_task(resolver.resolve("hooks.example", 443)) for _ in range(3)]
    await asyncio.sleep(0)
    asking[0].cancel()  # a canceled caller leaves the others their look-up
    silent.set()
    found = await asyncio.gather(*asking, return_exceptions=True)
    again = await resolver.resolve("hooks.example", 443)
    asked_once = len(names.looked_up)
    for _ in range(2):
        await forgetful.resolve("hooks.example", 443)

    assert isinstance(found[0], asyncio.CancelledError)
    assert found[1] == found[2] == again
    assert asked_once == 2  # the pending look-up, and its answer
    assert len(names.looked_up) == asked_once + 2


async def test_a_name_that_did_not_resolve_is_asked_for_again() -> None:
    names = Names()
    resolver = RememberingResolver(names, seconds=60)

    for _ in range(2):
        with pytest.raises(socket.gaierror):
            await resolver.resolve("nowhere.example", 443)

    assert names.looked_up == ["nowhere.example"] * 2
