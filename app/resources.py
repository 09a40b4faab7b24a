"""The open resources of a process, as one value.

The web lifespan, the worker's start, the command line and the tests all open them with `open_resources`.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import httpx

from app.access.authentication import Authenticator
from app.access.known_keys import KnownKeys
from app.access.open_streams import OpenStreams
from app.access.sessions import Sessions
from app.access.token_signer import TokenSigner
from app.alerts.writing import Alerts
from app.clock import Clock, SteadyClock, SystemClock
from app.database.database import Database
from app.database.migrate import require_current_schema
from app.delivery.announce import Announcer
from app.delivery.attempt import Attempts
from app.delivery.attempt_alerts import AttemptAlerts
from app.delivery.attempt_trace import open_traces
from app.delivery.claim_at_publish import EmbeddedPublishing
from app.delivery.lease import Lease
from app.delivery.pipeline import Pipeline
from app.delivery.policy import DeliveryPolicy
from app.delivery.record import Recorder
from app.delivery.target import Targets
from app.delivery.timekeeper import Timekeeper
from app.delivery.unreadable import Unreadable
from app.egress import address_policy, egress_proxy
from app.encryption import Cipher
from app.keyring import load_keys
from app.metrics import Metrics
from app.publishing.announce import announce_new
from app.publishing.distributed import DistributedPublishing
from app.publishing.publish import Publisher
from app.rates import Rates, open_rates
from app.registry import Registries
from app.sender.sender import Sender
from app.sender.transport import Transport
from app.services import Services
from app.settings import Settings
from app.updates import open_updates
from app.waker import Waker
from app.webhooks.reencryption import seal_urls
from app.webhooks.status_reason import StatusReasons


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources(Services):
    """All open resources of a process: the domain's services, and the parts that authenticate, publish and deliver."""

    authenticator: Authenticator
    open_streams: OpenStreams
    rates: Rates
    sender: Sender
    publisher: Publisher
    recorder: Recorder
    alerts: Alerts
    pipeline: Pipeline
    lease: Lease
    timekeeper: Timekeeper
    metrics: Metrics


@asynccontextmanager
async def open_resources(
    settings: Settings,
    *,
    send_wake_up: Callable[[list[str]], object],
    broker_blocks: bool = False,
    delivers_alone: bool = False,
    clock: Clock | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[Resources]:
    """Open everything, and close it in order: deliveries in flight are finished or released before the database closes.

    Args:
        send_wake_up: sends one message that names webhooks with due deliveries (the actor's `send`).
        broker_blocks: whether that talks to a network.
        delivers_alone: whether this process delivers and no other process does.
        clock: by default one that is set by the database.
        transport: transport of requests, by default the guarded one.

    Raises:
        DatabaseUnavailable: the database does not answer.
        SchemaOutdated: it lacks migrations.
        EncryptionError: the encryption keys are missing, wrong or invalid.
    """
    clock = clock or SteadyClock(SystemClock())
    metrics = Metrics()
    policy = DeliveryPolicy.of(settings)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            Database(settings.database_url, pool_size=settings.database_pool_size)
        )
        updates = await stack.enter_async_context(open_updates(settings.updates_url, kept=settings.updates_kept))
        rates = await stack.enter_async_context(open_rates(settings, clock, metrics.rate_limited))
        traces = await stack.enter_async_context(open_traces(settings))
        sender = await stack.enter_async_context(
            Sender(transport or guarded_transport(settings), max_in_flight=2 * settings.max_in_flight)
        )
        await require_current_schema(database)
        encryption_keys = await load_keys(settings, database)
        cipher = Cipher(encryption_keys)
        if delivers_alone:  # otherwise a process of an earlier version may still read the rows
            await seal_urls(database, cipher)
        registries = Registries(clock)
        waker = Waker(send_wake_up, blocking=broker_blocks)
        alerts = Alerts(registries, partial(announce_new, updates, waker.wake))
        recorder = Recorder(
            database,
            clock,
            alerts=AttemptAlerts(alerts, policy.disable_after),
            max_waiting=4 * settings.max_in_flight,
            tell=Announcer(updates, metrics).recorded,
        )
        lease = Lease(database.aside, clock, timedelta(seconds=settings.lease_seconds))
        timekeeper = Timekeeper(database, clock, timedelta(seconds=settings.lease_seconds))
        pipeline = Pipeline(
            database=database,
            clock=clock,
            lease=lease,
            targets=Targets(database, cipher),
            unreadable=Unreadable(StatusReasons(database, clock, updates)),
            attempts=Attempts(clock, sender, recorder, policy, traces),
            recorder=recorder,
            metrics=metrics,
            traces=traces,
            policy=policy,
        )
        publisher = Publisher(
            database=database,
            registries=registries,
            clock=clock,
            updates=updates,
            wake=waker.wake,
            mode=EmbeddedPublishing(database, clock, lease, pipeline, policy.breaker)
            if delivers_alone
            else DistributedPublishing(database),
            max_event_bytes=settings.max_event_bytes,
            observe=metrics.published,
            observe_unmatched=metrics.unmatched,
            tracing=traces.tracing,
        )
        authenticator = Authenticator(
            database, clock, KnownKeys(), TokenSigner(encryption_keys), Sessions(database, clock)
        )
        await timekeeper.look()
        await lease.begin()
        stack.push_async_callback(lease.end)
        stack.push_async_callback(pipeline.stop, settings.shutdown_seconds)
        stack.push_async_callback(waker.drained)
        yield Resources(
            settings=settings,
            clock=clock,
            database=database,
            cipher=cipher,
            authenticator=authenticator,
            open_streams=OpenStreams(authenticator),
            rates=rates,
            sender=sender,
            updates=updates,
            publisher=publisher,
            recorder=recorder,
            alerts=alerts,
            pipeline=pipeline,
            lease=lease,
            timekeeper=timekeeper,
            waker=waker,
            registries=registries,
            metrics=metrics,
        )


def guarded_transport(settings: Settings) -> Transport:
    """The transport that connects only to allowed addresses."""
    return Transport(
        address_policy(settings),
        max_response_bytes=settings.response_body_bytes,
        max_idle_connections=settings.max_in_flight,
        local_addresses=settings.egress_addresses,
        proxy=egress_proxy(settings),
    )
