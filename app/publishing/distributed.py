"""Publishing beside other processes: workers are woken after the commit and claim the deliveries."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from app.database.database import Database, Statements
from app.database.statements import Write
from app.publishing.commit import Decide, Published, writes_of


class DistributedPublishing:
    """The transactions of publishing in the distributed mode (`app.publishing.commit.PublishingMode`).

    They take one round trip to PostgreSQL if nothing has to be read. Their commits do not contend for the interpreter,
    so they do not gather.
    """

    gathers = False

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def write(self, results: Sequence[Published], check: Write) -> AsyncIterator[None]:
        """Write results and check."""
        async with self._database.committing_all(check, *writes_of(self._database.dialect, results, {})):
            yield

    @asynccontextmanager
    async def decide_and_write(self, decide: Decide, rows: int) -> AsyncIterator[list[Published]]:
        """Read, then write."""

        async def work(statements: Statements) -> list[Published]:
            results = await decide(statements)
            await statements.write_all(*writes_of(statements.dialect, results, {}))
            return results

        async with self._database.committing(work, rows=rows) as results:
            yield results
