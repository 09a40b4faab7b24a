"""The outcome of a request, as a value: every outcome with its sentence, and nothing left behind."""

import asyncio
import gc
from time import perf_counter

import httpx
import psutil
import pytest

from app.sender.guard import AddressPolicy
from app.sender.outcome import Answered, Unreachable
from app.sender.request import build_request
from app.sender.sender import Sender
from app.sender.transport import Transport
from app.statuses import AttemptOutcome
from tests.certificates import client_context, server_context
from tests.names import Names
from tests.patience import PATIENCE_SECONDS
from tests.receiver import Behaviour, Receiver, Wire, after, answer, close, drip, hang, head, raw, reset

ONE_HUNDRED = [("Content-Length", "100")]


def post(url: str, *, timeout_seconds: float = PATIENCE_SECONDS, verify_ssl: bool = True) -> httpx.Request:
    headers = [("content-type", "application/json")]
    return build_request("POST", url, headers, b'{"a":1}', timeout_seconds=timeout_seconds, verify_ssl=verify_ssl)


def mocked(response: httpx.Response | Exception) -> Sender:
    def respond(request: httpx.Request) -> httpx.Response:
        if isinstance(response, Exception):
            raise response
        return response

    return Sender(httpx.MockTransport(respond))


async def test_an_answer_is_reported_whole(sender: Sender, receiver: Receiver) -> None:
    receiver.on("/hook", answer(202, [("X-Request-Id", "42")], "ça va".encode()))

    answered = await sender.send(post(receiver.url("/hook")))

    assert isinstance(answered, Answered)
    assert answered.status == 202
    assert answered.headers == (("x-request-id", "42"), ("content-length", "6"))
    assert answered.body == "ça va"
    assert not answered.truncated
    assert answered.remote_address == "127.0.0.1"
    assert 0 < answered.duration_ms < 5000


@pytest.mark.parametrize("status", [101, 204, 301, 304, 400, 410, 429, 500, 503, 599, 999])
async def test_any_final_status_is_an_answer(sender: Sender, receiver: Receiver, status: int) -> None:
    receiver.on("/hook", raw(head(status, [("Content-Length", "0")])))

    answered = await sender.send(post(receiver.url("/hook")))

    assert isinstance(answered, Answered)
    assert answered.status == status


async def test_an_interim_answer_is_passed_over(sender: Sender, receiver: Receiver) -> None:
    receiver.on("/hook", raw(head(100) + head(103, [("Link", "</a>")]) + head(201, [("Content-Length", "0")])))

    answered = await sender.send(post(receiver.url("/hook")))

    assert isinstance(answered, Answered)
    assert (answered.status, answered.headers) == (201, (("content-length", "0"),))


async def test_a_request_arrives_exactly_as_built(sender: Sender, receiver: Receiver) -> None:
    await sender.send(
        build_request(
            "PUT",
            receiver.url("/a%20b/../c?q=%C3%A9&q=2#part"),
            [("Webhook-Id", "evt_1"), ("x-name", "Zoë"), ("x-twice", "1"), ("x-twice", "2")],
            b"\x00\xff body",
            timeout_seconds=5,
        )
    )

    (received,) = await receiver.received(1)
    assert received.method == "PUT"
    assert received.path == "/c?q=%C3%A9&q=2"
    assert received.body == b"\x00\xff body"
    assert [(name.lower(), value) for name, value in received.headers] == [
        ("host", f"127.0.0.1:{receiver.port}"),
        ("webhook-id", "evt_1"),
        ("x-name", "Zoë".encode().decode("latin-1")),
        ("x-twice", "1"),
        ("x-twice", "2"),
        ("content-length", "7"),
    ]


@pytest.mark.parametrize(
    ("behaviour", "outcome", "error"),
    [
        (
            hang(),
            AttemptOutcome.TIMEOUT,
            "The receiver did not answer within 0.3 s (connected after 0.0 s).",
        ),
        (
            raw(head(200, ONE_HUNDRED) + b"x" * 17),
            AttemptOutcome.TIMEOUT,
            "The receiver did not finish its answer within 0.3 s (headers came after 0.0 s, 17 bytes of body).",
        ),
        (
            raw(b"HTTP/1.1 200 OK\r\nX-Slow: "),
            AttemptOutcome.TIMEOUT,
            "The receiver did not answer within 0.3 s (connected after 0.0 s).",
        ),
        (
            close(),
            AttemptOutcome.CONNECTION_ERROR,
            "The receiver closed the connection without an answer.",
        ),
        (
            reset(),
            AttemptOutcome.CONNECTION_ERROR,
            "The receiver reset the connection without an answer.",
        ),
        (
            close(head(200, ONE_HUNDRED) + b"x" * 17),
            AttemptOutcome.CONNECTION_ERROR,
            "The connection ended in the middle of the answer (17 bytes of body).",
        ),
        (
            close(head(200, [("Transfer-Encoding", "chunked")]) + b"3\r\nabc\r\n"),
            AttemptOutcome.CONNECTION_ERROR,
            "The connection ended in the middle of the answer (3 bytes of body).",
        ),
        (
            raw(b"220 smtp.example ESMTP\r\n\r\n"),
            AttemptOutcome.PROTOCOL_ERROR,
            "The answer is not HTTP: its status line cannot be read.",
        ),
        (
            raw(head(200, [("X-Long", "x" * 9000)])),
            AttemptOutcome.PROTOCOL_ERROR,
            "The answer cannot be read: its header X-Long is longer than 8190 bytes.",
        ),
        (
            raw(b"\0\0\0\x04\0\0\0\0\0"),
            AttemptOutcome.PROTOCOL_ERROR,
            "The receiver speaks HTTP/2 only; deliveries use HTTP/1.1.",
        ),
    ],
)
async def test_a_receiver_that_fails_is_an_outcome_with_a_sentence(
    sender: Sender, receiver: Receiver, behaviour: Behaviour, outcome: AttemptOutcome, error: str
) -> None:
    receiver.on("/hook", behaviour)

    unreachable = await sender.send(post(receiver.url("/hook"), timeout_seconds=0.3))

    assert isinstance(unreachable, Unreachable)
    assert (unreachable.outcome, unreachable.error) == (outcome, error)
    assert unreachable.remote_address == "127.0.0.1"


async def test_a_sloppy_answer_succeeds_and_the_next_request_has_a_separate_connection(
    sender: Sender, receiver: Receiver
) -> None:
    receiver.on("/hook", raw(head(200, [("X-A ", "1"), ("Content-Length", "2")]) + b"ok"))

    answers = [await sender.send(post(receiver.url("/hook"))) for _ in range(2)]

    assert [(answer.status, answer.sent_again) for answer in answers] == [(200, False)] * 2
    assert receiver.connections == 2
    await receiver.connected(0)


@pytest.mark.parametrize(
    "behaviour",
    [
        raw(head(200, ONE_HUNDRED) + b"x" * 17),
        close(head(200, ONE_HUNDRED) + b"x" * 17),
        raw(head(200, [("X-Long", "x" * 9000)])),
        raw(head(200, [("Content-Length", "1"), ("Content-Length", "2")])),
        raw(head(200, [("Transfer-Encoding", "chunked")]) + b"no chunk\r\n"),
    ],
)
async def test_the_status_is_kept_whatever_happens_to_the_rest(
    sender: Sender, receiver: Receiver, behaviour: Behaviour
) -> None:
    receiver.on("/hook", behaviour)

    unreachable = await sender.send(post(receiver.url("/hook"), timeout_seconds=0.3))

    assert isinstance(unreachable, Unreachable)
    assert unreachable.status == 200


async def test_a_receiver_that_refuses_http_1_in_the_tls_handshake_is_reported_as_that(sender: Sender) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(bytes.fromhex("15 0303 0002 02 78"))  # a fatal alert: no_application_protocol
        await reader.read()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        unreachable = await sender.send(post(f"https://127.0.0.1:{port}/"))

    assert isinstance(unreachable, Unreachable)
    assert (unreachable.outcome, unreachable.error) == (
        AttemptOutcome.TLS_ERROR,
        f"TLS: 127.0.0.1 port {port} refused HTTP/1.1 in the handshake."
        " The receiver speaks HTTP/2 only; deliveries use HTTP/1.1.",
    )


async def test_a_body_that_stops_being_chunks_is_a_protocol_error(sender: Sender, receiver: Receiver) -> None:
    start = head(200, [("Transfer-Encoding", "chunked")]) + b"3\r\nabc\r\n"
    go_on = asyncio.Event()

    async def break_off(received: object, wire: Wire) -> None:
        await wire.send(start)
        await go_on.wait()
        await wire.send(b"no chunk\r\n")

    receiver.on("/hook", break_off)

    sending = asyncio.create_task(sender.send(post(receiver.url("/hook"))))
    await receiver.received(1)
    go_on.set()
    unreachable = await sending

    assert isinstance(unreachable, Unreachable)
    assert unreachable.outcome is AttemptOutcome.PROTOCOL_ERROR


async def test_a_refused_connection_names_the_address(sender: Sender, closed_port: int) -> None:
    port = closed_port

    unreachable = await sender.send(post(f"http://127.0.0.1:{port}/"))

    assert isinstance(unreachable, Unreachable)
    assert unreachable.outcome is AttemptOutcome.CONNECTION_ERROR
    assert unreachable.error == f"Connection refused by 127.0.0.1 port {port}."
    assert unreachable.remote_address == "127.0.0.1"


@pytest.mark.parametrize("host", ["hooks.example.invalid", "a..b", "a" * 64 + ".example"])
async def test_a_name_that_does_not_resolve_is_a_dns_error(sender: Sender, host: str) -> None:
    unreachable = await sender.send(post(f"http://{host}/"))

    assert isinstance(unreachable, Unreachable)
    assert unreachable.outcome is AttemptOutcome.DNS_ERROR
    assert host in unreachable.error
    assert unreachable.remote_address is None


async def test_a_name_whose_servers_stay_silent_runs_into_the_deadline() -> None:
    silent = asyncio.Event()
    transport = Transport(AddressPolicy(), resolver=Names(slow_example=[silent]))

    async with Sender(transport) as sender:
        unreachable = await sender.send(post("http://slow.example/", timeout_seconds=0.2))

    assert isinstance(unreachable, Unreachable)
    assert unreachable.outcome is AttemptOutcome.TIMEOUT
    assert unreachable.error == "The name slow.example was not resolved within 0.2 s."


@pytest.mark.parametrize(
    ("hosts", "expired", "error"),
    [
        (("localhost",), False, "TLS: the certificate of localhost was refused: self-signed certificate."),
        (("localhost",), True, "TLS: the certificate of localhost was refused: certificate has expired."),
        (("other.example",), False, "not valid for 'localhost'."),
    ],
)
async def test_a_certificate_that_is_not_to_be_trusted_is_a_tls_error(
    hosts: tuple[str, ...], expired: bool, error: str
) -> None:
    trust_it = client_context(hosts, expired=expired) if expired or hosts != ("localhost",) else None
    transport = Transport(AddressPolicy(allow_loopback=True), tls=trust_it)

    async with Receiver(tls=server_context(hosts, expired=expired)) as receiver, Sender(transport) as sender:
        unreachable = await sender.send(post(receiver.url(host="localhost")))

    assert isinstance(unreachable, Unreachable)
    assert unreachable.outcome is AttemptOutcome.TLS_ERROR
    assert unreachable.error.endswith(error)
    assert receiver.requests == []


async def test_a_port_that_speaks_no_tls_is_a_tls_error(sender: Sender) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        unreachable = await sender.send(post(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))

    assert isinstance(unreachable, Unreachable)
    assert unreachable.outcome is AttemptOutcome.TLS_ERROR
    assert "wrong version number" in unreachable.error


async def test_a_tls_handshake_without_end_runs_into_the_deadline(sender: Sender) -> None:
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        unreachable = await sender.send(post(f"https://127.0.0.1:{port}/", timeout_seconds=0.2))

    assert isinstance(unreachable, Unreachable)
    assert unreachable.outcome is AttemptOutcome.TIMEOUT
    assert unreachable.error == f"No connection and no TLS handshake with 127.0.0.1 port {port} within 0.2 s."


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "https://[fd00:ec2::254]/", "http://169.254.169.254/latest"])
async def test_a_blocked_address_is_an_outcome_that_says_why(sender: Sender, url: str) -> None:
    unreachable = await sender.send(post(url))

    assert isinstance(unreachable, Unreachable)
    assert unreachable.outcome is AttemptOutcome.ADDRESS_BLOCKED
    assert str(httpx.URL(url).host) in unreachable.error
    assert unreachable.remote_address is None


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http:///nowhere"])
async def test_a_url_that_cannot_be_sent_to_is_an_outcome_too(sender: Sender, url: str) -> None:
    unreachable = await sender.send(post(url))

    assert isinstance(unreachable, Unreachable)
    assert unreachable.error.endswith(".")


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "a\0b"])
async def test_a_header_that_would_end_the_line_is_never_sent(sender: Sender, receiver: Receiver, value: str) -> None:
    request = build_request("POST", receiver.url(), [("x-custom", value)], b"{}", timeout_seconds=1)

    unreachable = await sender.send(request)

    assert isinstance(unreachable, Unreachable)
    assert unreachable.outcome is AttemptOutcome.PROTOCOL_ERROR
    assert receiver.requests == []


@pytest.mark.parametrize("behaviour", [close(), reset(), hang(), raw(b"no\r\n\r\n"), raw(head(200, ONE_HUNDRED))])
async def test_no_error_repeats_credentials_of_the_url(
    sender: Sender, receiver: Receiver, behaviour: Behaviour
) -> None:
    receiver.on("/t0ken", behaviour)
    secret_url = receiver.url("/t0ken?key=k3y").replace("://", "://us3r:p4ss@")

    unreachable = await sender.send(post(secret_url, timeout_seconds=0.2))

    assert isinstance(unreachable, Unreachable)
    assert not any(secret in unreachable.error for secret in ("t0ken", "k3y", "us3r", "p4ss"))


async def test_a_body_that_is_not_text_is_kept_readable(sender: Sender, receiver: Receiver) -> None:
    receiver.on("/hook", answer(500, [("X-Odd", "caf\xe9")], b"a\0b\xff\xfec"))

    answered = await sender.send(post(receiver.url("/hook")))

    assert isinstance(answered, Answered)
    assert answered.body == "a\ufffdb\ufffd\ufffdc"
    assert answered.headers[0] == ("x-odd", "café")


async def test_a_cap_in_the_middle_of_a_character_leaves_the_character_out(receiver: Receiver) -> None:
    receiver.on("/hook", answer(200, [], "aä€😀".encode()))
    bodies = []

    for cap in range(11):
        async with Sender(Transport(AddressPolicy(allow_loopback=True), max_response_bytes=cap)) as sender:
            answered = await sender.send(post(receiver.url("/hook")))
        assert isinstance(answered, Answered)
        bodies.append((answered.body, answered.truncated))

    assert bodies == [
        ("", True),
        *[("a", True)] * 2,
        *[("aä", True)] * 3,
        *[("aä€", True)] * 4,
        ("aä€😀", False),
    ]


async def test_headers_beyond_what_is_stored_are_left_out_and_the_answer_says_so(
    sender: Sender, receiver: Receiver
) -> None:
    receiver.on("/hook", answer(429, [*[("X-Long", "x" * 5000)] * 4, ("Retry-After", "7")]))

    answered = await sender.send(post(receiver.url("/hook")))

    assert isinstance(answered, Answered)
    assert answered.truncated
    assert [name for name, _ in answered.headers] == ["x-long", "x-long", "x-long", "retry-after", "content-length"]


async def test_a_mock_can_stand_in_for_the_network() -> None:
    answered = await mocked(httpx.Response(201, headers={"X-A": "b"}, text="made")).send(post("http://any.example/"))

    assert isinstance(answered, Answered)
    assert (answered.status, answered.body, answered.remote_address) == (201, "made", None)
    assert ("x-a", "b") in answered.headers


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (httpx.ConnectTimeout("No."), AttemptOutcome.TIMEOUT),
        (httpx.ReadTimeout("No."), AttemptOutcome.TIMEOUT),
        (httpx.ConnectError("No."), AttemptOutcome.CONNECTION_ERROR),
        (httpx.ReadError("No."), AttemptOutcome.CONNECTION_ERROR),
        (httpx.RemoteProtocolError("No."), AttemptOutcome.PROTOCOL_ERROR),
    ],
)
async def test_what_httpx_raises_has_an_outcome(error: Exception, outcome: AttemptOutcome) -> None:
    unreachable = await mocked(error).send(post("http://any.example/"))

    assert isinstance(unreachable, Unreachable)
    assert (unreachable.outcome, unreachable.error) == (outcome, "No.")


async def test_a_bug_is_not_mistaken_for_an_outcome() -> None:
    with pytest.raises(ZeroDivisionError):
        await mocked(ZeroDivisionError()).send(post("http://any.example/"))


async def test_requests_in_flight_are_bounded_and_the_wait_is_not_the_receivers(
    transport: Transport, receiver: Receiver
) -> None:
    receiver.on("/slow", hang())
    slow = [post(receiver.url("/slow"), timeout_seconds=0.4) for _ in range(2)]

    async with Sender(transport, max_in_flight=1) as sender:
        began = perf_counter()
        outcomes = await asyncio.gather(*map(sender.send, [*slow, post(receiver.url("/hook"))]))
        took_ms = (perf_counter() - began) * 1_000

    assert [type(outcome) for outcome in outcomes] == [Unreachable, Unreachable, Answered]
    # One after another, and none of them includes the time of those before it; each is rounded.
    assert 800 <= sum(outcome.duration_ms for outcome in outcomes) + 3 <= took_ms + 6


async def test_a_cancelled_request_closes_its_connection(sender: Sender, receiver: Receiver) -> None:
    receiver.on("/hook", hang())
    sending = asyncio.create_task(sender.send(post(receiver.url("/hook"), timeout_seconds=60)))
    await receiver.received(1)

    sending.cancel()

    with pytest.raises(asyncio.CancelledError):
        await sending
    await receiver.connected(0)


async def test_a_request_cancelled_in_the_middle_of_the_body_closes_its_connection(
    sender: Sender, receiver: Receiver
) -> None:
    receiver.on("/hook", drip(head(200, ONE_HUNDRED) + b"x" * 100, 0.05))
    sending = asyncio.create_task(sender.send(post(receiver.url("/hook"), timeout_seconds=60)))
    await receiver.received(1)

    sending.cancel()

    with pytest.raises(asyncio.CancelledError):
        await sending
    await receiver.connected(0)


async def test_two_hundred_failing_requests_leave_nothing_behind(
    transport: Transport, sender: Sender, receiver: Receiver, closed_port: int
) -> None:
    failing = {
        "/hang": hang(),
        "/close": close(),
        "/reset": reset(),
        "/middle": reset(head(200, ONE_HUNDRED) + b"x"),
        "/nonsense": raw(b"no\r\n\r\n"),
    }
    for path, behaviour in failing.items():
        receiver.on(path, behaviour)
    urls = [*map(receiver.url, failing), f"http://127.0.0.1:{closed_port}/", "http://10.0.0.1/", "http://no.invalid/"]

    async def fail(times: int) -> list[Answered | Unreachable]:
        requests = [post(url, timeout_seconds=0.3) for url in urls * times]
        outcomes = await asyncio.gather(*map(sender.send, requests))
        await receiver.connected(0)
        return outcomes

    await fail(4)  # with the same concurrency, so that the resolver has started all its threads
    files, tasks = psutil.Process().num_fds(), len(asyncio.all_tasks())
    for _ in range(5):
        outcomes = await fail(5)
        assert all(isinstance(outcome, Unreachable) for outcome in outcomes)

    # some close one turn of the loop later; a leak in one of eight would be 25
    assert psutil.Process().num_fds() < files + 10
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(asyncio.all_tasks()) > tasks:  # noqa: ASYNC110 - a task of the receiver may end a turn later too
            await asyncio.sleep(0)
    assert transport.open_connections == 0


async def test_a_failure_leaves_no_cycle_that_holds_its_socket(
    transport: Transport, sender: Sender, receiver: Receiver
) -> None:
    receiver.on("/hook", close())
    gc.collect()
    gc.disable()

    try:
        for _ in range(5):
            await sender.send(post(receiver.url("/hook")))
        await receiver.connected(0)
        await asyncio.sleep(0)  # a turn of the loop, in which it drops canceled timers
        held = [kept for kept in gc.get_objects() if type(kept).__name__ == "Exchange"]
    finally:
        gc.enable()

    assert held == []


async def test_a_receiver_that_hangs_holds_up_nobody_else(sender: Sender, receiver: Receiver) -> None:
    release = asyncio.Event()
    receiver.on("/slow", after(release, answer()))
    slow = [asyncio.create_task(sender.send(post(receiver.url("/slow")))) for _ in range(50)]
    await receiver.received(50)

    quick = await asyncio.gather(*(sender.send(post(receiver.url("/quick"))) for _ in range(50)))

    assert all(isinstance(outcome, Answered) for outcome in quick)
    assert not any(task.done() for task in slow)
    release.set()
    assert all(isinstance(outcome, Answered) for outcome in await asyncio.gather(*slow))
