"""`eev-webhooks replay`: sends past events to a webhook again, on a running server."""

from datetime import datetime
from typing import Annotated, Any

import typer

from app.cli.loop import run_to_end
from app.cli.operations import carried_out
from app.cli.output import AsJson, print_json
from app.cli.remote import DEFAULT_URL, EventTypes, Key, Until, Url, given
from app.cli.values import id_of, moment
from app.ids import WEBHOOK

_REPLAY = """
mutation ($input: ReplayEventsInput!) {
  replayEvents(input: $input) { matched operation { id status matched done } userErrors { message path } }
}
"""


def replay(
    webhook_id: Annotated[
        str, typer.Argument(metavar="WEBHOOK", help="ID of the webhook (wh_…).", callback=id_of("webhook", WEBHOOK))
    ],
    since: Annotated[
        datetime,
        typer.Option(
            parser=moment,
            metavar="TIME",
            help="Start of the time range: a date (midnight UTC), a time with its offset, or an age such as 24h, 7d.",
        ),
    ],
    until: Until = None,
    event_types: EventTypes = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also send events that the webhook has already received.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count the matching events.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until all deliveries are queued.")] = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Send past events to a webhook in the background: by default only those it has not received."""
    time = given(since=since, until=until)
    asked = given(webhookId=webhook_id, time=time, eventTypes=event_types, onlyMissing=not everything, dryRun=dry_run)
    replayed = run_to_end(carried_out(url, key, _REPLAY, asked, "Replaying", _incomplete, wait=wait, quiet=as_json))
    matched, operation = replayed["matched"], replayed["operation"]
    if as_json:
        print_json({"matched": matched, "operation": operation})
    elif operation is None:
        typer.echo(f"{matched} events would be sent.")
    elif wait:
        typer.echo(f"{operation['done']} events are queued.")
    else:
        typer.echo(f"{matched} events are being sent in the background by {operation['id']}.")


def _incomplete(operation: dict[str, Any]) -> str:
    done = f"{operation['done']} of {operation['matched']} events"
    return f"The replay is {operation['status']} after {done}: its webhook was disabled or deleted."
