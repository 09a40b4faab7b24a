"""`python -m bench [FIGURE …]`: measures, prints one table, and writes build/bench.json."""

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from app.open_files import may_open_many
from bench.accept import accept
from bench.backlog import backlog
from bench.dashboard import dashboard
from bench.deliver import deliver
from bench.doors import doors
from bench.fair import fair
from bench.follow import follow
from bench.hold import hold
from bench.installation import MODES, Mode, Services
from bench.latency import latency
from bench.measure import Line
from bench.news import news
from bench.read import read
from bench.report import show, write
from bench.rows import rows
from bench.run import Run, Size
from bench.start import start
from bench.storm import storm
from bench.strangers import strangers
from bench.wide import wide
from tests.databases import PostgresDatabases
from tests.services import Postgres, Redis

FIGURES: dict[str, Callable[[Run], Awaitable[list[Line]]]] = {
    "deliver": deliver,
    "latency": latency,
    "accept": accept,
    "doors": doors,
    "follow": follow,
    "news": news,
    "read": read,
    "dashboard": dashboard,
    "rows": rows,
    "backlog": backlog,
    "hold": hold,
    "start": start,
    "fair": fair,
    "strangers": strangers,
    "storm": storm,
    "wide": wide,
}


def main(
    figures: Annotated[list[str] | None, typer.Argument(help=f"Which: {', '.join(FIGURES)}; all, if none.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes, to see that everything works.")] = False,
    full: Annotated[bool, typer.Option("--full", help="The sizes of the targets; takes long, and much disk.")] = False,
    mode: Annotated[str | None, typer.Option(help="Only embedded, or only distributed.")] = None,
    output: Annotated[Path, typer.Option(help="Where the JSON goes.")] = Path("build/bench.json"),
) -> None:
    """Measure how fast the product is, each figure beside a baseline from the same run."""
    chosen = list(dict.fromkeys(figures or FIGURES))
    if unknown := [name for name in chosen if name not in FIGURES]:
        raise typer.BadParameter(f"There is no figure {unknown[0]}; there are {', '.join(FIGURES)}.")
    if mode is not None and mode not in MODES:
        raise typer.BadParameter(f"There is no mode {mode}; there are {' and '.join(MODES)}.")
    size: Size = "quick" if quick else "full" if full else "default"
    console = Console()
    lines: list[Line] = []
    modes = tuple(name for name in MODES if mode in {None, name})
    try:
        may_open_many()  # and let child processes do so: a receiver has as many connections as the product
        failed = uvloop.run(_measure(chosen, size, modes, console, lines))
    except asyncio.CancelledError:
        console.print("Stopped; what was started has ended.")
        raise typer.Exit(128 + signal.SIGTERM) from None
    show(lines, console if console.is_terminal else Console(width=240))
    write(lines, size, output)
    console.print(f"The same as JSON: {output}")
    for name, error in failed.items():
        console.print(f"{name} could not be measured: {error}")
    if failed:
        raise typer.Exit(1)


async def _measure(
    chosen: Sequence[str], size: Size, modes: tuple[Mode, ...], console: Console, lines: list[Line]
) -> dict[str, Exception]:
    """Add the lines of each figure; return why others could not be measured, so that one failure does not cost the
    rest.
    """
    failed: dict[str, Exception] = {}
    measuring = asyncio.current_task()
    assert measuring is not None
    # SIGTERM must also end the servers that this process started, as Ctrl-C does.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, measuring.cancel)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, refresh_per_second=4) as progress:
        task = progress.add_task("starting PostgreSQL and Redis", total=len(chosen))
        async with _services() as services:
            run = Run(services, size, lambda text: progress.update(task, description=text), modes)
            for name in chosen:
                try:
                    lines += await FIGURES[name](run)
                except Exception as error:  # noqa: BLE001 - whatever the error, the other figures are measured
                    failed[name] = error
                progress.advance(task)
    return failed


@asynccontextmanager
async def _services() -> AsyncIterator[Services]:
    with tempfile.TemporaryDirectory(prefix="eev-webhooks-bench-") as directory:
        postgres, redis = Postgres(flushing=True), Redis()
        try:
            await asyncio.gather(asyncio.to_thread(postgres.start), asyncio.to_thread(redis.start))
            yield Services(Path(directory), postgres, redis, PostgresDatabases(postgres))
        finally:
            postgres.close()
            redis.close()


if __name__ == "__main__":
    typer.run(main)
