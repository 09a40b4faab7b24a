"""A cache of recently used API keys: looked up now and then rather than at every request, with their uses written
together.

This module knows rows and times. It does not know what a key may do.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Literal

import orjson

from app.clock import from_micros, to_micros
from app.database.batch import Columns
from app.database.database import Database, Row, Statements
from app.networks import Network
from app.statuses import Scope

# All other processes refuse a revoked key after at most this time. Open streams are checked at an interval
# (`app.access.open_streams`), and both together are less than a second.
KEPT = timedelta(seconds=0.4)
MAX_KEPT = 10_000
# Precise enough to see which keys are still used.
USE_RESOLUTION = timedelta(minutes=1)

_COLUMNS = "id, workspace_id, name, scopes, allowed_sources, expires_at, last_used_at, revoked_at"
_FIND = {column: f"SELECT {_COLUMNS} FROM api_key WHERE {column} = $1" for column in ("id", "key_hash")}
_USES: Columns = (("id", "text"), ("at", "bigint"))
_WRITE_USES = (
    "UPDATE api_key SET last_used_at = uses.at FROM {rows} AS uses"
    " WHERE api_key.id = uses.id AND (api_key.last_used_at IS NULL OR api_key.last_used_at + $1 <= uses.at)"
    " RETURNING api_key.id"
)


def digest(key: str) -> str:
    """The hash under which a key is stored, in hex.

    A fast hash is right here: keys, unlike passwords, are random and long, so they cannot be guessed, and the hash is
    needed at every request.
    """
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class KnownKey:
    """The row of an API key, as it was when it was read."""

    id: str
    workspace_id: str
    name: str
    scopes: frozenset[Scope]
    allowed_sources: tuple[Network, ...]
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked: bool


class KnownKeys:
    """The cached keys of one process, limited in number to bound memory."""

    def __init__(self, most: int = MAX_KEPT) -> None:
        self._most = most
        self._kept: OrderedDict[str, tuple[KnownKey, datetime]] = OrderedDict()
        self._uses: dict[str, datetime] = {}
        self._forgotten = 0

    async def find(
        self, statements: Statements, column: Literal["id", "key_hash"], value: str, now: datetime
    ) -> KnownKey | None:
        """The key with this ID or hash, as the database had it at most `KEPT` ago."""
        kept = self._kept.get(value)
        # Not below zero either: a clock that was set back must not keep a revoked key valid.
        if kept is not None and timedelta(0) <= now - kept[1] < KEPT:
            return kept[0]
        forgotten = self._forgotten
        row = await statements.fetch_one(_FIND[column], value)
        if row is None:
            self._kept.pop(value, None)
            return None
        key = _known(row)
        if forgotten == self._forgotten:  # otherwise this may be the row as it was before the change
            self._keep(value, key, now)
        return key

    def _keep(self, value: str, key: KnownKey, now: datetime) -> None:
        self._kept[value] = (key, now)
        self._kept.move_to_end(value)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def forget(self, key_id: str) -> None:
        """Drop this key from the cache, because it was just changed in the database."""
        self._forgotten += 1
        for value in [value for value, (key, _) in self._kept.items() if key.id == key_id]:
            del self._kept[value]

    def note_use(self, key: KnownKey, now: datetime) -> None:
        """Remember that a key was used, for `write_uses`."""
        if key.last_used_at is None or now - key.last_used_at >= USE_RESOLUTION:
            self._uses[key.id] = now

    async def write_uses(self, database: Database) -> int:
        """Write the uses noted since the last call; return how many keys' rows changed."""
        uses, self._uses = self._uses, {}
        if not uses:
            return 0
        try:
            noted = [(key_id, to_micros(at)) for key_id, at in sorted(uses.items())]
            rows = await database.fetch_rows(_WRITE_USES, _USES, noted, USE_RESOLUTION // timedelta(microseconds=1))
        except BaseException:
            self._uses = uses | self._uses
            raise
        return len(rows)


def _known(row: Row) -> KnownKey:
    return KnownKey(
        id=row["id"],
        workspace_id=row["workspace_id"],
        name=row["name"],
        scopes=frozenset(map(Scope, orjson.loads(row["scopes"]))),
        allowed_sources=tuple(map(ip_network, orjson.loads(row["allowed_sources"]))),
        expires_at=None if row["expires_at"] is None else from_micros(row["expires_at"]),
        last_used_at=None if row["last_used_at"] is None else from_micros(row["last_used_at"]),
        revoked=row["revoked_at"] is not None,
    )
