"""Spans, as a collector gets them from running processes."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from structlog.testing import capture_logs

from app.catalogue import BUILT_IN
from app.settings import load_settings
from app.tracing import open_tracing
from tests.app.cli.installed import KEY, Running, serving, url_of
from tests.databases import PostgresDatabases
from tests.patience import PATIENCE_SECONDS
from tests.receiver import Receiver, after, answer, in_turn
from tests.world import open_world

ROOT = Path(__file__).parents[3]
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE_ID}-{CALLER}-01"
OTLP = "/v1/traces"


class Collector:
    """Receives spans by OTLP over HTTP."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self.settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{receiver.port}",
            "OTEL_BSP_SCHEDULE_DELAY": "50",
        }

    async def spans(self, name: str, count: int) -> list[Span]:
        """Wait until this many spans of a name have come, and return them in the order of their beginnings."""
        requests = 1
        while True:
            received = await self._receiver.received(requests, path=OTLP)
            found = [span for request in received for span in _spans(request.body) if span.name == name]
            if len(found) >= count:
                return sorted(found, key=lambda span: span.start_time_unix_nano)
            requests = len(received) + 1


def _spans(body: bytes) -> Iterator[Span]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        assert _attributes(resource.resource)["service.name"] == "eev-webhooks"
        for scope in resource.scope_spans:
            yield from scope.spans


def _attributes(of: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in of.attributes}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as opened:
        yield opened


@pytest.fixture
def collector(receiver: Receiver) -> Collector:
    return Collector(receiver)


def ask(server: str, query: str, **headers: str) -> dict[str, Any]:
    response = httpx.post(
        f"{server}/graphql",
        json={"query": query, "variables": {"data": dict(BUILT_IN["ticket.created"].example)}},
        headers={"authorization": f"Bearer {KEY}", **headers},
        timeout=PATIENCE_SECONDS,
    )
    data: dict[str, Any] = response.json()["data"]
    return data


def make_webhook(server: str, url: str) -> None:
    fields = f'name: "Shop", url: "{url}", eventTypes: ["*"], retryPolicy: {{delaysSeconds: [1]}}'
    ask(server, f"mutation {{ createWebhook(input: {{{fields}}}) {{ webhook {{ id }} }} }}")


def publish(server: str, **headers: str) -> str:
    event = '{type: "ticket.created", data: $data}'
    document = f"mutation($data: JSON!) {{ publishEvent(input: {event}) {{ event {{ id }} }} }}"
    return str(ask(server, document, **headers)["publishEvent"]["event"]["id"])


@pytest.fixture(params=["embedded", "distributed"])
async def programs(request: pytest.FixtureRequest, tmp_path: Path, collector: Collector) -> AsyncIterator["Programs"]:
    """A server, and in the distributed mode a worker beside it."""
    settings = {
        **collector.settings,
        "DATA_DIR": str(tmp_path / "data"),
        "LEASE_SECONDS": "2",
        "HEARTBEAT_SECONDS": "0.2",
    }
    if request.param == "distributed":
        databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
        settings |= {"DATABASE_URL": await databases.create(), "BROKER_URL": request.getfixturevalue("redis_url")}
    with ExitStack() as stack:
        yield Programs(stack, tmp_path, settings)


class Programs:
    """The processes of an installation; `deliverer` is the one that delivers."""

    def __init__(self, stack: ExitStack, directory: Path, settings: dict[str, str]) -> None:
        self._stack, self._directory, self._settings = stack, directory, settings
        self._server = stack.enter_context(serving(directory, **settings))
        self.url = url_of(self._server)
        self.deliverer = self._server
        if "BROKER_URL" in settings:
            self.deliverer = self._worker()

    def _worker(self) -> Running:
        return self._stack.enter_context(Running("worker", directory=self._directory, **self._settings))

    def kill_and_start_again(self) -> None:
        """Kill the process that delivers, and start another."""
        self.deliverer.stop(signal.SIGKILL)
        if self.deliverer is self._server:
            self.deliverer = self._stack.enter_context(serving(self._directory, **self._settings))
        else:
            self.deliverer = self._worker()


async def test_one_trace_leads_from_publish_to_receiver_through_a_kill_and_a_retry(
    programs: Programs, receiver: Receiver, collector: Collector
) -> None:
    dead = asyncio.Event()
    receiver.on("/", in_turn(after(dead, answer(200)), answer(500), answer(200)))
    await asyncio.to_thread(make_webhook, programs.url, receiver.url())

    event_id = await asyncio.to_thread(publish, programs.url, traceparent=TRACEPARENT, tracestate="vendor=1")
    await receiver.received(1, path="/")
    [published] = await collector.spans("publish ticket.created", 1)
    await asyncio.to_thread(programs.kill_and_start_again)
    dead.set()

    requests = await receiver.received(3, path="/")
    failed, succeeded = await collector.spans("deliver ticket.created", 2)
    posts = await collector.spans("POST", 2)
    assert (published.trace_id.hex(), published.parent_span_id.hex()) == (TRACE_ID, CALLER)
    assert published.kind == Span.SPAN_KIND_PRODUCER
    assert _attributes(published)["messaging.message.id"] == event_id
    for deliver in (failed, succeeded):
        assert (deliver.trace_id, deliver.parent_span_id) == (published.trace_id, published.span_id)
        assert [link.span_id for link in deliver.links] == [published.span_id]
        assert _attributes(deliver)["messaging.message.id"] == event_id
    assert [post.parent_span_id for post in posts] == [failed.span_id, succeeded.span_id]
    # The first request's span was lost with its process, and its receiver still has the trace.
    assert {str(request.header("traceparent"))[3:35] for request in requests} == {TRACE_ID}
    assert [request.header("traceparent") for request in requests[1:]] == [
        f"00-{post.trace_id.hex()}-{post.span_id.hex()}-01" for post in posts
    ]
    assert {request.header("tracestate") for request in requests} == {"vendor=1"}
    assert [_attributes(post)["http.response.status_code"] for post in posts] == [500, 200]
    assert (failed.status.code, succeeded.status.code) == (2, 0)
    assert (_attributes(failed)["error.type"], _attributes(failed)["eev.delivery.status"]) == ("500", "RETRYING")


async def test_without_a_trace_of_the_publisher_the_server_begins_one_that_receivers_do_not_see(
    database_url: str, tmp_path: Path, receiver: Receiver, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in collector.settings.items():
        monkeypatch.setenv(name, value)
    async with open_world(database_url, tmp_path, receiver=receiver) as world:
        await world.webhook()
        await world.publish()
        await world.until_status("SUCCEEDED")
        [published] = await collector.spans("publish ticket.created", 1)
        [delivered] = await collector.spans("deliver ticket.created", 1)

        [request] = await receiver.received(1, path="/")
        assert request.header("traceparent") is None
        assert (delivered.trace_id, delivered.parent_span_id) == (published.trace_id, published.span_id)
        assert published.parent_span_id == b""


async def test_a_claim_has_a_span_that_links_to_what_it_took(
    database_url: str, tmp_path: Path, receiver: Receiver, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in collector.settings.items():
        monkeypatch.setenv(name, value)
    async with open_world(database_url, tmp_path, receiver=receiver) as world:
        await world.webhook()
        await world.publish(ordering_key="tkt_1")  # publishing never claims it
        [claimed] = await collector.spans("claim", 1)
        [published] = await collector.spans("publish ticket.created", 1)

    assert [link.span_id for link in claimed.links] == [published.span_id]
    assert _attributes(claimed)["messaging.batch.message_count"] == 1


async def test_the_last_spans_are_exported_when_a_process_ends(
    database_url: str, tmp_path: Path, receiver: Receiver, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", receiver.url(OTLP))
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "3600000")
    async with open_world(database_url, tmp_path, receiver=receiver) as world:
        await world.webhook()
        await world.publish()
        await world.until_status("SUCCEEDED")

    assert len(await collector.spans("deliver ticket.created", 1)) == 1


async def test_a_collector_that_is_away_holds_up_nothing(
    database_url: str, tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    async with asyncio.timeout(PATIENCE_SECONDS), open_world(database_url, tmp_path, receiver=receiver) as world:
        await world.webhook()
        await world.publish()
        await world.until_status("SUCCEEDED")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"otel_exporter_otlp_endpoint": "http://127.0.0.1:9", "otel_sdk_disabled": True},
        {"otel_traces_exporter": "none"},
    ],
)
def test_nothing_of_opentelemetry_is_imported_while_it_is_off(settings: dict[str, object], tmp_path: Path) -> None:
    program = f"""
import asyncio, sys
import app.web.serve, app.web.application, graph.view, tasks.process
from app.settings import load_settings
from app.delivery.attempt_trace import open_traces

async def run():
    async with open_traces(load_settings(**{settings!r})) as traces:
        assert traces.tracing is None

asyncio.run(run())
assert not [name for name in sys.modules if name.startswith("opentelemetry")]
"""
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=True)


async def test_a_process_without_the_extra_goes_on_and_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "app.tracing.exporting", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    settings = load_settings(otel_exporter_otlp_endpoint="http://127.0.0.1:9")

    with capture_logs() as logs:
        async with open_tracing(settings) as tracing:
            pass

    assert tracing is None
    assert [line["remedy"] for line in logs] == ["pip install 'eev-webhooks[opentelemetry]'"]
