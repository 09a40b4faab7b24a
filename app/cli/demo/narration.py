"""Prints the demonstration for people. Formats only; the story is elsewhere."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli.demo.summary import Summary

_COLOURS = {"SUCCEEDED": "green", "RETRYING": "yellow", "FAILED": "red", "CANCELED": "red"}


class Narrator:
    """Prints to a console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._steps = 0

    def step(self, sentence: str) -> None:
        """Print the heading of the next step."""
        self._steps += 1
        self._console.print()
        self._console.print(Text(f"{self._steps}. {sentence}", style="bold"), soft_wrap=True)

    def say(self, sentence: str) -> None:
        """Print a line of this step."""
        self._console.print(Text(f"   {sentence}"), soft_wrap=True)

    def received(self, receiver: str, delivery: Mapping[str, Any]) -> None:
        """Print a request that a receiver got."""
        line = Text(f"   {receiver:<10} got {delivery['eventType']}, attempt {delivery['attempt']}: ")
        if delivery["verified"]:
            line.append("✓ signature verified", style="green")
        else:
            line.append(f"✗ {delivery['reason']}", style="red")
        again = ", an event it has seen before" if delivery["timesBefore"] else ""
        line.append(f"{again}; answers {delivery['answer']}")
        self._console.print(line, soft_wrap=True)

    def update(self, update: Mapping[str, Any]) -> None:
        """Print an update of the subscription."""
        delivery, attempt = update["delivery"], update["attempt"]
        line = Text("   live       ", style="cyan")
        what = f"{delivery['event']['type']} to {delivery['webhook']['name']}"
        if attempt is None:
            line.append(f"{what}: the delivery was made", style="default")
        else:
            status = delivery["status"]
            line.append(f"{what}: attempt {attempt['number']} {attempt['outcome']}, the delivery is ", style="default")
            line.append(status, style=_COLOURS.get(status, "default"))
        self._console.print(line, soft_wrap=True)

    def summary(self, summary: Summary) -> None:
        """Print the summary."""
        table = Table(show_header=False, box=None, padding=(0, 2))
        for what, value in (
            ("events published", summary.events),
            ("deliveries succeeded", f"{summary.succeeded} of {summary.deliveries}"),
            ("attempts", f"{summary.attempts}, of which {summary.failed_attempts} were answered with an error"),
            ("requests verified", f"{summary.verified} of {summary.requests}"),
            ("live updates", summary.live_updates),
            ("seconds", f"{summary.seconds:.1f}"),
        ):
            table.add_row(what, str(value))
        self._console.print()
        self._console.print(table)
        for sentence in summary.missing:
            self._console.print(Text(f"✗ {sentence}", style="bold red"))
        if not summary.missing:
            self._console.print(Text("✓ Everything was delivered and verified.", style="bold green"))
