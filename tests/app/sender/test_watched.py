"""On both event loops: each step of a request is recorded."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network

import httpx
import pytest

from app.sender.exchange import Exchange
from app.sender.guard import AddressPolicy
from app.sender.outcome import Answered, Unreachable
from app.sender.request import build_request
from app.sender.resolver import Resolver
from app.sender.sender import Sender
from app.sender.watched import send_watched
from app.statuses import AttemptOutcome
from tests.certificates import server_context
from tests.names import Names
from tests.patience import PATIENCE_SECONDS
from tests.receiver import Receiver, hang, huge, reset

ANYWHERE = AddressPolicy(allow_loopback=True)
BODY = b'{"id":"evt_1"}'


@pytest.fixture
async def secure_receiver() -> AsyncIterator[Receiver]:
    async with Receiver(tls=server_context()) as receiver:
        yield receiver


async def watched(
    sender: Sender,
    url: str,
    *,
    policy: AddressPolicy = ANYWHERE,
    resolver: Resolver | None = None,
    verify_ssl: bool = True,
    timeout_seconds: float = PATIENCE_SECONDS,
    max_response_bytes: int = 1_000,
) -> tuple[Answered | Unreachable, Exchange]:
    request = build_request("POST", url, [], BODY, timeout_seconds=timeout_seconds, verify_ssl=verify_ssl)
    return await send_watched(
        sender, request, policy, max_response_bytes=max_response_bytes, local_addresses=(), resolver=resolver
    )


def in_order(*moments: float | None) -> bool:
    """Whether all of these are set, in ascending order."""
    known = [moment for moment in moments if moment is not None]
    return len(known) == len(moments) and known == sorted(known)


async def test_every_step_of_a_plain_request_is_noted(sender: Sender, receiver: Receiver) -> None:
    names = Names(receiver_example=[["127.0.0.1"]])

    answered, exchange = await watched(sender, f"http://receiver.example:{receiver.port}/hook", resolver=names)

    assert isinstance(answered, Answered)
    assert answered.remote_address == "127.0.0.1"
    assert exchange.addresses == ("127.0.0.1",)
    assert in_order(
        exchange.started, exchange.resolving, exchange.resolved, exchange.connected, exchange.sent, exchange.ended
    )
    assert (exchange.secured, exchange.certificate) == (None, None)
    [received] = receiver.requests
    assert (received.method, received.path, received.body) == ("POST", "/hook", BODY)


async def test_an_address_is_not_looked_up(sender: Sender, receiver: Receiver) -> None:
    _, exchange = await watched(sender, receiver.url())

    assert (exchange.resolving, exchange.resolved, exchange.addresses) == (None, None, None)


async def test_the_handshake_and_the_certificate_are_noted(sender: Sender, secure_receiver: Receiver) -> None:
    answered, exchange = await watched(sender, secure_receiver.url(), verify_ssl=False)

    assert isinstance(answered, Answered)
    assert in_order(exchange.started, exchange.connected, exchange.secured, exchange.sent, exchange.ended)
    assert exchange.tls_version == "TLSv1.3"
    assert exchange.certificate is not None
    assert b"A receiver in a test" in exchange.certificate


async def test_a_certificate_is_verified_unless_it_is_not_to_be(sender: Sender, secure_receiver: Receiver) -> None:
    refused, exchange = await watched(sender, secure_receiver.url())

    assert isinstance(refused, Unreachable)
    assert refused.outcome is AttemptOutcome.TLS_ERROR
    assert exchange.connected is not None
    assert exchange.secured is None
    assert secure_receiver.requests == []


async def test_a_name_that_leads_to_a_blocked_address_is_not_connected_to(sender: Sender, receiver: Receiver) -> None:
    names = Names(inside_example=[["127.0.0.1"]])
    url = f"http://inside.example:{receiver.port}/"

    blocked, exchange = await watched(sender, url, policy=AddressPolicy(), resolver=names)

    assert isinstance(blocked, Unreachable)
    assert blocked.outcome is AttemptOutcome.ADDRESS_BLOCKED
    assert exchange.addresses == ("127.0.0.1",)
    assert exchange.connected is None
    assert receiver.connections == 0


async def test_the_allowlist_of_the_request_counts(sender: Sender, receiver: Receiver) -> None:
    request = build_request(
        "POST", receiver.url(), [], BODY, timeout_seconds=PATIENCE_SECONDS, ip_allowlist=(ip_network("203.0.113.0/24"),)
    )

    blocked, _ = await send_watched(sender, request, ANYWHERE, max_response_bytes=10, local_addresses=())

    assert isinstance(blocked, Unreachable)
    assert blocked.outcome is AttemptOutcome.ADDRESS_BLOCKED
    assert receiver.connections == 0


async def test_a_name_that_does_not_resolve_is_as_far_as_it_comes(sender: Sender) -> None:
    unreachable, exchange = await watched(sender, "http://nowhere.example/", resolver=Names())

    assert isinstance(unreachable, Unreachable)
    assert unreachable.outcome is AttemptOutcome.DNS_ERROR
    assert exchange.resolving is not None
    assert (exchange.resolved, exchange.connected) == (None, None)


async def test_the_deadline_covers_all_steps(sender: Sender, receiver: Receiver) -> None:
    receiver.on("/", hang())
    silent = Names(silent_example=[asyncio.Event()])

    late, exchange = await watched(sender, receiver.url("/"), timeout_seconds=0.2)
    unresolved, nowhere = await watched(sender, "http://silent.example/", resolver=silent, timeout_seconds=0.2)

    assert isinstance(late, Unreachable)
    assert isinstance(unresolved, Unreachable)
    assert (late.outcome, unresolved.outcome) == (AttemptOutcome.TIMEOUT, AttemptOutcome.TIMEOUT)
    assert exchange.sent is not None
    assert nowhere.resolved is None


async def test_a_big_answer_is_cut_off(sender: Sender, receiver: Receiver) -> None:
    receiver.on("/", huge(10_000_000))

    answered, _ = await watched(sender, receiver.url("/"), max_response_bytes=100)

    assert isinstance(answered, Answered)
    assert (len(answered.body), answered.truncated) == (100, True)


async def test_nothing_is_kept_of_a_watched_request(sender: Sender, receiver: Receiver) -> None:
    names = Names(moving_example=[["127.0.0.1"], ["127.0.0.1"]])
    url = f"http://moving.example:{receiver.port}/"

    await watched(sender, url, resolver=names)
    await watched(sender, url, resolver=names)
    await receiver.connected(0)

    assert receiver.connections == 2
    assert names.looked_up == ["moving.example", "moving.example"]


async def test_a_reset_is_reported_like_any_other_failure(sender: Sender, receiver: Receiver) -> None:
    receiver.on("/", reset())

    unreachable, exchange = await watched(sender, receiver.url("/"))

    assert isinstance(unreachable, Unreachable)
    assert unreachable.outcome is AttemptOutcome.CONNECTION_ERROR
    assert exchange.connected is not None


async def test_a_watched_request_waits_for_a_place_like_any_other(sender: Sender, receiver: Receiver) -> None:
    gate = asyncio.Event()
    request = build_request("POST", receiver.url("/"), [], BODY, timeout_seconds=PATIENCE_SECONDS)

    async with Sender(_Waiting(gate), max_in_flight=1) as full:
        first = asyncio.create_task(full.send(request))
        second = asyncio.create_task(watched(full, receiver.url("/watched")))
        for _ in range(3):  # requests of others get through meanwhile
            await sender.send(build_request("POST", receiver.url("/other"), [], BODY, timeout_seconds=PATIENCE_SECONDS))
        meanwhile = [received.path for received in receiver.requests]
        gate.set()
        await first
        answered, _ = await second

    assert meanwhile == ["/other"] * 3
    assert isinstance(answered, Answered)


class _Waiting(httpx.AsyncBaseTransport):
    """Answers once it is released."""

    def __init__(self, gate: asyncio.Event) -> None:
        self._gate = gate

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._gate.wait()
        return httpx.Response(204, stream=httpx.ByteStream(b""))
