"""The product as it is installed, in separate processes: embedded (one server on SQLite), or distributed (two servers
and two workers on PostgreSQL and Redis), with a receiver beside it.
"""

import base64
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import aiohttp

from tests.faults.client import REQUEST_SECONDS, Client
from tests.faults.journal import Journal
from tests.faults.programs import BIN, Program, ended, until
from tests.faults.truth import Truth
from tests.patience import PATIENCE_SECONDS
from tests.postgres_proxy import PostgresProxy
from tests.server import Server, free_port
from tests.services import Postgres, Redis

KEY = "a-key-for-the-fault-suite"
PROGRAM = BIN / "eev-webhooks"


@dataclass
class Installation:
    """The running programs.

    Attributes:
        servers: take requests; in the embedded mode, the only one also delivers.
        workers: deliver; none in the embedded mode.
        urls: of the servers, in their order.
        health: URL of the health check of each program that has one.
        lease_seconds: as configured.
        others: servers that a fault has started, to be ended at the end.
        network: between the product and PostgreSQL; the suite itself asks PostgreSQL directly.
    """

    servers: Sequence[Program]
    workers: Sequence[Program]
    receiver: Program
    receiver_url: str
    journal: Journal
    truth: Truth
    urls: Sequence[str]
    health: dict[Program, str]
    http: aiohttp.ClientSession
    lease_seconds: float
    postgres: Postgres | None = None
    redis: Redis | None = None
    network: PostgresProxy | None = None
    others: list[Server] = field(default_factory=list)

    @property
    def deliverers(self) -> Sequence[Program]:
        """The programs that deliver."""
        return self.workers or self.servers

    @property
    def programs(self) -> Sequence[Program]:
        """All programs of the product."""
        return [*self.servers, *self.workers]

    def client(self, chance: random.Random) -> Client:
        """A client of any of the servers."""
        return Client(self.urls, KEY, self.http, chance)

    async def is_well(self, program: Program) -> bool:
        """Whether a program runs and reports that all is well; one without a health check shows it by its lease."""
        if not program.runs:
            return False
        if program in self.health:
            try:
                timeout = aiohttp.ClientTimeout(REQUEST_SECONDS)
                async with self.http.get(f"{self.health[program]}/health/ready", timeout=timeout) as response:
                    checks = (await response.json())["checks"]
                    # A server whose clock was set back says so until it has passed the newest row, and works meanwhile.
                    return all(check["status"] == "ok" for name, check in checks.items() if name != "clock")
            except (aiohttp.ClientError, TimeoutError, ValueError, KeyError):
                return False
        try:
            alive = await self.truth.worker_pids(int(time.time() * 1_000_000))
        except Exception:  # noqa: BLE001 — the database is away
            return False
        return any(member.pid in alive for member in program.family)

    async def start(self, *programs: Program) -> None:
        """Start programs, and wait until they are well."""
        for program in programs:
            program.start()
        await self.well(programs, PATIENCE_SECONDS)

    async def well(self, programs: Sequence[Program], seconds: float) -> None:
        """Wait until programs are well.

        Raises:
            NotInTime: one of them was not well in time.
        """
        for program in programs:
            await until(f"{program.name} was well", partial(self.is_well, program), seconds)

    async def start_receiver(self) -> None:
        """Start the receiver, and wait until it answers."""
        self.receiver.start()

        async def answers() -> bool:
            try:
                async with self.http.post(self.receiver_url, data=b"{}") as response:
                    return response.status == 200
            except aiohttp.ClientError:
                return False

        await until("the receiver answered", answers, PATIENCE_SECONDS)


@asynccontextmanager
async def embedded(directory: Path, settings: Mapping[str, str] | None = None) -> AsyncIterator[Installation]:
    """One server on an SQLite file, started."""
    environment = {**_settings(directory), **(settings or {})}
    truth = Truth(f"sqlite://{directory / 'eev-webhooks.db'}")
    async with _installed(directory, environment, truth, servers=["the server"], workers=[]) as installation:
        yield installation


@asynccontextmanager
async def distributed(
    directory: Path, settings: Mapping[str, str] | None = None, *, each: int = 2, by_dramatiq: bool = False
) -> AsyncIterator[Installation]:
    """Servers and workers on their own PostgreSQL and Redis, started all at once.

    Args:
        each: how many servers, and how many workers.
        by_dramatiq: whether Dramatiq's own command runs the workers.
    """
    async with AsyncExitStack() as stack:
        postgres, redis = stack.enter_context(Postgres()), stack.enter_context(Redis(persistent=True))
        network = await stack.enter_async_context(PostgresProxy(postgres.url))
        addresses = {"DATABASE_URL": network.url, "BROKER_URL": redis.url}
        environment = {**_settings(directory), **addresses, **(settings or {})}
        migrate = Program("the migration", [PROGRAM, "migrate"], environment, directory)
        async with ended([migrate]):
            migrate.start()
            assert await migrate.end() == 0, migrate.last_words()
        servers = [f"server {number}" for number in range(1, each + 1)]
        workers = [f"worker {number}{' of dramatiq' if by_dramatiq else ''}" for number in range(1, each + 1)]
        async with _installed(
            directory, environment, Truth(postgres.url), servers=servers, workers=workers
        ) as installation:
            installation.postgres, installation.redis, installation.network = postgres, redis, network
            try:
                yield installation
            finally:
                for server in installation.others:
                    server.close()


@asynccontextmanager
async def _installed(
    directory: Path, environment: Mapping[str, str], truth: Truth, *, servers: Sequence[str], workers: Sequence[str]
) -> AsyncIterator[Installation]:
    """Programs with these names and a receiver, started; all of them are stopped at the end."""
    urls = {name: f"http://127.0.0.1:{free_port()}" for name in [*servers, *workers]}
    programs = {name: _program(name, url, environment, directory) for name, url in urls.items()}
    port, journal = free_port(), directory / "journal"
    command = ["-m", "tests.faults.receiver", str(port), str(journal)]
    receiver = Program("the receiver", [BIN / "python", *command], {}, directory)
    # Shorter than a server's, so that a connection is not reused at the very moment the server closes it.
    connector = aiohttp.TCPConnector(keepalive_timeout=2, limit=0)
    async with ended([*programs.values(), receiver]), aiohttp.ClientSession(connector=connector) as http:
        installation = Installation(
            servers=[programs[name] for name in servers],
            workers=[programs[name] for name in workers],
            receiver=receiver,
            receiver_url=f"http://127.0.0.1:{port}",
            journal=Journal(journal),
            truth=truth,
            urls=[urls[name] for name in servers],
            health={program: urls[name] for name, program in programs.items() if "dramatiq" not in name},
            http=http,
            lease_seconds=float(environment.get("LEASE_SECONDS", 5)),
        )
        await installation.start_receiver()
        await installation.start(*installation.programs)
        yield installation


def _program(name: str, url: str, environment: Mapping[str, str], directory: Path) -> Program:
    port = url.rpartition(":")[2]
    if "dramatiq" in name:
        return Program(name, [BIN / "dramatiq", "tasks", "--processes", "1", "--threads", "4"], environment, directory)
    if name.startswith("worker"):
        return Program(name, [PROGRAM, "worker"], {**environment, "WORKER_PORT": port}, directory)
    return Program(name, [PROGRAM, "serve"], {**environment, "PORT": port}, directory)


def _settings(directory: Path) -> dict[str, str]:
    return {
        "ENVIRONMENT": "development",
        "DATA_DIR": str(directory),
        "BOOTSTRAP_API_KEY": KEY,
        "ENCRYPTION_KEYS": base64.b64encode(bytes(32)).decode(),
        # A receiver that was away for a second is not held back for half a minute.
        "BREAKER_OPEN_SECONDS": "1",
    }
