"""A text that must be found nowhere after its data was erased: in no row, file or stream."""

from pathlib import Path
from typing import Any

import redis

from app.database.database import Database
from tests.receiver import Behaviour, Received, Wire, answer
from tests.world import TICKET

CANARY = "canary-4f1d"
ECHO = [("x-echo", CANARY)]


def ticket(subject: str = CANARY, padding: int = 10) -> dict[str, Any]:
    """The data of a ticket that has the subject, also in a description of about `padding` characters."""
    return {"ticket": TICKET["ticket"] | {"subject": subject, "description": f"{subject} " * (padding // len(subject))}}


def echo(status: int) -> Behaviour:
    """A receiver that repeats the canary if it was sent one."""

    async def behave(received: Received, wire: Wire) -> None:
        sent = CANARY.encode() in received.body
        await (answer(status, ECHO, received.body) if sent else answer(status))(received, wire)

    return behave


async def in_rows(database: Database) -> list[str]:
    """The tables with rows that hold the canary."""
    statement = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        if database.dialect == "sqlite"
        else "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()"
    )
    tables = sorted(row["name"] for row in await database.fetch(statement))
    return [table for table in tables if CANARY in str(await database.fetch(f"SELECT * FROM {table}"))]


def in_files(url: str) -> list[str]:
    """The files of an SQLite database that hold the canary; none for PostgreSQL."""
    if not url.startswith("sqlite"):
        return []
    file = Path(url.removeprefix("sqlite://"))
    files = [path for path in file.parent.glob(f"{file.name}*") if CANARY.encode() in path.read_bytes()]
    return sorted(path.name.removeprefix(file.name) for path in files)


def in_redis(url: str) -> list[bytes]:
    """The keys of a Redis database that hold the canary."""
    with redis.Redis.from_url(url) as client:
        return [key for key in client.scan_iter() if CANARY.encode() in (client.dump(key) or b"")]
