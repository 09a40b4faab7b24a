"""`eev-webhooks events list|show`: events that were published on a running server."""

from typing import Annotated

import typer

from app.cli.loop import run_to_end
from app.cli.output import AsJson, print_fields, print_json, print_table
from app.cli.remote import DEFAULT_URL, EventTypes, Key, Limit, Since, Until, Url, cell, fetch_list, fetch_one, given
from app.cli.values import id_of
from app.ids import EVENT

_LIST = """
query ($filter: EventFilter, $first: Int, $after: String) {
  events(filter: $filter, first: $first, after: $after) {
    nodes { id type occurredAt createdAt idempotencyKey orderingKey test }
    pageInfo { hasNextPage endCursor }
  }
}
"""
_SHOW = """
query ($id: ID!) {
  event(id: $id) {
    id type occurredAt createdAt idempotencyKey orderingKey test body
    deliveries(first: 100) { nodes { id status attemptCount lastResponseStatus webhook { id name } } }
  }
}
"""


def list_events(
    event_types: EventTypes = None,
    since: Since = None,
    until: Until = None,
    tests: Annotated[bool, typer.Option("--tests", help="Include test events.")] = False,
    limit: Limit = 50,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """List events, newest first."""
    time = given(since=since, until=until)
    asked = given(types=event_types, time=time or None, includeTests=tests or None)
    found = run_to_end(fetch_list(url, key, _LIST, {"filter": asked}, limit))
    if as_json:
        print_json(found)
    else:
        columns = ("id", "type", "occurredAt", "idempotencyKey")
        print_table(columns, [[cell(event[name]) for name in columns] for event in found])


def show_event(
    event_id: Annotated[
        str, typer.Argument(metavar="ID", help="ID of the event (evt_…).", callback=id_of("event", EVENT))
    ],
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Show an event with its body, exactly as it is signed and sent, and its deliveries."""
    event = run_to_end(fetch_one(url, key, _SHOW, "event", event_id))
    deliveries = event.pop("deliveries")["nodes"]
    if as_json:
        print_json(event | {"deliveries": deliveries})
        return
    print_fields(event)
    names = ("status", "attemptCount", "lastResponseStatus")
    rows = [[each["id"], each["webhook"]["name"], *(cell(each[name]) for name in names)] for each in deliveries]
    print_table(("id", "webhook", "status", "attempts", "last"), rows)
