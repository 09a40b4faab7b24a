"""Column types that look the same on PostgreSQL and SQLite, so that one SQL text serves both.

See docs/adr/0001-one-sql-text-for-two-databases.md.
"""

from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

import orjson
from tortoise import fields

from app.clock import Micros, from_micros, to_micros

Text = TypeVar("Text", str, str | None)
Moment = TypeVar("Moment", datetime, datetime | None)
Member = TypeVar("Member", bound=Enum)


class IdField(fields.CharField[Text]):
    """A TypeID as text. The C collation on PostgreSQL compares bytes: IDs sort by creation, and quickly."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 40, **kwargs})  # type: ignore[misc]

    class _db_postgres:  # noqa: N801 — Tortoise's name
        SQL_TYPE = 'VARCHAR(40) COLLATE "C"'


class LongTextField(fields.Field[Text], str):  # type: ignore[misc]
    """Text of any length; unlike Tortoise's own, it can tell the type checker whether it may be null."""

    SQL_TYPE = "TEXT"


class TimestampField(fields.Field[Moment], int):
    """A moment: microseconds since the epoch in the database, an aware UTC datetime in Python."""

    SQL_TYPE = "BIGINT"

    def to_db_value(self, value: Any, instance: Any) -> int | None:  # noqa: ARG002
        """Microseconds for a datetime; None and raw microseconds pass unchanged."""
        return to_micros(value) if isinstance(value, datetime) else value

    def to_python_value(self, value: Any) -> datetime | None:
        """A datetime for microseconds; None and datetimes pass unchanged."""
        return from_micros(Micros(value)) if isinstance(value, int) else value


class JsonField(fields.Field[Any], str):  # type: ignore[misc]
    """A JSON document as text: the same on both databases, and never reordered."""

    SQL_TYPE = "TEXT"

    def to_db_value(self, value: Any, instance: Any) -> str | None:  # noqa: ARG002
        """JSON text for a value that orjson can write; None stays NULL."""
        return None if value is None else orjson.dumps(value).decode()

    def to_python_value(self, value: Any) -> Any:
        """The value of JSON text; anything but text passes unchanged."""
        return orjson.loads(value) if isinstance(value, str) else value


def EnumField(enum_type: type[Member], *, max_length: int, **kwargs: Any) -> fields.Field[Member]:  # noqa: N802
    """A member of an enum as text.

    Has no column comment: Tortoise's own lists the members, so that each new member would need a migration.
    """
    return fields.CharEnumField(enum_type, description="", max_length=max_length, **kwargs)
