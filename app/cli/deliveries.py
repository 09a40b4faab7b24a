"""`eev-webhooks deliveries …`: lists, shows, retries, cancels and follows deliveries on a running server."""

from datetime import datetime
from typing import Annotated, Any

import typer

from app.cli.loop import run_to_end
from app.cli.one_delivery import cancel_deliveries, show_delivery
from app.cli.operations import print_begun
from app.cli.output import AsJson, print_json, print_table
from app.cli.remote import (
    DEFAULT_URL,
    EventTypes,
    Key,
    Limit,
    Since,
    Until,
    Url,
    cell,
    change_each,
    change_one,
    fetch_list,
    given,
)
from app.cli.values import completion, id_of, one_of
from app.ids import DELIVERY, EVENT, WEBHOOK
from app.statuses import DeliveryStatus

deliveries = typer.Typer(help="List, show, retry, cancel and follow deliveries.", no_args_is_help=True)
deliveries.command("show")(show_delivery)
deliveries.command("cancel")(cancel_deliveries)

_WebhookId = Annotated[
    str | None,
    typer.Option(
        "--webhook", metavar="ID", help="Only deliveries to this webhook.", callback=id_of("webhook", WEBHOOK)
    ),
]
_Statuses = Annotated[
    list[DeliveryStatus] | None,
    typer.Option(
        "--status",
        parser=one_of(DeliveryStatus),
        autocompletion=completion(DeliveryStatus),
        metavar="|".join(DeliveryStatus),
        help="Only deliveries with this status; repeat for several.",
    ),
]

_LIST = """
query ($filter: DeliveryFilter, $first: Int, $after: String) {
  deliveries(filter: $filter, first: $first, after: $after) {
    nodes {
      id status attemptCount lastOutcome lastResponseStatus nextAttemptAt createdAt completedAt
      event { id type }
      webhook { id name }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""
_RETRY_ONE = """
mutation ($input: DeliveryIdInput!) {
  retryDelivery(input: $input) { delivery { id status nextAttemptAt } userErrors { message path } }
}
"""
_RETRY_MANY = """
mutation ($input: RetryDeliveriesInput!) {
  retryDeliveries(input: $input) { matched operation { id status } userErrors { message path } }
}
"""
_ALL = "Name deliveries by ID, or select them with --webhook, --status, --event-type, --since or --until."


@deliveries.command("list")
def list_deliveries(
    webhook: _WebhookId = None,
    event: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Only deliveries of this event.", callback=id_of("event", EVENT)),
    ] = None,
    statuses: _Statuses = None,
    event_types: EventTypes = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """List deliveries, newest first."""
    asked = _filter(webhook, statuses, event_types, since, until) | given(eventId=event)
    found = run_to_end(fetch_list(url, key, _LIST, {"filter": asked}, limit))
    if as_json:
        print_json(found)
    else:
        print_table(("id", "event", "webhook", "status", "attempts", "last", "next attempt"), [*map(_row, found)])


@deliveries.command("retry")
def retry(
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]…",
            help="IDs of deliveries (dlv_…); or select deliveries with options.",
            callback=id_of("delivery", DELIVERY),
        ),
    ] = None,
    webhook: _WebhookId = None,
    statuses: _Statuses = None,
    event_types: EventTypes = None,
    since: Since = None,
    until: Until = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count the matching deliveries.")] = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Retry deliveries: named ones now, or matching ones in the background.

    Without --status, matches deliveries that failed, were canceled or are being retried.
    """
    asked = _filter(webhook, statuses, event_types, since, until)
    if bool(ids) == bool(asked):
        raise typer.BadParameter(_ALL if not ids else "Give either IDs or options that select deliveries, not both.")
    if ids:
        if dry_run:
            raise typer.BadParameter("--dry-run counts deliveries selected with options; it does not apply to IDs.")
        for payload in run_to_end(change_each(url, key, _RETRY_ONE, ids, "being retried")):
            retried = payload["delivery"]
            print_json(retried) if as_json else typer.echo(f"{retried['id']} is being retried.")
    else:
        begun = run_to_end(change_one(url, key, _RETRY_MANY, {"filter": asked, "dryRun": dry_run}))
        print_begun(begun, as_json=as_json)


@deliveries.command("tail")
def tail(
    webhook: _WebhookId = None,
    statuses: _Statuses = None,
    event_types: EventTypes = None,
    after: Annotated[
        str | None, typer.Option(metavar="CURSOR", help="Resume after this cursor.", show_default="now")
    ] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
) -> None:
    """Show deliveries live, as they are created, attempted and completed, until Ctrl-C.

    Reconnects and resumes where it left off if the server restarts.
    """
    from app.cli.following import Tail

    run_to_end(Tail(_filter(webhook, statuses, event_types), after, as_json=as_json).run(url, key))


def _filter(
    webhook: str | None,
    statuses: list[DeliveryStatus] | None,
    event_types: list[str] | None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> dict[str, Any]:
    time = given(since=since, until=until)
    return given(webhookId=webhook, statuses=statuses, eventTypes=event_types, time=time or None)


def _row(delivery: dict[str, Any]) -> list[str]:
    event, webhook = delivery["event"], delivery["webhook"]
    last = delivery["lastResponseStatus"] or delivery["lastOutcome"]
    cells = (delivery["status"], delivery["attemptCount"], last, delivery["nextAttemptAt"])
    return [delivery["id"], f"{event['type']} {event['id']}", webhook["name"], *map(cell, cells)]
