"""`eev-webhooks schema`: the GraphQL schema as text."""

from difflib import unified_diff
from pathlib import Path
from typing import Annotated

import typer

from app.cli.failures import Refused

_USUAL = Path("schema.graphql")
# Enough to see what it is about.
_SHOWN_LINES = 40


def schema(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="File to write the schema to.", show_default="stdout", dir_okay=False),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if FILE (by default schema.graphql) is stale.")
    ] = False,
) -> None:
    """Print or write the GraphQL schema."""
    from graph.schema import export

    text = export()
    if check:
        _require_current(file or _USUAL, text)
    elif file is not None:
        file.write_text(text, encoding="utf-8")
    else:
        typer.echo(text, nl=False)


def _require_current(file: Path, text: str) -> None:
    try:
        stored = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Refused(f"{file} does not exist; `make schema` writes schema.graphql.") from None
    if stored != text:
        lines = list(unified_diff(stored.splitlines(), text.splitlines(), str(file), "the code", lineterm=""))
        difference = "\n".join(lines[:_SHOWN_LINES])
        raise Refused(f"{difference}\n{file} is stale; `make schema` writes schema.graphql again.")
