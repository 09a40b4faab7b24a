"""The services of docker-compose.yml, started without Docker: its commands with its settings, at this machine's
addresses.

RabbitMQ is included if the machine has one; the CI installs it.
"""

import asyncio
import json
import os
import random
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
import yaml

from tests.certificates import server_context
from tests.faults.client import Client
from tests.faults.programs import BIN, Program, ended, until
from tests.patience import PATIENCE_SECONDS
from tests.programs import ProgramMissing
from tests.receiver import Receiver
from tests.server import free_port
from tests.services import Postgres, RabbitMq, Redis
from tests.world import TICKET

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
KEY = "a-key-for-whoever-composes"
TOKEN = "a-token-for-prometheus"
# Two workers sweep, so an event without a wake-up waits for half of this.
SWEEP_SECONDS = 10
# The contents of .env. An operator has to allow receivers on this machine.
DOT_ENV = {
    "POSTGRES_PASSWORD": "0123456789abcdef",
    "ENCRYPTION_KEYS": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "BOOTSTRAP_API_KEY": KEY,
    "METRICS_TOKEN": TOKEN,
    "ALLOWED_NETWORKS": "127.0.0.0/8",
    "SWEEP_SECONDS": str(SWEEP_SECONDS),
}
CREATE = """
mutation($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id } userErrors { message } } }
"""
PUBLISH = """
mutation($input: PublishEventInput!) { publishEvent(input: $input) { deliveryCount userErrors { message } } }
"""


def interpolated(text: str, given: Mapping[str, str]) -> str:
    """A value of the compose file with its variables filled in, as docker compose does."""

    def value(variable: re.Match[str]) -> str:
        name, operator, default = variable.groups()
        if not given.get(name) and operator == ":?":
            raise LookupError(f"{name}: {default}")
        return given.get(name) or default or ""

    return re.sub(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}", value, text)


def environment(service: str, given: Mapping[str, str], moved: Mapping[str, str]) -> dict[str, str]:
    """The settings of a service, beside those of .env, with addresses of compose's network moved to this machine."""
    settings = dict(given)
    for name, value in COMPOSE["services"][service]["environment"].items():
        settings[name] = interpolated(value, given)
        for there, here in moved.items():
            settings[name] = settings[name].replace(there, here)
    return settings


def program(name: str, service: str, settings: Mapping[str, str], directory: Path) -> Program:
    [entrypoint] = json.loads(re.findall(r"^ENTRYPOINT (.*)$", DOCKERFILE, re.MULTILINE)[0])
    return Program(name, [BIN / entrypoint, *COMPOSE["services"][service]["command"]], settings, directory)


def health_check(service: str) -> list[str]:
    """The command that checks whether a service is healthy: its own, or the image's."""
    own: dict[str, Any] = COMPOSE["services"][service].get("healthcheck", {})
    image: list[str] = json.loads(re.findall(r"^ +CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)[0])
    command = own["test"][1:] if own else image
    return [str(BIN / command[0]), *command[1:]]


@dataclass
class Composed:
    """Two servers and two workers, and the services they use."""

    servers: list[Program]
    workers: list[Program]
    urls: dict[Program, str]
    http: aiohttp.ClientSession

    async def ask(self, document: str, **given: Any) -> dict[str, Any]:
        urls = [self.urls[server] for server in self.servers]
        data = await Client(urls, KEY, self.http, random.Random()).ask(document, input=given)
        [payload] = data.values()
        assert payload["userErrors"] == []
        return dict(payload)

    async def metrics(self, of: Program, token: str | None = TOKEN) -> str:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        async with self.http.get(f"{self.urls[of]}/metrics", headers=headers) as response:
            return await response.text()


@asynccontextmanager
async def composed(directory: Path, given: Mapping[str, str], moved: Mapping[str, str]) -> AsyncIterator[Composed]:
    """Migrate, then start the servers and workers together and wait until their health checks pass."""
    migration = program("the migration", "migrate", environment("migrate", given, moved), directory)
    async with ended([migration]):
        migration.start()
        assert await migration.end() == 0, migration.last_words()
    urls, checks = {}, []
    for service, variable in (("api", "PORT"), ("worker", "WORKER_PORT")):
        for number in (1, 2):
            port = free_port()
            settings = environment(service, given, moved) | {
                "HOST": "127.0.0.1",  # the container has its own network; this machine's is shared
                variable: str(port),
                "DATA_DIR": str(directory),
            }
            started = program(f"{service} {number}", service, settings, directory)
            urls[started] = f"http://127.0.0.1:{port}"
            checks.append(partial(passes, health_check(service), settings))
    # One connection per request: a kept one may be closed while a test waits for a broker.
    connector = aiohttp.TCPConnector(force_close=True)
    async with ended(list(urls)), aiohttp.ClientSession(connector=connector) as http:
        for each in urls:
            each.start()
        for each, check in zip(urls, checks, strict=True):
            await until(f"{each.name} was healthy", check, PATIENCE_SECONDS)
        programs = list(urls)
        yield Composed(programs[:2], programs[2:], urls, http)


async def passes(command: list[str], settings: Mapping[str, str]) -> bool:
    process = await asyncio.create_subprocess_exec(*command, env=dict(settings), stderr=asyncio.subprocess.DEVNULL)
    return await process.wait() == 0


async def make_database(postgres: Postgres) -> None:
    """Create what the image of PostgreSQL creates from its settings."""
    made = {name: interpolated(text, DOT_ENV) for name, text in COMPOSE["services"]["postgres"]["environment"].items()}
    connection = await asyncpg.connect(postgres.url)
    await connection.execute(f"CREATE ROLE {made['POSTGRES_USER']} LOGIN PASSWORD '{made['POSTGRES_PASSWORD']}'")
    await connection.execute(f"CREATE DATABASE {made['POSTGRES_DB']} OWNER {made['POSTGRES_USER']}")
    await connection.close()


async def publish_in_turn(at: Composed, receiver: Receiver, count: int) -> float:
    """Publish events, each when the one before has arrived; return how long that took in total."""
    began, arrived = time.monotonic(), len(receiver.requests)
    for number in range(arrived + 1, arrived + count + 1):
        published = await at.ask(PUBLISH, type="ticket.created", data=TICKET)
        assert published["deliveryCount"] == 1
        await receiver.received(number)
    return time.monotonic() - began


async def webhook(at: Composed, receiver: Receiver) -> None:
    await at.ask(CREATE, name="Tickets", url=receiver.url("/"), eventTypes=["ticket.*"], verifySsl=False)


async def test_two_servers_and_two_workers_deliver_as_docker_compose_would_start_them(tmp_path: Path) -> None:
    with Postgres() as postgres, Redis() as redis:
        await make_database(postgres)
        moved = {"@postgres:5432": f"@127.0.0.1:{postgres.port}", "redis:6379": f"127.0.0.1:{redis.port}"}
        async with composed(tmp_path, DOT_ENV, moved) as at, Receiver(tls=server_context()) as receiver:
            await webhook(at, receiver)

            took = await publish_in_turn(at, receiver, 10)

            assert took < 3 * SWEEP_SECONDS  # By the sweep alone it would take five times as long.
            assert len({request.header("webhook-id") for request in receiver.requests}) == 10
            for each in at.urls:
                assert "eev_webhooks_broker_up 1.0" in await at.metrics(each)
                assert "METRICS_TOKEN" in await at.metrics(each, token=None)
            assert [await each.stop() for each in at.urls] == [0] * 4


async def test_rabbitmq_carries_wake_ups_and_nothing_is_lost_while_it_is_away(tmp_path: Path) -> None:
    try:
        rabbitmq = RabbitMq()
    except ProgramMissing as error:
        if "CI" in os.environ:
            raise
        pytest.skip(str(error))
    [address] = re.findall(r"BROKER_URL=(amqp\S+)", (ROOT / "docker-compose.yml").read_text())
    async with AsyncExitStack() as stack:
        postgres, redis = stack.enter_context(Postgres()), stack.enter_context(Redis())
        stack.enter_context(rabbitmq)
        await make_database(postgres)
        moved = {
            "@postgres:5432": f"@127.0.0.1:{postgres.port}",
            "redis:6379": f"127.0.0.1:{redis.port}",
            address: rabbitmq.url,
        }
        at = await stack.enter_async_context(composed(tmp_path, DOT_ENV | {"BROKER_URL": address}, moved))
        receiver = await stack.enter_async_context(Receiver(tls=server_context()))
        await webhook(at, receiver)

        with_it = await publish_in_turn(at, receiver, 10)
        rabbitmq.kill()
        await publish_in_turn(at, receiver, 1)
        while_away = [await at.metrics(each) for each in at.servers]
        rabbitmq.start()
        again = await publish_in_turn(at, receiver, 10)

        assert with_it < 3 * SWEEP_SECONDS
        assert again < 3 * SWEEP_SECONDS
        assert any("eev_webhooks_broker_up 0.0" in metrics for metrics in while_away)
