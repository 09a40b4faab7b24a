"""Sessions of the dashboard: a browser presents a random token in a cookie instead of the API key that opened it.

Only the token's hash is stored. A session ends explicitly, after `IDLE` without use, or with its API key.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from app.access.known_keys import digest
from app.clock import Clock, to_micros
from app.database.database import Database

PREFIX = "eevs_"
IDLE = timedelta(hours=12)
# Precise enough for a limit of hours, without a write for each request.
_USE_RESOLUTION = timedelta(minutes=1) // timedelta(microseconds=1)
_RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions in the database."""

    database: Database
    clock: Clock

    async def open(self, api_key_id: str) -> str:
        """Open a session for the holder of an API key; return its token, which is not stored. Deletes idle sessions."""
        token = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
        now = to_micros(self.clock.now())
        async with self.database.transaction() as statements:
            await statements.execute("DELETE FROM session WHERE used_at <= $1", to_micros(self.clock.now() - IDLE))
            await statements.execute(
                "INSERT INTO session (id, api_key_id, created_at, used_at) VALUES ($1, $2, $3, $3)",
                *(digest(token), api_key_id, now),
            )
        return token

    async def key_of(self, token: str) -> str | None:
        """Return the ID of the API key that opened the session of this token; None if the session has ended."""
        now = to_micros(self.clock.now())
        row = await self.database.fetch_one(
            "SELECT api_key_id, used_at FROM session WHERE id = $1 AND used_at > $2",
            *(digest(token), to_micros(self.clock.now() - IDLE)),
        )
        if row is None:
            return None
        if now - row["used_at"] >= _USE_RESOLUTION:
            await self.database.execute("UPDATE session SET used_at = $2 WHERE id = $1", digest(token), now)
        return str(row["api_key_id"])

    async def end(self, token: str) -> None:
        """End the session of this token, in all processes. Ending it twice is no error."""
        await self.database.execute("DELETE FROM session WHERE id = $1", digest(token))
