"""Makes the tables of a new SQLite file at once, from the text that all migrations together lead to.

Running every migration builds Tortoise's models once per migration, which is most of a first start. The text is
new_sqlite.sql, which `make new-sqlite` writes after a migration was added; until then, those that it
lacks run as usual. `tests/app/database/test_new_sqlite.py` compares both ways.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

SCRIPT = Path(__file__).with_name("new_sqlite.sql")


def create(file: Path) -> bool:
    """Make the tables, with the records of their migrations, unless the file has tables; return whether it did."""
    with closing(sqlite3.connect(file)) as connection:
        if connection.execute("SELECT 1 FROM sqlite_master").fetchone() is not None:
            return False
        connection.executescript(SCRIPT.read_text(encoding="utf-8"))
    return True


def text_of(file: Path) -> str:
    """The statements that make a file with the same tables and rows."""
    with closing(sqlite3.connect(file)) as connection:
        return "".join(f"{statement}\n" for statement in connection.iterdump())
