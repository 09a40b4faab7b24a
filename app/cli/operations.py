"""`eev-webhooks operations …`: bulk retries, cancellations and replays in the background of a running server."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.failures import Refused
from app.cli.loop import run_to_end
from app.cli.output import AsJson, print_json, print_table
from app.cli.remote import DEFAULT_URL, Key, Limit, Url, cell, change_each, connected, fetch_list
from app.cli.values import id_of
from app.ids import OPERATION
from app.statuses import OperationStatus

if TYPE_CHECKING:
    from app.cli.api import Api

operations = typer.Typer(help="List and cancel background operations on a running server.", no_args_is_help=True)

# Between two looks at how far it is.
POLL_SECONDS = 0.5

_LIST = """
query ($first: Int, $after: String) {
  operations(first: $first, after: $after) {
    nodes { id kind status matched done createdAt completedAt createdBy { kind name } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
_PROGRESS = "query ($id: ID!) { operation(id: $id) { id status matched done } }"
_CANCEL = """
mutation ($input: OperationIdInput!) {
  cancelOperation(input: $input) { operation { id status matched done } userErrors { message path } }
}
"""


@operations.command("list")
def list_operations(limit: Limit = 50, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """List operations, newest first."""
    found = run_to_end(fetch_list(url, key, _LIST, {}, limit))
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


async def carried_out(
    url: str,
    key: str,
    mutation: str,
    asked: Mapping[str, Any],
    doing: str,
    incomplete: Callable[[dict[str, Any]], str],
    *,
    wait: bool,
    quiet: bool,
) -> dict[str, Any]:
    """The payload of a mutation that begins an operation; with `wait`, the operation is the completed one.

    Args:
        doing: what the operation does, beside a bar on stderr.
        incomplete: the sentence about an operation that ended before it was completed.
        quiet: whether to show no bar.

    Raises:
        Refused: the operation was not completed.
    """
    async with connected(url, key) as api:
        begun = await api.change(mutation, asked)
        if wait and begun["operation"] is not None:
            operation = await _until_ended(api, begun["operation"], doing, quiet=quiet)
            if operation["status"] != OperationStatus.COMPLETED:
                raise Refused(incomplete(operation))
            begun["operation"] = operation
    return begun


async def _until_ended(api: "Api", operation: dict[str, Any], doing: str, *, quiet: bool) -> dict[str, Any]:
    """The operation once it is over; a bar on stderr shows how far it is.

    Raises:
        Refused: it is no longer known.
    """
    import asyncio

    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task(doing, total=operation["matched"])
        while operation["status"] == OperationStatus.RUNNING:
            await asyncio.sleep(POLL_SECONDS)
            found = (await api.ask(_PROGRESS, {"id": operation["id"]}))["operation"]
            if found is None:
                raise Refused(f"The operation {operation['id']} no longer exists.")
            operation = found
            bar.update(task, completed=operation["done"])
    return operation
