"""`eev-webhooks event-types …`: the event types that can be published on a running server."""

from typing import Annotated, Any

import typer

from app.cli.failures import Refused
from app.cli.loop import run_to_end
from app.cli.output import AsJson, print_fields, print_json, print_table
from app.cli.remote import DEFAULT_URL, Key, Url, connected

event_types = typer.Typer(help="List and show event types on a running server.", no_args_is_help=True)

_LIST = """
query ($archived: Boolean) {
  eventTypes(includeArchived: $archived) { id name category description archived }
}
"""
_SHOW = """
query ($name: String!) {
  eventType(name: $name) {
    id name category description archived keepBodies keepBodiesDays redact jsonSchema example
  }
  eventTypes { name }
}
"""


@event_types.command("list")
def list_event_types(
    archived: Annotated[bool, typer.Option("--archived", help="Include archived event types.")] = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """List the event types that can be published."""
    found = run_to_end(_asked(url, key, _LIST, {"archived": archived}))["eventTypes"]
    if as_json:
        print_json(found)
    else:
        columns = ("name", "category", "description")
        print_table(columns, [[each[name] for name in columns] for each in found])


@event_types.command("show")
def show_event_type(
    name: Annotated[str, typer.Argument(metavar="TYPE", help="Event type, e.g. ticket.created.")],
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Show an event type with its schema and its example."""
    found = run_to_end(_asked(url, key, _SHOW, {"name": name}))
    if found["eventType"] is None:
        raise unknown(name, found["eventTypes"])
    print_json(found["eventType"]) if as_json else print_fields(found["eventType"])


def unknown(name: str, known: list[dict[str, Any]]) -> Refused:
    """The refusal of an unknown event type, with the nearest names."""
    from app.catalogue.suggestions import unknown_event_type

    return Refused(unknown_event_type(name, [each["name"] for each in known]))


async def _asked(url: str, key: str, document: str, variables: dict[str, Any]) -> dict[str, Any]:
    async with connected(url, key) as api:
        return await api.ask(document, variables)
