"""What a hostile or broken receiver cannot do: take long, fill memory, redirect us, set cookies."""

import asyncio
import socket
import sys
import threading
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from pathlib import Path
from time import perf_counter

import httpx
import pytest

from app.resources import guarded_transport
from app.sender.connection import UNACKNOWLEDGED_MS
from app.sender.failure import AddressBlocked, TlsRefused
from app.sender.guard import AddressPolicy, Network
from app.sender.request import build_request
from app.sender.transport import Transport
from app.settings import Settings
from tests.certificates import client_context, server_context
from tests.names import Names
from tests.patience import PATIENCE_SECONDS
from tests.receiver import (
    Behaviour,
    Receiver,
    Wire,
    answer,
    close,
    drip,
    gzipped,
    hang,
    head,
    in_turn,
    raw,
    redirect,
    reset,
)

DEVELOPMENT = AddressPolicy(allow_loopback=True)
CAP = 64 * 1024


def networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


def post(
    url: str, *allowlist: str, timeout_seconds: float = PATIENCE_SECONDS, verify_ssl: bool = True
) -> httpx.Request:
    return build_request(
        "POST",
        url,
        [("content-type", "application/json")],
        b"{}",
        timeout_seconds=timeout_seconds,
        verify_ssl=verify_ssl,
        ip_allowlist=networks(*allowlist),
    )


@pytest.mark.parametrize(
    "behaviour",
    [
        drip(head(200, [("Content-Length", "1000")]) + b"x" * 1000),
        drip(head(200, [("X-Slow", "x" * 1000)])),
        drip(head(200, [("Transfer-Encoding", "chunked")]) + b"1\r\nx\r\n" * 200),
        raw(head(200) + b"a body that only ends with the connection"),
        hang(),
    ],
    ids=["body", "headers", "chunks", "no end", "nothing"],
)
async def test_the_deadline_is_foreverything_together(
    transport: Transport, receiver: Receiver, behaviour: Behaviour
) -> None:
    receiver.on("/hook", behaviour)
    started = perf_counter()

    async with transport:
        with pytest.raises(httpx.ReadTimeout):
            await transport.handle_async_request(post(receiver.url("/hook"), timeout_seconds=0.4))
        took = perf_counter() - started
        await receiver.connected(0)

    assert took > 0.39  # uvloop's timers count whole milliseconds


async def test_a_slow_receiver_that_ends_in_time_is_heard_out(transport: Transport, receiver: Receiver) -> None:
    receiver.on("/hook", drip(head(200, [("Content-Length", "5")]) + b"hello", 0.001))

    async with transport:
        response = await transport.handle_async_request(post(receiver.url("/hook")))

    assert await response.aread() == b"hello"


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_huge_body_costs_no_more_than_the_cap(transport: Transport, receiver: Receiver, chunked: bool) -> None:
    size, piece = 256 * 1024 * 1024, b"x" * 65536
    poured = 0

    async def pour(received: object, wire: Wire) -> None:
        nonlocal poured
        await wire.send(head(200, [("Transfer-Encoding", "chunked")] if chunked else [("Content-Length", str(size))]))
        while poured < size:
            await wire.send(b"10000\r\n" + piece + b"\r\n" if chunked else piece)
            poured += len(piece)

    receiver.on("/hook", pour)

    async with transport:
        response = await transport.handle_async_request(post(receiver.url("/hook")))
        await receiver.connected(0)

    assert await response.aread() == b"x" * CAP
    assert response.extensions["truncated"]
    assert poured < size / 8  # what fits into the kernel's buffers


@pytest.mark.parametrize(("size", "truncated"), [(CAP - 1, False), (CAP, False), (CAP + 1, True)])
async def test_a_body_of_exactly_the_cap_is_whole(
    transport: Transport, receiver: Receiver, size: int, truncated: bool
) -> None:
    receiver.on("/hook", answer(200, [], b"x" * size))

    async with transport:
        response = await transport.handle_async_request(post(receiver.url("/hook")))

    assert response.extensions["truncated"] is truncated
    assert len(await response.aread()) == min(size, CAP)


async def test_a_compressed_body_is_not_expanded(transport: Transport, receiver: Receiver) -> None:
    bomb = gzipped(b"\0" * 50_000_000)
    receiver.on("/hook", bomb)

    async with transport:
        response = await transport.handle_async_request(post(receiver.url("/hook")))

    assert response.headers["content-encoding"] == "gzip"
    assert isinstance(response.stream, httpx.ByteStream)
    body = b"".join(response.stream)
    assert body.startswith(b"\x1f\x8b")
    assert len(body) < 60_000


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_is_not_followed(
    transport: Transport, receiver: Receiver, status: int
) -> None:
    receiver.on("/hook", redirect(receiver.url("/elsewhere"), status))

    async with transport:
        response = await transport.handle_async_request(post(receiver.url("/hook")))

    assert response.status_code == status
    assert [received.path for received in receiver.requests] == ["/hook"]


async def test_a_cookie_is_not_kept(transport: Transport, receiver: Receiver) -> None:
    receiver.on("/hook", answer(200, [("Set-Cookie", "id=1; Path=/"), ("Set-Cookie", "\xff;=;")]))

    async with transport:
        for _ in range(2):
            await transport.handle_async_request(post(receiver.url("/hook", host="localhost")))

    assert [received.header("cookie") for received in receiver.requests] == [None, None]


async def test_proxies_and_netrc_of_the_environment_are_left_alone(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password something\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    async with Receiver() as proxy, Transport(DEVELOPMENT) as transport:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        await transport.handle_async_request(post(receiver.url("/hook")))

    assert proxy.connections == 0
    assert receiver.requests[0].header("authorization") is None


async def test_credentials_in_a_url_are_not_sent(transport: Transport, receiver: Receiver) -> None:
    async with transport:
        await transport.handle_async_request(post(receiver.url("/hook").replace("://", "://user:pass@")))

    assert receiver.requests[0].header("authorization") is None


async def test_a_connection_is_kept_for_the_next_request(transport: Transport, receiver: Receiver) -> None:
    async with transport:
        responses = [await transport.handle_async_request(post(receiver.url())) for _ in range(3)]

    assert [received.connection for received in receiver.requests] == [1, 1, 1]
    assert [response.extensions["remote_address"] for response in responses] == ["127.0.0.1"] * 3


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("end", [close(), reset()], ids=["closed", "reset"])
async def test_a_kept_connection_that_ends_without_an_answer_is_replaced_once_and_that_is_said(
    transport: Transport, receiver: Receiver, method: str, end: Behaviour
) -> None:
    receiver.on("/hook", in_turn(answer(), end, answer()))
    request = build_request(method, receiver.url("/hook"), [], b"{}", timeout_seconds=PATIENCE_SECONDS)

    async with transport:
        first = await transport.handle_async_request(request)
        second = await transport.handle_async_request(request)

    assert [received.connection for received in receiver.requests] == [1, 1, 2]
    assert [response.extensions["sent_again"] for response in (first, second)] == [False, True]


@pytest.mark.parametrize("end", [close(), reset()], ids=["closed", "reset"])
async def test_a_request_is_sent_again_no_more_than_once(
    transport: Transport, receiver: Receiver, end: Behaviour
) -> None:
    receiver.on("/hook", in_turn(answer(), end))

    async with transport:
        await transport.handle_async_request(post(receiver.url("/hook")))
        request = post(receiver.url("/hook"))
        with pytest.raises(httpx.ReadError, match="without an answer"):
            await transport.handle_async_request(request)

    assert [received.connection for received in receiver.requests] == [1, 1, 2]
    assert request.extensions["exchange"].sent_again


async def test_a_new_connection_that_ends_is_not_replaced(transport: Transport, receiver: Receiver) -> None:
    receiver.on("/hook", in_turn(close(), answer()))

    async with transport:
        with pytest.raises(httpx.ReadError):
            await transport.handle_async_request(post(receiver.url("/hook")))

    assert len(receiver.requests) == 1


@pytest.mark.parametrize("end", [close(b"H"), reset(b"HTTP/1.1 200 OK\r\n")], ids=["one byte", "a status line"])
async def test_a_kept_connection_that_ends_within_an_answer_is_a_failure(
    transport: Transport, receiver: Receiver, end: Behaviour
) -> None:
    receiver.on("/hook", in_turn(answer(), end, answer()))

    async with transport:
        await transport.handle_async_request(post(receiver.url("/hook")))
        with pytest.raises(httpx.ReadError):
            await transport.handle_async_request(post(receiver.url("/hook")))

    assert [received.connection for received in receiver.requests] == [1, 1]


async def test_a_kept_connection_that_answers_too_late_is_a_failure(transport: Transport, receiver: Receiver) -> None:
    receiver.on("/hook", in_turn(answer(), hang()))
    request = build_request("POST", receiver.url("/hook"), [], b"{}", timeout_seconds=0.2)

    async with transport:
        await transport.handle_async_request(request)
        with pytest.raises(httpx.ReadTimeout):
            await transport.handle_async_request(request)

    assert len(receiver.requests) == 2


@pytest.mark.parametrize(
    ("keep_alive", "connections"),
    [("timeout=5, max=100", [1, 1]), ("max=9, Timeout = 60", [1, 1]), ("timeout=1", [1, 2]), ("timeout=x", [1, 1])],
)
async def test_a_connection_is_kept_no_longer_than_the_receiver_keeps_it(
    transport: Transport, receiver: Receiver, keep_alive: str, connections: list[int]
) -> None:
    receiver.on("/hook", answer(headers=[("Keep-Alive", keep_alive)]))

    async with transport:
        for _ in range(2):
            await transport.handle_async_request(post(receiver.url("/hook")))

    assert [received.connection for received in receiver.requests] == connections


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the operating system has no such option")
async def test_the_network_ends_a_kept_connection_on_which_nothing_is_acknowledged(
    transport: Transport, receiver: Receiver
) -> None:
    async with transport:
        await transport.handle_async_request(post(receiver.url()))
        [connection] = transport._pool._open
        assert connection._transport is not None
        kept = connection._transport.get_extra_info("socket")

        assert kept.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == UNACKNOWLEDGED_MS


async def test_a_connection_that_the_receiver_closed_while_idle_is_not_used_again(
    transport: Transport, receiver: Receiver
) -> None:
    receiver.on("/hook", close(head(200, [("Content-Length", "0")])))

    async with transport:
        for _ in range(3):
            response = await transport.handle_async_request(post(receiver.url("/hook")))
            assert response.status_code == 200
            await receiver.connected(0)

    assert [received.connection for received in receiver.requests] == [1, 2, 3]


@pytest.mark.parametrize(
    "headers",
    [[], [("Content-Length", "2")], [("Transfer-Encoding", "chunked")], [("Connection", "close")]],
    ids=["no word of it", "with its length", "as if in chunks", "to the end"],
)
async def test_a_204_that_has_a_body_is_a_204_and_its_connection_is_not_used_again(
    transport: Transport, receiver: Receiver, headers: list[tuple[str, str]]
) -> None:
    receiver.on("/hook", raw(head(204, headers) + b"{}" + head(500, [("Content-Length", "0")])))

    async with transport:
        responses = [await transport.handle_async_request(post(receiver.url("/hook"))) for _ in range(2)]

    assert [(response.status_code, await response.aread()) for response in responses] == [(204, b"")] * 2
    assert [received.connection for received in receiver.requests] == [1, 2]


async def test_a_204_without_a_body_keeps_its_connection(transport: Transport, receiver: Receiver) -> None:
    receiver.on("/hook", raw(head(204)))

    async with transport:
        for _ in range(2):
            await transport.handle_async_request(post(receiver.url("/hook")))

    assert [received.connection for received in receiver.requests] == [1, 1]


async def test_a_large_body_is_sent_whole(transport: Transport, receiver: Receiver) -> None:
    body = bytes(range(256)) * 12_000  # 3 MB

    async with transport:
        await transport.handle_async_request(
            build_request("POST", receiver.url(), [], body, timeout_seconds=PATIENCE_SECONDS)
        )

    assert receiver.requests[0].body == body


async def test_an_answer_that_comes_before_the_body_is_read_counts(transport: Transport) -> None:
    done, serving = asyncio.Event(), list[asyncio.Task[None] | None]()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head(413, [("Content-Length", "0")]))
        await done.wait()
        writer.transport.abort()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0, limit=1024)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server, transport:
        for _ in range(2):
            request = build_request("POST", url, [], b"x" * 20_000_000, timeout_seconds=PATIENCE_SECONDS)
            response = await transport.handle_async_request(request)
            assert response.status_code == 413
        done.set()
        await asyncio.gather(*(task for task in serving if task))

    assert len(serving) == 2  # a connection with half a request on it is not reused


async def test_every_spelling_of_loopback_ends_at_the_guard(receiver: Receiver) -> None:
    spellings = ["127.0.0.1", "localhost", "0x7f000001", "0x7f.1", "2130706433", "127.1", "0.0.0.0", "[::]"]
    spellings += ["[::ffff:127.0.0.1]", "[::1]", "[0:0:0:0:0:0:0:1]", "[64:ff9b::7f00:1]", "127.0.0.1.", "127。0。0。1"]

    async with Transport(AddressPolicy()) as production:
        for spelling in spellings:
            with pytest.raises(AddressBlocked):
                await production.handle_async_request(post(receiver.url(host=spelling)))

    assert receiver.connections == 0


async def test_a_name_that_resolves_to_a_private_address_is_blocked_at_the_connection() -> None:
    names = Names(inside_example=[["10.0.0.1"]], metadata_example=[["169.254.169.254"]])

    async with Transport(DEVELOPMENT, resolver=names) as transport:
        with pytest.raises(
            AddressBlocked, match=r"^The address 10\.0\.0\.1 is blocked: it is private \(10\.0\.0\.0/8\)\.$"
        ):
            await transport.handle_async_request(post("http://inside.example/"))
        with pytest.raises(AddressBlocked, match="metadata service"):
            await transport.handle_async_request(post("http://metadata.example/"))


async def test_a_name_that_moves_to_a_private_address_later_is_blocked_then() -> None:
    rebinding = Names(hooks_example=[["127.0.0.2"], ["127.0.0.1"]])
    public_enough = AddressPolicy(allowed_networks=networks("127.0.0.2"))

    async with (
        Receiver(close(head(200, [("Content-Length", "0")])), host="127.0.0.2") as outside,
        Transport(public_enough, resolver=rebinding, dns_cache_seconds=0) as transport,
    ):
        url = outside.url(host="hooks.example")
        response = await transport.handle_async_request(post(url))
        await outside.connected(0)
        with pytest.raises(AddressBlocked, match=r"127\.0\.0\.1"):
            await transport.handle_async_request(post(url))

    assert response.extensions["remote_address"] == "127.0.0.2"
    assert rebinding.looked_up == ["hooks.example"] * 2
    assert len(outside.requests) == 1


async def test_a_blocked_port_is_not_connected_to_at_any_address_and_under_no_allowlist(receiver: Receiver) -> None:
    names = Names(hooks_example=[["127.0.0.1", "127.0.0.2"]])
    policy = AddressPolicy(allow_loopback=True, blocked_ports=frozenset({receiver.port}))
    sentence = rf"^Port {receiver.port} is blocked: deliveries may not use it \(setting BLOCKED_PORTS\)\.$"

    async with Transport(policy, resolver=names) as transport:
        for url in (receiver.url(), receiver.url(host="hooks.example")):
            with pytest.raises(AddressBlocked, match=sentence):
                await transport.handle_async_request(post(url))
            with pytest.raises(AddressBlocked, match=sentence):
                await transport.handle_async_request(post(url, "127.0.0.0/8"))

    assert receiver.connections == 0


async def test_a_blocked_address_does_not_stand_in_the_way_of_an_allowed_one(receiver: Receiver) -> None:
    names = Names(mixed_example=[["64:ff9b::a00:1", "10.0.0.1", "127.0.0.1"]])

    async with Transport(DEVELOPMENT, resolver=names) as transport:
        response = await transport.handle_async_request(post(receiver.url(host="mixed.example")))

    assert response.extensions["remote_address"] == "127.0.0.1"


async def test_a_name_with_several_addresses_is_sent_to_once(receiver: Receiver) -> None:
    names = Names(several_example=[["127.0.0.9", "127.0.0.1"]])  # nobody listens at the first

    async with Transport(DEVELOPMENT, resolver=names) as transport:
        await transport.handle_async_request(post(receiver.url(host="several.example")))

    assert len(receiver.requests) == 1


async def test_an_ipv6_receiver_is_reached(transport: Transport) -> None:
    async with Receiver(host="::1") as receiver, transport:
        response = await transport.handle_async_request(post(receiver.url()))

    assert response.extensions["remote_address"] == "::1"
    assert receiver.requests[0].header("host") == f"[::1]:{receiver.port}"


async def test_a_connection_opened_under_one_allowlist_never_serves_another(
    transport: Transport, receiver: Receiver
) -> None:
    async with transport:
        await transport.handle_async_request(post(receiver.url(), "127.0.0.0/8"))
        with pytest.raises(AddressBlocked, match="outside the webhook's allowlist"):
            await transport.handle_async_request(post(receiver.url(), "127.0.0.2/32"))
        await transport.handle_async_request(post(receiver.url()))
        await transport.handle_async_request(post(receiver.url(), "127.0.0.0/8"))

    assert [received.connection for received in receiver.requests] == [1, 2, 1]


async def test_an_allowlist_opens_nothing_that_production_blocks(receiver: Receiver) -> None:
    async with Transport(AddressPolicy()) as production:
        with pytest.raises(AddressBlocked, match="loopback"):
            await production.handle_async_request(post(receiver.url(), "127.0.0.0/8"))


async def test_a_connection_whose_certificate_was_not_checked_never_serves_one_who_checks(
    transport: Transport,
) -> None:
    async with Receiver(tls=server_context()) as receiver, transport:
        await transport.handle_async_request(post(receiver.url(), verify_ssl=False))
        with pytest.raises(TlsRefused):
            await transport.handle_async_request(post(receiver.url()))
        await transport.handle_async_request(post(receiver.url(), verify_ssl=False))

    assert [received.connection for received in receiver.requests] == [1, 1]


async def test_a_certificate_that_is_trusted_and_fits_the_name_is_accepted() -> None:
    trusting = Transport(DEVELOPMENT, tls=client_context())

    async with Receiver(tls=server_context()) as receiver, trusting:
        by_name = await trusting.handle_async_request(post(receiver.url(host="localhost")))
        by_address = await trusting.handle_async_request(post(receiver.url()))

    assert (by_name.status_code, by_address.status_code) == (200, 200)


async def test_requests_leave_from_the_address_that_is_set(receiver: Receiver) -> None:
    egress = (ip_address("127.0.0.5"), ip_address("127.0.0.6"))

    async with Transport(DEVELOPMENT, local_addresses=egress) as transport, Receiver(host="::1") as other:
        await transport.handle_async_request(post(receiver.url()))
        with pytest.raises(httpx.ConnectError):
            await transport.handle_async_request(post(other.url()))

    assert receiver.requests[0].peer == "127.0.0.5"
    assert other.connections == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: Transport(DEVELOPMENT, max_idle_connections=2),
        # As many as may be in flight may be kept: with fewer, a busy process would open connections again and again.
        lambda: guarded_transport(Settings(max_in_flight=2)),
    ],
    ids=["as told", "as many as may be under way"],
)
async def test_no_more_connections_are_kept_than_allowed(make: Callable[[], Transport]) -> None:
    async with Receiver() as first, Receiver() as second, Receiver() as third, make() as transport:
        for receiver in (first, second, third):
            await transport.handle_async_request(post(receiver.url()))
        await third.connected(0)
        kept = [receiver.open_connections for receiver in (first, second, third)]

    assert kept == [1, 1, 0]


async def test_connections_of_all_policies_together_are_no_more_than_may_be_kept(receiver: Receiver) -> None:
    release = asyncio.Event()

    async def wait(received: object, wire: Wire) -> None:
        await release.wait()
        await wire.send(head(200, [("Content-Length", "0")]))

    receiver.on("/slow", wait)

    async with Transport(DEVELOPMENT, max_idle_connections=1) as transport:
        slow = asyncio.create_task(transport.handle_async_request(post(receiver.url("/slow"), "127.0.0.0/8")))
        await receiver.received(1)
        for allowlist in ("127.0.0.0/16", "127.0.0.0/24"):
            await transport.handle_async_request(post(receiver.url(), allowlist))
        await receiver.connected(1)
        release.set()
        response = await slow

    assert response.status_code == 200


async def test_an_idle_connection_is_given_up_before_the_receiver_does(
    transport: Transport, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sender.pool._KEEP_IDLE_SECONDS", 0.05)

    async with transport:
        await transport.handle_async_request(post(receiver.url()))
        await receiver.connected(0)
        await transport.handle_async_request(post(receiver.url()))

    assert [received.connection for received in receiver.requests] == [1, 2]


async def test_leaving_the_transport_closes_every_connection(transport: Transport, receiver: Receiver) -> None:
    async with transport:
        for allowlist in ("127.0.0.0/8", "127.0.0.0/16"):
            await transport.handle_async_request(post(receiver.url(), allowlist))
        await receiver.connected(2)

    await receiver.connected(0)


async def test_nothing_on_the_way_of_a_request_blocks_the_event_loop() -> None:
    loop_thread, blocking = threading.get_ident(), list[str]()

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in {"socket.getaddrinfo", "open"} and threading.get_ident() == loop_thread:
            blocking.append(f"{event} {arguments[0]!r}")

    trusting = Transport(DEVELOPMENT, tls=client_context())
    async with Receiver(tls=server_context()) as receiver, trusting:
        sys.addaudithook(watch)  # Python cannot remove it; it costs a comparison per event
        await trusting.handle_async_request(post(receiver.url(host="localhost")))
        await trusting.handle_async_request(post(receiver.url(host="localhost"), "127.0.0.0/8", verify_ssl=False))
        seen = blocking.copy()

    assert seen == []
