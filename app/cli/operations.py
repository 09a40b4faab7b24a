"""`eev-webhooks operations …`: bulk retries, cancellations and replays in the background of a running server."""

from typing import Annotated, Any

import typer

from app.cli.loop import run_to_end
from app.cli.output import AsJson, print_json, print_table
from app.cli.remote import DEFAULT_URL, Key, Limit, Url, cell, change_each, connected, listed
from app.cli.values import id_of
from app.ids import OPERATION

operations = typer.Typer(help="List and cancel background operations on a running server.", no_args_is_help=True)

_LIST = """
query ($first: Int, $after: String) {
  operations(first: $first, after: $after) {
    nodes { id kind status matched done createdAt completedAt createdBy { kind name } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
_CANCEL = """
mutation ($input: OperationIdInput!) {
  cancelOperation(input: $input) { operation { id status matched done } userErrors { message path } }
}
"""


@operations.command("list")
def list_operations(limit: Limit = 50, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """List operations, newest first."""
    found = run_to_end(_listed(url, key, limit))
    if as_json:
        print_json(found)
    else:
        columns = ("id", "kind", "status", "matched", "done", "createdAt", "completedAt")
        rows = [[*(cell(each[name]) for name in columns), cell(each["createdBy"]["name"])] for each in found]
        print_table((*columns, "by"), rows)


@operations.command("cancel")
def cancel_operations(
    ids: Annotated[
        list[str],
        typer.Argument(metavar="ID…", help="IDs of operations (op_…).", callback=id_of("operation", OPERATION)),
    ],
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Cancel running operations. What they have done already stays done."""
    for payload in run_to_end(change_each(url, key, _CANCEL, ids, "canceled")):
        operation = payload["operation"]
        done = f"{operation['id']} is canceled after {operation['done']} of {operation['matched']}."
        print_json(operation) if as_json else typer.echo(done)


def print_begun(begun: dict[str, Any], *, as_json: bool) -> None:
    """Say what a bulk retry does, or would do."""
    matched, operation = begun["matched"], begun["operation"]
    if as_json:
        print_json({"matched": matched, "operation": operation})
    elif operation is None:
        typer.echo(f"{matched} deliveries would be retried.")
    else:
        typer.echo(f"{matched} deliveries are being retried in the background by {operation['id']}.")


async def _listed(url: str, key: str, limit: int) -> list[dict[str, Any]]:
    async with connected(url, key) as api:
        return await listed(api, _LIST, {}, limit)
