"""`eev-webhooks contacts …`: the people who receive the alerts of a running server."""

from typing import Annotated, Any

import typer

from app.cli.loop import run_to_end
from app.cli.output import AsJson, print_json, print_table
from app.cli.remote import DEFAULT_URL, Key, Url, cell, change_each, change_one, connected
from app.cli.values import completion, id_of, one_of
from app.ids import CONTACT
from app.statuses import ContactKind

contacts = typer.Typer(help="List, create, try and delete contacts on a running server.", no_args_is_help=True)

_Ids = Annotated[
    list[str], typer.Argument(metavar="ID…", help="IDs of contacts (con_…).", callback=id_of("contact", CONTACT))
]
_FIELDS = "id kind target events createdAt lastToldAt lastError"
_ERRORS = "userErrors { message path }"
_LIST = f"{{ contacts {{ {_FIELDS} }} }}"
_CREATE = f"""
mutation ($input: CreateContactInput!) {{
  createContact(input: $input) {{ contact {{ {_FIELDS} }} secret {_ERRORS} }}
}}
"""
_TEST = f"mutation ($input: ContactIdInput!) {{ testContact(input: $input) {{ contact {{ {_FIELDS} }} {_ERRORS} }} }}"
_DELETE = f"mutation ($input: ContactIdInput!) {{ deleteContact(input: $input) {{ deletedId {_ERRORS} }} }}"


@contacts.command("list")
def list_contacts(url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """List contacts, newest first, with the time and the error of their last message. URLs are masked."""
    found = run_to_end(_listed(url, key))
    if as_json:
        print_json(found)
    else:
        columns = ("id", "kind", "target", "events", "lastToldAt", "lastError")
        print_table(columns, [[cell(each[name]) for name in columns] for each in found])


@contacts.command("create")
def create_contact(
    kind: Annotated[
        ContactKind,
        typer.Argument(
            parser=one_of(ContactKind),
            autocompletion=completion(ContactKind),
            metavar="KIND",
            help="email, slack or webhook.",
        ),
    ],
    target: Annotated[
        str,
        typer.Argument(help="Email address, or URL of an incoming webhook of Slack or of your own receiver."),
    ],
    events: Annotated[
        list[str] | None,
        typer.Option("--event", help='Alert to receive, a name or a pattern; repeat for several. "*" is all alerts.'),
    ] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Create a contact that receives alerts from now on, by default all of them."""
    created = run_to_end(change_one(url, key, _CREATE, {"kind": kind, "target": target, "events": events or ["*"]}))
    contact, secret = created["contact"], created["secret"]
    if as_json:
        print_json({"contact": contact, "secret": secret})
        return
    typer.echo(f"Contact    {contact['id']} ({contact['target']}) for {' '.join(contact['events'])}")
    if secret is not None:
        typer.echo(f"Secret     {secret}\nThe secret verifies the messages. It is not shown again.")


@contacts.command("test")
def try_contacts(ids: _Ids, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Send a real message to contacts now, marked as a test. Exit code 1 if one did not go out."""
    failed = False
    for payload in run_to_end(change_each(url, key, _TEST, ids, "tested")):
        contact = payload["contact"]
        failed = failed or contact["lastError"] is not None
        result = contact["lastError"] or "the message went out."
        print_json(contact) if as_json else typer.echo(f"{contact['id']} ({contact['target']}): {result}")
    if failed:
        raise typer.Exit(1)


@contacts.command("delete")
def delete_contacts(ids: _Ids, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Delete contacts. Alerts that they did not receive yet are dropped."""
    for payload in run_to_end(change_each(url, key, _DELETE, ids, "deleted")):
        deleted = payload["deletedId"]
        print_json({"deletedId": deleted}) if as_json else typer.echo(f"{deleted} is deleted.")


async def _listed(url: str, key: str) -> list[dict[str, Any]]:
    async with connected(url, key) as api:
        found: list[dict[str, Any]] = (await api.ask(_LIST, {}))["contacts"]
        return found
