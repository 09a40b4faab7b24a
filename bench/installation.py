"""The product as it is installed: a server, a worker if the broker is Redis, a database, and a receiver."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Literal

import orjson

from app.clock import SystemClock, to_micros
from app.database.database import Database
from bench.client import CREATE_WEBHOOK, Client
from bench.processes import PROGRAM, Process, running
from bench.workload import LANES, event_type, wanted_by
from tests.databases import PostgresDatabases
from tests.server import free_port
from tests.services import Postgres, Redis

Mode = Literal["embedded", "distributed"]
MODES: tuple[Mode, ...] = ("embedded", "distributed")
KEY = "bench-key-of-forty-characters-0123456789"
POLL_SECONDS = 0.02
PATIENCE_SECONDS = 300.0


@dataclass(frozen=True)
class Services:
    """Servers that all figures share. PostgreSQL flushes every commit to the disk."""

    directory: Path
    postgres: Postgres
    redis: Redis
    databases: PostgresDatabases


@dataclass(frozen=True)
class Installation:
    """A running installation; `processes` are the product's own, `others` those of PostgreSQL and Redis, if used."""

    mode: Mode
    url: str
    delivering_url: str
    database_url: str
    receiver_url: str
    receiver: Process
    processes: dict[str, Process]
    others: Mapping[str, Process]
    client: Client
    environment: Mapping[str, str]

    @property
    def all_processes(self) -> dict[str, Process]:
        """The product's processes, and those of the database and the broker."""
        return {**self.processes, **self.others}

    @property
    def bare_url(self) -> str:
        """Where the receiver accepts requests of baselines, which do not count as received."""
        return f"{self.receiver_url}/bare"

    async def delivered(self) -> int:
        """How many attempts have been recorded as succeeded since the start."""
        page = (await self.client.get(f"{self.delivering_url}/metrics")).decode()
        line = next(line for line in page.splitlines() if 'deliveries_total{status="SUCCEEDED"}' in line)
        return int(float(line.rpartition(" ")[2]))

    async def received(self) -> int:
        """How many requests the receiver has answered since the start."""
        return int(await self.client.get(f"{self.receiver_url}/count"))

    async def receipts(self) -> list[tuple[str, int]]:
        """Event IDs and arrivals (ns, monotonic) since the last call."""
        found: list[tuple[str, int]] = orjson.loads(await self.client.get(f"{self.receiver_url}/receipts"))
        return found

    async def arrivals(self) -> dict[str, int]:
        """When each event first arrived (ns, monotonic) since the last call of this or of `receipts`."""
        first: dict[str, int] = {}
        for event_id, at in await self.receipts():
            first.setdefault(event_id, at)
        return first

    async def until_delivered(self, count: int, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until a number of deliveries is recorded; asks the cheap receiver first, so as not to disturb.

        Raises:
            TimeoutError: they were not recorded in time.
        """
        ends_at = monotonic() + patience_seconds
        for count_now in (self.received, self.delivered):
            while await count_now() < count:
                if monotonic() > ends_at:
                    raise TimeoutError(f"Only {await self.delivered()} of {count} deliveries were recorded in time.")
                await asyncio.sleep(POLL_SECONDS)

    async def make_webhooks(self, fan_out: int) -> None:
        """Create the bench's event types, and webhooks for them such that every event has `fan_out` deliveries."""
        await self.make_event_types()
        for number in range(LANES if fan_out else 0):
            await self.make_webhook(f"/hook/{number}", wanted_by(number, fan_out))

    async def make_webhook(
        self, path: str, event_types: Sequence[str], client: Client | None = None, **given: object
    ) -> str:
        """Create a webhook for a path of the receiver in the client's workspace; return its ID."""
        wanted = {"name": path, "url": f"{self.receiver_url}{path}", "eventTypes": list(event_types), **given}
        data = await (client or self.client).ask(CREATE_WEBHOOK, {"input": wanted})
        return str(data["createWebhook"]["webhook"]["id"])

    async def make_workspace(self, name: str) -> str:
        """Create another workspace with the bench's event types; return a key for it."""
        child = await asyncio.create_subprocess_exec(
            *(PROGRAM, "workspace", "create", name, "--json"),
            env={**os.environ, **self.environment},
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await child.communicate()
        await self.make_event_types()
        return str(orjson.loads(output)["key"])

    async def make_event_types(self) -> None:
        """Insert the bench's event types into every workspace that lacks them, as the API would."""
        now = to_micros(SystemClock().now())
        async with Database(self.database_url) as database:
            workspaces = await database.fetch("SELECT id FROM workspace ORDER BY id")
            await database.fetch_rows(
                "INSERT INTO event_type (id, workspace_id, name, description, json_schema, example, archived,"
                " created_at, updated_at)"
                " SELECT id, workspace_id, name, '', '{\"type\": \"object\"}', '{}', FALSE, $1, $1"
                " FROM {rows} AS new WHERE TRUE ON CONFLICT (id) DO NOTHING",
                (("id", "text"), ("workspace_id", "text"), ("name", "text")),
                [
                    (f"bench_{number}_{lane:03d}", workspace["id"], event_type(lane))
                    for number, workspace in enumerate(workspaces)
                    for lane in range(LANES)
                ],
                now,
            )
            await database.execute("UPDATE workspace SET registry_version = registry_version + 1")


@asynccontextmanager
async def installed(
    services: Services, mode: Mode, *, fan_out: int, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Installation]:
    """A fresh installation with its own database; settings are the defaults, overridden by the common and the given
    ones.
    """
    directory = services.directory / f"{mode}-{free_port()}"
    directory.mkdir()
    environment = await _environment(services, mode, directory) | dict(settings or {})
    async with AsyncExitStack() as stack:
        made = await _start(stack, services, mode, environment)
        if mode == "distributed":
            await _start_worker(stack, made)
        await made.make_webhooks(fan_out)
        yield made


@asynccontextmanager
async def served_again(services: Services, ended: Installation) -> AsyncIterator[Installation]:
    """The server, without a worker, of an installation that has ended, with its settings and its database."""
    async with AsyncExitStack() as stack:
        yield await _start(stack, services, ended.mode, ended.environment)


async def _start(stack: AsyncExitStack, services: Services, mode: Mode, environment: Mapping[str, str]) -> Installation:
    """Start a receiver and a server, which end with the stack."""
    directory = Path(environment["DATA_DIR"])
    receiver = await stack.enter_async_context(
        running(sys.executable, "-m", "bench.receiver", ready="http://", log=directory / "receiver.log")
    )
    log = directory / "serve.log"
    serve = await stack.enter_async_context(
        running(PROGRAM, "serve", ready="The API is at", log=log, environment=environment)
    )
    url = serve.line.rpartition(" ")[2].removesuffix("/graphql")
    return Installation(
        mode=mode,
        url=url,
        delivering_url=url if mode == "embedded" else f"http://127.0.0.1:{environment['WORKER_PORT']}",
        database_url=environment["DATABASE_URL"],
        receiver_url=receiver.line,
        receiver=receiver.process,
        processes={"api": serve.process},
        others={}
        if mode == "embedded"
        else {"database": Process(services.postgres.pid), "redis": Process(services.redis.pid)},
        client=await stack.enter_async_context(Client(url, KEY)),
        environment=environment,
    )


async def _start_worker(stack: AsyncExitStack, product: Installation) -> None:
    log = Path(product.environment["DATA_DIR"]) / "worker.log"
    worker = await stack.enter_async_context(
        running(PROGRAM, "worker", ready="worker.started", log=log, environment=product.environment)
    )
    product.processes["worker"] = worker.process


def common_settings(directory: Path) -> dict[str, str]:
    """Settings of every measured server. One key makes all requests, so its limit is counted, but too high to
    matter.
    """
    return {
        "DATA_DIR": str(directory),
        "PORT": "0",
        "BOOTSTRAP_API_KEY": KEY,
        "LOG_FORMAT": "json",
        "RATE_LIMIT_PER_SECOND": "1000000",
    }


async def _environment(services: Services, mode: Mode, directory: Path) -> dict[str, str]:
    common = common_settings(directory)
    if mode == "embedded":
        return common | {"DATABASE_URL": f"sqlite://{directory}/bench.db", "BROKER_URL": "memory://"}
    return common | {
        "DATABASE_URL": await services.databases.create(),
        "BROKER_URL": services.redis.fresh_database_url(),
        "UPDATES_URL": services.redis.fresh_database_url(),
        "WORKER_PORT": str(free_port()),
    }
