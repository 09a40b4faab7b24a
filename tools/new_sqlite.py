"""Writes app/database/new_sqlite.sql from a database that every migration has run on: `make new-sqlite`."""

import asyncio
import tempfile
from pathlib import Path

from app.database.migrate import run_migrations
from app.database.new_sqlite import SCRIPT, text_of


def main() -> None:
    """Write the script."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "new.db"
        asyncio.run(run_migrations(f"sqlite://{file}"))
        SCRIPT.write_text(text_of(file), encoding="utf-8")


if __name__ == "__main__":
    main()
