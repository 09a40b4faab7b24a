"""Output of commands: JSON for scripts, tables for people. Knows no command."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

# In a pipe, every row is one line.
_UNBOUNDED = 1_000

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def print_json(value: Any) -> None:
    """Print a value as JSON, on one line."""
    import orjson

    typer.echo(orjson.dumps(value))


def print_fields(fields: Mapping[str, Any]) -> None:
    """Print an object for people: a line for each field; what is nested, as JSON."""
    import orjson

    width = max(map(len, fields))
    for name, value in fields.items():
        shown = "–" if value is None else value if isinstance(value, str) else orjson.dumps(value).decode()
        text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown)  # no escape sequence of others
        typer.echo(f"{name:<{width}}  {text}")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under their columns. The first column holds IDs and is never cut."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=column == columns[0], overflow="fold")
    for row in rows:
        # Names chosen by users must not be read as markup.
        table.add_row(*map(Text, row))
    console = Console()
    if not console.is_terminal:
        console.width = _UNBOUNDED
    console.print(table)
