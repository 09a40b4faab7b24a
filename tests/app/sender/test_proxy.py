"""On both event loops: requests leave through a forward proxy, to the address that the guard judged and no other."""

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from ipaddress import ip_address

import httpx
import pytest
from structlog.testing import capture_logs

from app.sender.failure import AddressBlocked, NameUnresolved, ProxyUnavailable, TlsRefused
from app.sender.guard import AddressPolicy
from app.sender.outcome import Answered, Unreachable
from app.sender.proxy import Proxy
from app.sender.request import build_request
from app.sender.sender import Sender
from app.sender.transport import Transport
from app.sender.watched import send_watched
from app.statuses import AttemptOutcome
from tests.certificates import client_context, server_context
from tests.connect_proxy import ConnectProxy
from tests.names import Names
from tests.patience import PATIENCE_SECONDS
from tests.receiver import Receiver, close, head

LOOPBACK = AddressPolicy(allow_loopback=True)
HOST = "hooks.example"


@pytest.fixture
async def proxy() -> AsyncIterator[ConnectProxy]:
    async with ConnectProxy() as proxy:
        yield proxy


def post(url: str, *, timeout_seconds: float = PATIENCE_SECONDS, verify_ssl: bool = True) -> httpx.Request:
    return build_request("POST", url, [], b"{}", timeout_seconds=timeout_seconds, verify_ssl=verify_ssl)


def through(proxy: ConnectProxy, *addresses: str, policy: AddressPolicy = LOOPBACK, login: str = "") -> Transport:
    names = Names(hooks_example=[list(addresses)])
    trusted = client_context((HOST,))
    return Transport(policy, proxy=Proxy.at(proxy.url(login)), resolver=names, tls=trusted, dns_cache_seconds=0)


async def test_a_request_goes_to_the_judged_address_and_names_the_receiver_in_tls_and_host(proxy: ConnectProxy) -> None:
    async with Receiver(tls=server_context((HOST,))) as receiver, through(proxy, "127.0.0.1") as transport:
        response = await transport.handle_async_request(post(receiver.url(host=HOST)))

    assert response.status_code == 200
    assert response.extensions["remote_address"] == "127.0.0.1"
    assert receiver.requests[0].header("host") == f"{HOST}:{receiver.port}"
    [(authority, headers)] = proxy.asked
    assert authority == headers["host"] == f"127.0.0.1:{receiver.port}"
    assert "proxy-authorization" not in headers


async def test_the_certificate_is_the_receivers_and_is_checked(proxy: ConnectProxy) -> None:
    async with Receiver(tls=server_context(("other.example",))) as receiver, through(proxy, "127.0.0.1") as transport:
        with pytest.raises(TlsRefused):
            await transport.handle_async_request(post(receiver.url(host=HOST)))


async def test_plain_http_goes_through_a_tunnel_too_and_keeps_its_host(proxy: ConnectProxy, receiver: Receiver) -> None:
    async with through(proxy, "127.0.0.1") as transport:
        await transport.handle_async_request(post(receiver.url("/hook", host=HOST)))

    assert [(r.path, r.header("host")) for r in receiver.requests] == [("/hook", f"{HOST}:{receiver.port}")]


async def test_a_kept_tunnel_serves_the_next_request(proxy: ConnectProxy, receiver: Receiver) -> None:
    async with through(proxy, "127.0.0.1") as transport:
        await transport.handle_async_request(post(receiver.url(host=HOST)))
        response = await transport.handle_async_request(post(receiver.url(host=HOST)))

    assert [received.connection for received in receiver.requests] == [1, 1]
    assert len(proxy.asked) == 1
    assert response.extensions["remote_address"] == "127.0.0.1"


async def test_the_proxy_is_never_asked_for_what_the_guard_refuses(proxy: ConnectProxy, receiver: Receiver) -> None:
    ports = AddressPolicy(allow_loopback=True, blocked_ports=frozenset({receiver.port}))
    refused = [("10.0.0.1", LOOPBACK), ("127.0.0.1", AddressPolicy()), ("::ffff:10.0.0.1", LOOPBACK), ("127.1", ports)]

    for address, policy in refused:
        resolved = address if address != "127.1" else "127.0.0.1"
        async with through(proxy, resolved, policy=policy) as transport:
            with pytest.raises(AddressBlocked):
                await transport.handle_async_request(post(receiver.url(host=HOST)))

    assert proxy.asked == []


async def test_a_name_that_moves_to_a_private_address_is_blocked_then(proxy: ConnectProxy) -> None:
    moving = Names(hooks_example=[["127.0.0.1"], ["10.0.0.1"]])

    async with (
        Receiver(close(head(200, [("Content-Length", "0")]))) as receiver,
        Transport(LOOPBACK, proxy=Proxy.at(proxy.url()), resolver=moving, dns_cache_seconds=0) as transport,
    ):
        await transport.handle_async_request(post(receiver.url(host=HOST)))
        await receiver.connected(0)
        with pytest.raises(AddressBlocked, match=r"10\.0\.0\.1 is blocked"):
            await transport.handle_async_request(post(receiver.url(host=HOST)))

    assert proxy.authorities == [f"127.0.0.1:{receiver.port}"]


async def test_another_address_is_asked_for_where_the_first_is_blocked_or_not_reached(
    proxy: ConnectProxy, receiver: Receiver
) -> None:
    proxy.answers[f"127.0.0.9:{receiver.port}"] = b"HTTP/1.1 502 Bad Gateway\r\n\r\n"

    async with through(proxy, "10.0.0.1", "127.0.0.9", "127.0.0.1") as transport:
        response = await transport.handle_async_request(post(receiver.url(host=HOST)))

    assert response.extensions["remote_address"] == "127.0.0.1"
    assert proxy.authorities == [f"127.0.0.9:{receiver.port}", f"127.0.0.1:{receiver.port}"]


async def test_an_ipv6_address_is_asked_for_in_brackets(proxy: ConnectProxy) -> None:
    async with Receiver(host="::1") as receiver, through(proxy, "::1") as transport:
        response = await transport.handle_async_request(post(receiver.url(host=HOST)))

    assert response.extensions["remote_address"] == "::1"
    assert proxy.authorities == [f"[::1]:{receiver.port}"]


async def test_the_proxy_gets_its_credentials_and_the_receiver_does_not(receiver: Receiver) -> None:
    expected = "Basic " + base64.b64encode(b"me:p@ss word").decode()

    async with (
        ConnectProxy(login=expected) as proxy,
        through(proxy, "127.0.0.1", login="me:p%40ss%20word") as transport,
    ):
        await transport.handle_async_request(post(receiver.url(host=HOST)))

    assert proxy.asked[0][1]["proxy-authorization"] == expected
    assert receiver.requests[0].header("proxy-authorization") is None


async def test_addresses_that_deliveries_leave_from_are_the_proxys_then(
    proxy: ConnectProxy, receiver: Receiver
) -> None:
    elsewhere = [ip_address("192.0.2.1")]  # Binding to it would fail.

    async with Transport(LOOPBACK, proxy=Proxy.at(proxy.url()), local_addresses=elsewhere) as transport:
        response = await transport.handle_async_request(post(receiver.url()))

    assert response.status_code == 200


# ── what goes wrong ──

ABOUT_THE_RECEIVER = [
    (403, AttemptOutcome.ADDRESS_BLOCKED, "does not allow connections to 127.0.0.1 port {port} (it answered 403)."),
    (502, AttemptOutcome.CONNECTION_ERROR, "could not connect to 127.0.0.1 port {port} (it answered 502)."),
    (503, AttemptOutcome.CONNECTION_ERROR, "could not connect to 127.0.0.1 port {port} (it answered 503)."),
    (504, AttemptOutcome.TIMEOUT, "gave up connecting to 127.0.0.1 port {port} (it answered 504)."),
]


@pytest.mark.parametrize(("status", "outcome", "sentence"), ABOUT_THE_RECEIVER)
async def test_a_receiver_that_the_proxy_does_not_reach_has_failed(
    proxy: ConnectProxy, closed_port: int, status: int, outcome: AttemptOutcome, sentence: str
) -> None:
    proxy.answers[f"127.0.0.1:{closed_port}"] = b"HTTP/1.1 %d No\r\nContent-Length: 2\r\n\r\nno" % status

    async with Sender(through(proxy, "127.0.0.1")) as sender:
        answer = await sender.send(post(f"http://{HOST}:{closed_port}/"))

    assert isinstance(answer, Unreachable)
    assert (answer.outcome, answer.not_asked, answer.remote_address) == (outcome, False, "127.0.0.1")
    assert answer.error == "The server's egress proxy " + sentence.format(port=closed_port)


async def test_a_receiver_that_refuses_behind_a_proxy_has_failed(proxy: ConnectProxy, closed_port: int) -> None:
    async with Sender(through(proxy, "127.0.0.1")) as sender:
        answer = await sender.send(post(f"http://{HOST}:{closed_port}/"))

    assert isinstance(answer, Unreachable)
    assert (answer.outcome, answer.not_asked) == (AttemptOutcome.CONNECTION_ERROR, False)


async def test_a_receiver_that_a_proxy_waits_for_has_failed_at_the_deadline(
    proxy: ConnectProxy, closed_port: int
) -> None:
    proxy.silent.add(f"127.0.0.1:{closed_port}")

    async with Sender(through(proxy, "127.0.0.1")) as sender:
        answer = await sender.send(post(f"http://{HOST}:{closed_port}/", timeout_seconds=0.3))

    assert isinstance(answer, Unreachable)
    assert (answer.outcome, answer.not_asked) == (AttemptOutcome.TIMEOUT, False)
    assert answer.error.startswith("Through the server's egress proxy, no connection with 127.0.0.1")


THE_PROXYS_OWN = [
    (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "refuses this server's credentials (407"),
    (b"HTTP/1.1 405 Method Not Allowed\r\n\r\n", "answers CONNECT with 405."),
    (b"HTTP/1.1 200 OK\r\n", "does not answer in HTTP."),
    (b"220 mail.example ESMTP\r\n\r\n", "does not answer in HTTP."),
    (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", "sends bytes that nobody asked for."),
    (b"HTTP/1.1 200 " + b"x" * 20_000, "does not answer in HTTP."),
    (b"", "ended the connection without an answer."),
]


@pytest.mark.parametrize(("came", "sentence"), THE_PROXYS_OWN)
async def test_a_proxy_that_does_not_do_its_work_is_no_failure_of_a_receiver(
    proxy: ConnectProxy, receiver: Receiver, came: bytes, sentence: str
) -> None:
    proxy.answers[f"127.0.0.1:{receiver.port}"] = came

    async with Sender(through(proxy, "127.0.0.1")) as sender:
        answer = await sender.send(post(receiver.url(host=HOST)))

    assert isinstance(answer, Unreachable)
    assert (answer.outcome, answer.not_asked) == (AttemptOutcome.CONNECTION_ERROR, True)
    assert answer.error.startswith(f"The server's egress proxy {sentence}")
    assert receiver.connections == 0


async def test_a_proxy_that_is_away_is_no_failure_of_a_receiver_and_is_logged_once_until_it_is_back(
    receiver: Receiver,
) -> None:
    proxy = ConnectProxy()
    await proxy.start()
    async with through(proxy, "127.0.0.1") as transport:
        await proxy.stop()
        with capture_logs() as logs:
            for _ in range(2):
                with pytest.raises(ProxyUnavailable, match="cannot be connected to: connection refused"):
                    await transport.handle_async_request(post(receiver.url(host=HOST)))
            await proxy.start()
            await transport.handle_async_request(post(receiver.url(host=HOST)))
    await proxy.stop()

    assert [entry["event"] for entry in logs] == ["egress_proxy.failed", "egress_proxy.recovered"]
    assert len(receiver.requests) == 1


async def test_a_proxy_whose_name_does_not_resolve_is_no_failure_of_a_receiver(receiver: Receiver) -> None:
    nowhere = Proxy.at("http://me:secret@proxy.example:3128")

    async with Transport(LOOPBACK, proxy=nowhere, resolver=Names()) as transport:
        with pytest.raises(ProxyUnavailable, match="has a name that does not resolve") as refused:
            await transport.handle_async_request(post(receiver.url()))

    assert not any(secret in f"{refused.value} {nowhere!r}" for secret in ("secret", "proxy.example:"))


async def test_a_proxy_that_takes_no_connection_before_the_deadline_is_no_failure_of_a_receiver() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]  # They fill its queue: nothing more is answered.
        try:
            for other in waiting:
                other.setblocking(False)
                other.connect_ex(full.getsockname())
            away = Proxy.at(f"http://127.0.0.1:{full.getsockname()[1]}")
            async with Sender(Transport(LOOPBACK, proxy=away)) as sender:
                answer = await sender.send(post("http://127.0.0.1:9999/", timeout_seconds=0.3))
        finally:
            for other in waiting:
                other.close()

    assert isinstance(answer, Unreachable)
    assert (answer.not_asked, answer.error) == (
        True,
        "The server's egress proxy could not be connected to within 0.3 s.",
    )


async def test_a_receivers_name_that_does_not_resolve_is_its_own_matter(proxy: ConnectProxy) -> None:
    async with Transport(LOOPBACK, proxy=Proxy.at(proxy.url()), resolver=Names()) as transport:
        with pytest.raises(NameUnresolved):
            await transport.handle_async_request(post("http://nowhere.example/"))


async def test_a_tried_connection_goes_through_the_proxy_and_says_so(
    proxy: ConnectProxy, receiver: Receiver, sender: Sender
) -> None:
    answer, exchange = await send_watched(
        sender, post(receiver.url()), LOOPBACK, max_response_bytes=10, local_addresses=(), proxy=Proxy.at(proxy.url())
    )

    assert isinstance(answer, Answered)
    assert (exchange.proxy, exchange.remote_address) == ("reached", "127.0.0.1")
    assert len(proxy.asked) == 1


async def test_many_requests_share_the_proxy(proxy: ConnectProxy, receiver: Receiver) -> None:
    async with through(proxy, "127.0.0.1") as transport:
        responses = await asyncio.gather(
            *(transport.handle_async_request(post(receiver.url(host=HOST))) for _ in range(50))
        )

    assert {response.status_code for response in responses} == {200}
