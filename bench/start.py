"""h. Start: from the command to an answer, and the cost of each idle process, beside a bare Starlette application."""

import asyncio
import sys
from dataclasses import dataclass
from time import perf_counter

import aiohttp
import asyncpg

from bench.client import Failed
from bench.installation import Installation, Mode, installed
from bench.measure import Line, Target
from bench.processes import PROGRAM, cpu_of, running, used_since
from bench.run import Run
from tests.server import free_port

# Of each idle process: % of a core
CPU_TARGET = Target(0.2, of_value=True)
# MB; a server and a worker together at most 150
MEMORY_TARGETS = {
    ("embedded", "api"): Target(100, of_value=True),
    ("distributed", "api"): Target(85, of_value=True),
    ("distributed", "worker"): Target(65, of_value=True),
}
BARE = (sys.executable, "-m", "bench.broadcast", "1", "1")  # it has no clients, and sends once per second


@dataclass(frozen=True)
class Idle:
    """Cost of an idle process, and how long it took to answer."""

    cpu_percent: float
    memory_mb: float
    ready_seconds: float = 0.0


async def start(run: Run) -> list[Line]:
    """How soon `eev-webhooks serve` answers on a first start, and each process's idle CPU and memory."""
    run.say("start: serve to ready")
    seconds = run.sized(1, 30)
    bare = await _bare(run, seconds)
    lines = [await _first_start(run, bare)]
    for mode in run.modes:
        run.say(f"start: {mode}, idle")
        async with installed(run.services, mode, fan_out=0) as product:
            await asyncio.sleep(run.sized(1, 3))  # work that follows the start is over by then
            lines += await _idle(product, mode, seconds, bare)
    return lines


async def _bare(run: Run, seconds: float) -> Idle:
    started = perf_counter()
    async with running(*BARE, ready="http://", log=run.services.directory / "bare.log") as server:
        await _answer(server.line, expect=405)  # it takes only what is posted
        ready_seconds = perf_counter() - started
        before, started = server.process.cost.cpu_seconds, perf_counter()
        await asyncio.sleep(seconds)
        used = server.process.cost.cpu_seconds - before
        return Idle(used * 100 / (perf_counter() - started), server.process.cost.memory_mb, ready_seconds)


async def _first_start(run: Run, bare: Idle) -> Line:
    directory = run.services.directory / "start"
    directory.mkdir()
    port = free_port()
    environment = {"DATA_DIR": str(directory), "PORT": str(port), "LOG_FORMAT": "json"}
    log = directory / "serve.log"
    started = perf_counter()
    async with running(PROGRAM, "serve", ready="The API is at", log=log, environment=environment) as server:
        await _answer(f"http://127.0.0.1:{port}/health/ready", expect=200)
        seconds = perf_counter() - started
        details = {"CPU s": server.process.cost.cpu_seconds, "peak MB": server.process.cost.peak_mb}
    return Line("start", "embedded, first start", "serve to ready", seconds, "s", bare.ready_seconds, details=details)


async def _answer(url: str, *, expect: int) -> None:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        if response.status != expect:
            raise Failed(f"{url} answered {response.status}, not {expect}.")


async def _idle(product: Installation, mode: Mode, seconds: float, bare: Idle) -> list[Line]:
    before, transactions, started = cpu_of(product.all_processes), await _transactions(product), perf_counter()
    await asyncio.sleep(seconds)
    took = perf_counter() - started
    cpu = used_since(before, product.all_processes)
    queries = {"transactions/s of all": (await _transactions(product) - transactions) / took} if transactions else {}
    lines = []
    for name, process in product.processes.items():
        case = f"{mode}, {name} idle"
        percent, peak = cpu[name] * 100 / took, {f"{name} peak MB": process.cost.peak_mb}
        lines += [
            Line("start", case, "CPU", percent, "% of a core", bare.cpu_percent, CPU_TARGET, queries),
            Line(
                "start", case, "memory", process.cost.memory_mb, "MB", bare.memory_mb, MEMORY_TARGETS[mode, name], peak
            ),
        ]
    return lines


async def _transactions(product: Installation) -> int:
    """How many transactions PostgreSQL has counted in this installation's database; 0 for SQLite."""
    if product.mode == "embedded":
        return 0
    connection = await asyncpg.connect(product.database_url)
    try:
        statement = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        return int(await connection.fetchval(statement))
    finally:
        await connection.close()
