"""`eev-webhooks demo`: runs a demonstration and reports whether everything was delivered."""

import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from app.cli.failures import REFUSED
from app.cli.loop import run_to_end
from app.cli.output import AsJson, print_json

if TYPE_CHECKING:
    from app.cli.demo.narration import Narrator
    from app.cli.demo.summary import Summary


def demo(as_json: AsJson = False) -> None:
    """Run a demonstration: a server, receivers, webhooks, a failure, retries and live updates.

    Everything runs on this machine in a temporary directory and takes a few seconds. Exits with 0 only if everything
    was delivered and verified. With --json, stdout has only the summary and the story goes to stderr.
    """
    from rich.console import Console

    from app.cli.demo.narration import Narrator

    narrator = Narrator(Console(stderr=as_json, highlight=False))
    with tempfile.TemporaryDirectory(prefix="eev-webhooks-demo-") as directory:
        summary = run_to_end(_tell(narrator, Path(directory)))
    if as_json:
        print_json(summary.fields())
    else:
        narrator.summary(summary)
    if summary.missing:
        raise typer.Exit(REFUSED)


async def _tell(narrator: "Narrator", directory: Path) -> "Summary":
    # As Ctrl-C does, SIGTERM has to end the processes that were started, too.
    import asyncio

    from app.cli.demo.story import tell

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, signal.raise_signal, signal.SIGINT)
    return await tell(narrator, directory)
