"""h. Start: from the command to an answer, and what each process costs while nothing happens."""

import asyncio
from time import perf_counter

import aiohttp
import asyncpg

from bench.installation import Installation, Mode, installed
from bench.measure import Line, Target
from bench.processes import PROGRAM, cpu_of, running, used_since
from bench.run import Run
from tests.server import free_port

TARGETS = Target(1), Target(120)  # of an idle worker: % of a core, MB


async def start(run: Run) -> list[Line]:
    """How soon `eev-webhooks serve` answers on a first start, and each process's idle CPU and memory."""
    run.say("start: serve to ready")
    lines = [await _first_start(run)]
    for mode in run.modes:
        run.say(f"start: {mode}, idle")
        async with installed(run.services, mode, fan_out=0) as product:
            await asyncio.sleep(run.sized(1, 3))  # what comes once after the start is over by then
            lines += await _idle(product, mode, run.sized(3, 10))
    return lines


async def _first_start(run: Run) -> Line:
    directory = run.services.directory / "start"
    directory.mkdir()
    port = free_port()
    environment = {"DATA_DIR": str(directory), "PORT": str(port), "LOG_FORMAT": "json"}
    started = perf_counter()
    async with (
        running(
            PROGRAM, "serve", ready="The API is at", log=directory / "serve.log", environment=environment
        ) as server,
        aiohttp.ClientSession() as session,
    ):
        async with session.get(f"http://127.0.0.1:{port}/health/ready") as response:
            response.raise_for_status()
        seconds = perf_counter() - started
        cpu = server.process.cost.cpu_seconds
    return Line("start", "embedded, first start", "serve to ready", seconds, "s", details={"CPU s": cpu})


async def _idle(product: Installation, mode: Mode, seconds: float) -> list[Line]:
    before, transactions, started = cpu_of(product.all_processes), await _transactions(product), perf_counter()
    await asyncio.sleep(seconds)
    took = perf_counter() - started
    cpu = used_since(before, product.all_processes)
    queries = {"transactions/s of all": (await _transactions(product) - transactions) / took} if transactions else {}
    lines = []
    for name, process in product.processes.items():
        case = f"{mode}, {name} idle"
        cpu_target, memory_target = TARGETS if name == "worker" else (None, None)
        lines += [
            Line("start", case, "CPU", cpu[name] * 100 / took, "% of a core", target=cpu_target, details=queries),
            Line("start", case, "memory", process.cost.memory_mb, "MB", target=memory_target),
        ]
    return lines


async def _transactions(product: Installation) -> int:
    """How many transactions PostgreSQL has counted in this installation's database; 0 where it is SQLite."""
    if product.mode == "embedded":
        return 0
    connection = await asyncpg.connect(product.database_url)
    try:
        statement = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        return int(await connection.fetchval(statement))
    finally:
        await connection.close()
