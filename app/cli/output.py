"""Output of commands: JSON for scripts, tables for people. Knows no command."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

# In a pipe, every row is one line.
_UNBOUNDED = 1_000
_BETWEEN_COLUMNS = 3

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
    """Print rows under their columns. No word is cut: if the words do not fit beside each other in the terminal, each
    row is printed as a block with a line for each column."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console.width = _UNBOUNDED
    if rows and _narrowest(columns, rows) > console.width:
        _print_blocks(columns, rows)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column, cells in zip(columns, zip(*rows, strict=True) if rows else [()] * len(columns), strict=True):
        table.add_column(column, min_width=max(map(_longest_word, (column, *cells))), overflow="fold")
    for row in rows:
        # Names chosen by users must not be read as markup.
        table.add_row(*map(Text, row))
    console.print(table)


def _narrowest(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """The width of a table whose cells are broken between words only."""
    words = (max(map(_longest_word, cells)) for cells in zip(columns, *rows, strict=True))
    return sum(words) + _BETWEEN_COLUMNS * len(columns)


def _longest_word(text: str) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, text.split()), default=0)


def _print_blocks(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for row in rows:
        print_fields(dict(zip(columns, row, strict=True)))
        typer.echo()
