"""`eev-webhooks events publish`: publishes a file of events on a running server."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from app.cli.loop import run_to_end
from app.cli.output import AsJson, print_json
from app.cli.remote import DEFAULT_URL, Key, Url, connected
from app.cli.stored_events import list_events, show_event

if TYPE_CHECKING:
    from app.cli.publishing import Published

events = typer.Typer(help="List, show and publish events on a running server.", no_args_is_help=True)
events.command("list")(list_events)
events.command("show")(show_event)


@events.command("publish")
def publish_events(
    file: Annotated[
        Path,
        typer.Option("--file", "-f", help="File with one JSON object per line; - reads stdin.", dir_okay=False),
    ],
    key_prefix: Annotated[
        str | None,
        typer.Option(help="Prefix of the idempotency keys of lines that have none.", show_default="the file's name"),
    ] = None,
    batch: Annotated[
        int, typer.Option(min=1, max=10_000, help="Maximum number of events sent before the answer to the first.")
    ] = 1_000,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Publish the events of a file with one JSON object per line: CloudEvents, or in the form of PublishEventInput.

    Example line: {"type": "ticket.created", "data": {…}}. Optional fields: occurredAt, idempotencyKey, orderingKey.

    The lines go over one stream, which continues where it broke off if the server restarts. It is safe to interrupt
    the command and run it again: each line is published once, by its idempotency key. A line without one gets a key
    derived from the file's name and the line. If a line is refused, the lines before it and those already sent are
    published, and the command stops.
    """
    from app.cli.publishing import progress

    prefix = key_prefix or ("stdin" if str(file) == "-" else file.name)
    with _opened(file) as opened, progress(_size(file)) as advance:
        published = run_to_end(_publish(url, key, opened, prefix, batch, advance))
    if as_json:
        print_json({"events": published.events, "duplicates": published.duplicates, "deliveries": published.deliveries})
    else:
        typer.echo(str(published))


async def _publish(url: str, key: str, opened: BinaryIO, prefix: str, most: int, advance: Any) -> "Published":
    from functools import partial

    from app.cli.event_stream import answers
    from app.cli.lines import read_lines
    from app.cli.publishing import publish_all

    async with connected(url, key) as api:
        return await publish_all(partial(answers, api), read_lines(opened, prefix), advance, most)


def _opened(file: Path) -> BinaryIO:
    if str(file) == "-":
        return sys.stdin.buffer
    try:
        return file.open("rb")
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}.", param_hint="--file") from None


def _size(file: Path) -> int | None:
    return None if str(file) == "-" else file.stat().st_size
