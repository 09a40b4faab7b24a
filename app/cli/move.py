"""`eev-webhooks move`: carries an installation from SQLite to PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.failures import Refused
from app.cli.loop import run_to_end
from app.cli.output import AsJson, print_json

if TYPE_CHECKING:
    from app.database.move import Observe


def move(
    to: Annotated[
        str | None,
        typer.Option(metavar="URL", envvar="MOVE_TO", help="URL of an empty PostgreSQL database: postgres://…"),
    ] = None,
    give_up: Annotated[
        bool, typer.Option("--give-up", help="Go on with the SQLite database after a move that began or ended.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Move everything from the SQLite database of DATABASE_URL into an empty PostgreSQL database.

    Stop the server first. Events, deliveries with their attempts, webhooks, keys and settings of workspaces are copied
    and verified by counts and digests; open deliveries are continued by the server on PostgreSQL. Secrets stay
    encrypted with the same keys, so the new server needs the same ENCRYPTION_KEYS or the key file in DATA_DIR.

    An interrupted move continues when it is run again. Until it is finished, no server starts on either database, and
    afterwards none starts on the SQLite database, which keeps its contents.
    """
    if give_up == (to is not None):
        raise typer.BadParameter("give either --to or --give-up.", param_hint="--to")
    if to is None:
        typer.echo(_given_up())
        return
    rows = run_to_end(_move(to))
    if as_json:
        print_json({"rows": rows})
    else:
        typer.echo(
            f"Moved and verified {sum(rows.values()):,} rows, {rows.get('delivery', 0):,} of them deliveries.\n"
            "Set DATABASE_URL to the PostgreSQL database, keep the encryption keys, and start the server."
        )


async def _move(url: str) -> dict[str, int]:
    from app.database.database import dialect_of
    from app.database.move import MoveRefused, move
    from app.settings import load_settings
    from tasks.embedded import sole_server

    try:
        is_postgres = dialect_of(url) == "postgres"
    except ValueError:
        is_postgres = False
    if not is_postgres:
        raise typer.BadParameter("give the URL of a PostgreSQL database: postgres://…", param_hint="--to")
    file = _file()
    try:
        async with sole_server(load_settings().database_url):
            with _progress() as observe:
                return await move(file, url, observe)
    except MoveRefused as error:
        raise Refused(str(error)) from None


def _given_up() -> str:
    from app.database.move import give_up

    if give_up(_file()):
        return "Servers start on the SQLite database again. Do not start one on PostgreSQL, which would send the same."
    return "No move has begun; there is nothing to give up."


def _file() -> Path:
    from app.database.database import dialect_of, sqlite_file
    from app.settings import load_settings

    url = load_settings().database_url
    if dialect_of(url) != "sqlite":
        raise Refused("DATABASE_URL names a PostgreSQL database already; only an SQLite database can be moved.")
    file = sqlite_file(url)
    if not file.exists():
        raise Refused(f"There is no database at {file}.")
    return file


@contextmanager
def _progress() -> "Iterator[Observe]":
    """Shows the table and its number of rows on stderr, if that is a terminal."""
    from collections import Counter

    from rich.console import Console

    console = Console(stderr=True)
    copied: Counter[str] = Counter()
    with console.status("Moving") as status:

        def observe(table: str, rows: int) -> None:
            copied[table] += rows
            status.update(f"Moving {table}: {copied[table]:,} rows")

        yield observe
