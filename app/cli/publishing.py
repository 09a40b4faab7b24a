"""Publishes batches of lines in order, backs off when the server asks for it, and reports progress."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from app.cli.api import Api, TryLater
from app.cli.failures import Refused
from app.cli.lines import BadLine, Line

Advance: TypeAlias = Callable[[int], object]

# Maximum time to retry against an overloaded server before giving up.
PATIENCE_SECONDS = 300.0
# Interval between retries if the server does not give one.
PAUSE_SECONDS = 1.0

_PUBLISH = """
mutation ($input: PublishEventsInput!) {
  publishEvents(input: $input) { deliveryCount duplicates userErrors { message path } }
}
"""


@dataclass(slots=True)
class Published:
    """Numbers of published events, of duplicates among them, and of deliveries."""

    events: int = 0
    duplicates: int = 0
    deliveries: int = 0

    def __str__(self) -> str:
        before = f", {self.duplicates} of them before" if self.duplicates else ""
        return f"{self.events} events are published{before}, with {self.deliveries} deliveries."


async def publish_all(api: Api, batches: Iterable[list[Line]], advance: Advance) -> Published:
    """Publish batches in order; `advance` is called with the bytes that are done.

    Raises:
        Refused: a line is wrong, or the server cannot be reached; the message says how many were published before.
    """
    published = Published()
    try:
        for batch in batches:
            payload = await _publish(api, batch)
            published.events += len(batch)
            published.duplicates += payload["duplicates"]
            published.deliveries += payload["deliveryCount"]
            advance(sum(line.size + 1 for line in batch))
    except (Refused, BadLine) as error:
        so_far = f"{error}\n{published} Run it again to go on from there: nothing is published twice."
        raise Refused(so_far) from None
    return published


@contextmanager
def progress(total_bytes: int | None) -> Iterator[Advance]:
    """A progress bar on stderr, if that is a terminal; `total_bytes` is None if the size is unknown."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("Publishing"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total_bytes)
        yield lambda size: bar.advance(task, size)


async def _publish(api: Api, batch: list[Line]) -> dict[str, Any]:
    waited = 0.0
    while True:
        try:
            data = await api.ask(_PUBLISH, {"input": {"events": [line.event for line in batch]}})
        except TryLater as error:
            pause = error.after_seconds or PAUSE_SECONDS
            waited += pause
            if waited > PATIENCE_SECONDS:
                raise
            await asyncio.sleep(pause)
            continue
        payload: dict[str, Any] = data["publishEvents"]
        if payload["userErrors"]:
            raise Refused("\n".join(_of_line(batch, error) for error in payload["userErrors"]))
        return payload


def _of_line(batch: list[Line], error: dict[str, Any]) -> str:
    """An error with the number of the line, instead of its index in the batch."""
    match error["path"]:
        case ["events", str(index), *place]:
            return f"Line {batch[int(index)].number}: {error['message']} ({'.'.join(place)})"
    return str(error["message"])
