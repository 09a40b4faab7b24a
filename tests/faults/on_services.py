"""Faults of PostgreSQL and Redis: they stop, return, lose data, and cut off connections."""

import asyncio
import random
import time
from functools import partial

import psutil
import redis.asyncio

from tests.faults.fault import Happened
from tests.faults.installation import Installation
from tests.faults.programs import until
from tests.faults.truth import Truth
from tests.patience import PATIENCE_SECONDS
from tests.postgres_faults import read_only
from tests.services import Standby

# How long it may take until silent connections are replaced.
FOUND_OUT_SECONDS = 8.0


async def restart_postgres(at: Installation, chance: random.Random) -> Happened:
    """Stop PostgreSQL at once, as a crash does, and start it again."""
    return await _postgres_away(at, chance.uniform(0, 1.5))


async def outlast_leases_without_postgres(at: Installation, chance: random.Random) -> Happened:
    """The same, for so long that every lease has ended: no process may take the others for dead."""
    return await _postgres_away(at, at.lease_seconds + chance.uniform(0.5, 1.5))


async def drop_postgres_connections(at: Installation, chance: random.Random) -> Happened:
    """Close every connection to PostgreSQL, a few times in a row."""
    happened = Happened()
    for _ in range(5):
        await at.truth.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        await asyncio.sleep(0.2)
    happened.over = time.time()
    return happened


async def lose_answers_of_postgres(at: Installation, chance: random.Random) -> Happened:
    """Let nothing through on the existing connections to PostgreSQL; new ones work (half-open)."""
    assert at.network is not None
    happened = Happened(again_within=FOUND_OUT_SECONDS)
    happened.held = await at.truth.held_by([member.pid for program in at.deliverers for member in program.family])
    at.network.fall_silent()
    await asyncio.sleep(chance.uniform(2, 4))
    happened.over = time.time()
    return happened


async def make_postgres_read_only(at: Installation, chance: random.Random) -> Happened:
    """Close every session, and make new ones read-only: a full disk, or a standby before its promotion."""
    assert at.postgres is not None
    happened = Happened()
    async with read_only(at.postgres.url):
        await asyncio.sleep(chance.uniform(2, 6))
    happened.over = time.time()
    return happened


async def freeze_postgres(at: Installation, chance: random.Random) -> Happened:
    """SIGSTOP all of PostgreSQL: connections exist, and answer nothing."""
    assert at.postgres is not None
    happened = Happened()
    postmaster = psutil.Process(at.postgres.pid)
    frozen = [postmaster, *postmaster.children(recursive=True)]
    for process in frozen:
        process.suspend()
    await asyncio.sleep(chance.uniform(4, 8))
    for process in frozen:
        process.resume()
    happened.over = time.time()
    return happened


async def fail_over(at: Installation, chance: random.Random) -> Happened:
    """Let PostgreSQL die, and promote its standby at the same address. What was committed is on the standby, because
    commits wait for it (synchronous replication).
    """
    primary, network = at.postgres, at.network
    assert primary is not None
    assert network is not None
    standby = Standby(primary)
    await asyncio.to_thread(standby.start)
    at.others.append(standby)
    await until("the standby followed", partial(_follows, at), PATIENCE_SECONDS)
    await at.truth.rows("ALTER SYSTEM SET synchronous_standby_names = '*'")
    await at.truth.rows("SELECT pg_reload_conf()")
    await until("commits waited for the standby", partial(_follows, at, "sync"), PATIENCE_SECONDS)
    await asyncio.sleep(chance.uniform(0.5, 1.5))
    happened = Happened()
    await asyncio.to_thread(primary.abort)
    await asyncio.sleep(chance.uniform(0, 1.5))
    at.postgres, at.truth = standby, Truth(standby.url)
    await at.truth.rows("SELECT pg_promote()")
    network.lead_to(standby.url)
    happened.over = time.time()
    return happened


async def _follows(at: Installation, state: str = "async") -> bool:
    found = await at.truth.rows("SELECT state, sync_state FROM pg_stat_replication WHERE state = 'streaming'")
    return [row["sync_state"] for row in found] == [state]


async def kill_redis(at: Installation, chance: random.Random) -> Happened:
    """SIGKILL Redis, and start it again with its data."""
    return await _redis_killed(at, chance)


async def lose_redis(at: Installation, chance: random.Random) -> Happened:
    """SIGKILL Redis, and start it again without its data."""
    return await _redis_killed(at, chance, forgetting=True)


async def flush_redis(at: Installation, chance: random.Random) -> Happened:
    """FLUSHALL: Redis keeps running, without any data."""
    happened = Happened()
    await _redis(at, "FLUSHALL")
    happened.over = time.time()
    return happened


async def drop_redis_connections(at: Installation, chance: random.Random) -> Happened:
    """Close every connection to Redis, a few times in a row."""
    happened = Happened()
    for _ in range(5):
        await _redis(at, "CLIENT", "KILL", "SKIPME", "yes")
        await asyncio.sleep(0.2)
    happened.over = time.time()
    return happened


async def _postgres_away(at: Installation, seconds: float) -> Happened:
    postgres = at.postgres
    assert postgres is not None
    happened = Happened()
    await asyncio.to_thread(postgres.abort)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(postgres.start)
    happened.over = time.time()
    return happened


async def _redis_killed(at: Installation, chance: random.Random, *, forgetting: bool = False) -> Happened:
    server = at.redis
    assert server is not None
    happened = Happened()
    if forgetting:
        await _redis(at, "FLUSHALL")
    await asyncio.to_thread(server.kill)
    await asyncio.sleep(chance.uniform(0, 1.5))
    await asyncio.to_thread(server.start)
    happened.over = time.time()
    return happened


async def _redis(at: Installation, *command: str) -> None:
    assert at.redis is not None
    async with redis.asyncio.Redis.from_url(at.redis.url) as client:
        await client.execute_command(*command)  # type: ignore[no-untyped-call]
