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
    widths = _widths(columns, rows, console.width)
    if widths is None:
        _print_blocks(columns, rows)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column, width in zip(columns, widths, strict=True):
        table.add_column(column, width=width, overflow="fold")
    for row in rows:
        # Names chosen by users must not be read as markup.
        table.add_row(*map(Text, row))
    console.print(table)


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]], most: int) -> list[int] | None:
    """The widths of columns whose cells are broken between words only; None if they do not fit."""
    from rich.cells import cell_len

    texts = [*zip(columns, *rows, strict=True)]
    least = [max(cell_len(word) for cell in column for word in (cell.split() or [""])) for column in texts]
    widths = [max(map(cell_len, column)) for column in texts]
    excess = sum(widths) + _BETWEEN_COLUMNS * len(columns) - most
    for _ in range(excess):
        slack, widest = max(
            (width - floor, index) for index, (width, floor) in enumerate(zip(widths, least, strict=True))
        )
        if slack == 0:
            return None
        widths[widest] -= 1
    return widths


def _print_blocks(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for row in rows:
        print_fields(dict(zip(columns, row, strict=True)))
        typer.echo()
