"""Selects rows by conditions, in the order of their IDs, a batch at a time. Pure: conditions in, statements out."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from app.delivery_filter import Condition

Statement: TypeAlias = tuple[str, list[Any]]

# Counting this many takes a few seconds; larger selections must be split.
MAX_MATCHED = 1_000_000


def numbered(conditions: Sequence[Condition], taken: int = 0) -> Statement:
    """The conditions joined, each `?` numbered as `$1`, `$2`, …, behind those taken, and their values."""
    texts, values = [], list[Any]()
    for text, given in conditions:
        first, *rest = text.split("?")
        texts.append(first + "".join(f"${number}{piece}" for number, piece in enumerate(rest, taken + len(values) + 1)))
        values += given
    return " AND ".join(texts), values


def picked(source: str, columns: str, lanes: Sequence[Sequence[Condition]], limit: int) -> Statement:
    """The statement that reads the first rows that meet the conditions of a lane.

    One lane for each status, instead of one condition for all of them, lets the statement follow an index in the order
    of IDs to the first rows.

    Args:
        source: a table and its alias.
        columns: what to read, including the ID.
        lanes: conditions that differ in their text but not in their values.
    """
    lane = f"SELECT {columns} FROM {source} WHERE {{where}} ORDER BY id LIMIT {limit}"
    union, values = _united(lane, lanes)
    return f"SELECT * FROM ({union}) AS found ORDER BY id LIMIT {limit}", values


def counted(source: str, lanes: Sequence[Sequence[Condition]], by: str) -> Statement:
    """The statement that counts such rows by the values of a column, each as `matched`, and stops at one more than
    `MAX_MATCHED` in total.
    """
    limit = MAX_MATCHED + 1
    union, values = _united(f"SELECT {by} FROM {source} WHERE {{where}} LIMIT {limit}", lanes)
    found = f"SELECT * FROM ({union}) AS found LIMIT {limit}"
    return f"SELECT {by}, count(*) AS matched FROM ({found}) AS counted GROUP BY {by}", values


def _united(lane: str, lanes: Sequence[Sequence[Condition]]) -> Statement:
    texts, values = [], list[Any]()
    for number, conditions in enumerate(lanes):
        where, values = numbered(conditions)
        texts.append(f"SELECT * FROM ({lane.format(where=where)}) AS lane{number}")
    return " UNION ALL ".join(texts), values
