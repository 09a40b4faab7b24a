"""`eev-webhooks serve`, `worker` and `migrate`: the commands that run the product."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.failures import Refused
from app.cli.loop import run_to_end
from app.cli.output import AsJson, print_json

if TYPE_CHECKING:
    from app.settings import Settings

_ROOT = Path(__file__).parents[2]


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="HOST, or 127.0.0.1")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on; 0 picks a free one.", show_default="PORT, or 8000")
    ] = None,
    reload: Annotated[bool, typer.Option("--reload", help="Restart whenever a source file changes.")] = False,
    processes: Annotated[
        int, typer.Option(min=0, help="Server processes on this port, with PostgreSQL; 0 starts one per core.")
    ] = 1,
    part: Annotated[str | None, typer.Option(hidden=True, help="What one of several processes inherits.")] = None,
) -> None:
    """Run the server: the API and, with the in-process broker, the deliveries.

    All other settings come from the environment and .env (docs/configuration.md).
    """
    import app.lean_imports  # noqa: F401 - before all others
    from app.settings import load_settings

    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = load_settings(**given)
    if reload and processes != 1:
        raise Refused("--reload restarts one process, so it does not go with --processes.")
    if reload:
        _serve_again_and_again(given)
    elif processes != 1:
        from app.web.processes import serve_processes

        count = processes or _cores()
        raise typer.Exit(serve_processes(settings, count, _options(given)))
    else:
        _serve_one(settings, part)


def worker() -> None:
    """Run a worker process that sends deliveries, for a server whose broker is Redis or RabbitMQ.

    Any number of workers may run, on any machine.
    """
    import app.lean_imports  # noqa: F401 - before all others
    from app.settings import load_settings

    settings = load_settings()
    if settings.delivers_itself:
        raise Refused(
            "BROKER_URL is memory://, so the server delivers by itself and there is nothing for a worker to do."
            " Run `eev-webhooks serve`, or set BROKER_URL to redis://… or amqp://… for both."
        )
    import asyncio

    import uvloop

    from app.open_files import fill_standard_files

    fill_standard_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(settings))


def migrate(as_json: AsJson = False) -> None:
    """Migrate the database to the schema of this version. Safe to repeat and to run concurrently."""
    from app.database.migrate import migrate as apply
    from app.settings import load_settings

    applied = run_to_end(apply(load_settings().database_url))
    if as_json:
        print_json({"applied": applied})
    elif applied:
        typer.echo(f"Applied {', '.join(applied)}.")
    else:
        typer.echo("Nothing to do: the database is up to date.")


async def _work(settings: "Settings") -> None:
    import structlog

    from app.cli.signals import stop_signal
    from app.garbage import keep_what_is_here
    from app.logs import configure_logging
    from app.web.serve import serve_worker
    from tasks.process import open_process

    configure_logging(settings)
    log = structlog.get_logger()
    async with stop_signal() as stopped, open_process(settings, works=True) as resources:
        keep_what_is_here()
        if settings.worker_port is not None:
            await serve_worker(resources, settings.worker_port)
        else:
            log.info("worker.started")
            await stopped.wait()
            log.info("worker.stopping")
    log.info("worker.stopped")


def _serve_one(settings: "Settings", part: str | None) -> None:
    from app.web.serve import serve as run

    if part is None:
        run(settings)
    else:
        from app.web.processes import Part

        inherited = Part.of(part)
        run(settings, inherited.ready, inherited.listener)


def _cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _options(given: Mapping[str, str | int]) -> list[str]:
    return [f"--{name}={value}" for name, value in given.items()]


def _serve_again_and_again(given: dict[str, str | int]) -> None:
    try:
        from watchfiles import PythonFilter, run_process
    except ImportError:
        raise Refused("--reload needs the package watchfiles, which `make setup` installs.") from None
    packages = [_ROOT / name for name in ("app", "graph", "tasks")]
    command = shlex.join([sys.executable, "-m", "app.cli", "serve", *_options(given)])
    run_process(*packages, target=command, target_type="command", watch_filter=PythonFilter())
