"""`eev-webhooks erase`: removes what matching events hold, on a running server."""

from typing import Annotated, Any

import typer

from app.cli.loop import run_to_end
from app.cli.operations import carried_out
from app.cli.output import AsJson, print_json
from app.cli.remote import DEFAULT_URL, Key, Url, given
from app.cli.values import id_of
from app.ids import EVENT, WEBHOOK

_ERASE = """
mutation ($input: EraseDataInput!) {
  eraseData(input: $input) { matched operation { id status matched done } userErrors { message path } }
}
"""


def erase(
    webhook_id: Annotated[
        str | None,
        typer.Option(
            "--webhook",
            metavar="ID",
            help="Erase what this webhook received, and events that no other webhook was meant to receive.",
            callback=id_of("webhook", WEBHOOK),
        ),
    ] = None,
    event_ids: Annotated[
        list[str] | None,
        typer.Option(
            "--event", metavar="ID", help="Erase this event; repeat for several.", callback=id_of("event", EVENT)
        ),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data",
            metavar="PATH=VALUE",
            help="Erase events with this value in their data, e.g. ticket.id=tkt_1; repeat if several must match.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count the matching events.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until everything is erased.")] = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Erase the bodies of events and the requests and responses of their attempts. This cannot be undone.

    If several options are given, events must match all of them. Open deliveries are canceled.
    """
    conditions = [_condition(text) for text in data or ()]
    asked = given(webhookId=webhook_id, eventIds=event_ids, data=conditions, dryRun=dry_run)
    erasing = run_to_end(carried_out(url, key, _ERASE, asked, "Erasing", _incomplete, wait=wait, quiet=as_json))
    matched, operation = erasing["matched"], erasing["operation"]
    events = "An unknown number of events" if matched is None else f"{matched} events"
    if as_json:
        print_json({"matched": matched, "operation": operation})
    elif operation is None:
        typer.echo(f"{events} would be erased.")
    elif wait:
        typer.echo(f"{operation['done']} events are erased.")
    else:
        typer.echo(f"{events} are being erased in the background by {operation['id']}.")


def _condition(text: str) -> dict[str, Any]:
    """A condition; a value that is no JSON number, true or false is a string."""
    import orjson

    path, equals, value = text.partition("=")
    if not (path and equals):
        raise typer.BadParameter("write PATH=VALUE, e.g. ticket.id=tkt_1.", param_hint="--data")
    try:
        parsed = orjson.loads(value)
    except orjson.JSONDecodeError:
        parsed = value
    return {"path": path, "equals": parsed if isinstance(parsed, str | int | float) else value}


def _incomplete(operation: dict[str, Any]) -> str:
    return f"The operation {operation['id']} is {operation['status']} after {operation['done']} events."
