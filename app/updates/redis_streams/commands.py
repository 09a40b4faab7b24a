"""The bus's commands to Redis, with types: streams, cursors and entries in and out; keys and IDs stay inside."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError

from app.updates.cursor import Cursor
from app.updates.redis_streams.entries import (
    BELL,
    Entry,
    RawEntry,
    format_id,
    parse_id,
    read_entry,
    stream_key,
    stream_of,
)
from app.updates.redis_streams.outbox import Parcel
from app.updates.redis_streams.scripts import APPEND, FOLLOWED, SURVEY
from app.updates.update import Stream, encode

# Bounds of one answer: entries of a stream (each of at most a hundred updates), rings.
MAX_ENTRIES = 40
MAX_RINGS = 1_000
BELL_LENGTH = 1_000


class Commands:
    """Each command raises the errors of redis-py: RedisError, OSError.

    Args:
        client: does not decode; closed by its opener.
        kept: about how many updates a stream keeps.
        life_ms: how long a stream lives that is not surveyed.
    """

    def __init__(self, client: Redis, *, kept: int, life_ms: int) -> None:
        self._client: Any = client  # redis-py types arguments and answers as the union over all its settings
        self._append = client.register_script(APPEND)
        self._survey = client.register_script(SURVEY)
        self._followed = client.register_script(FOLLOWED)
        self._kept = kept
        self._life_ms = life_ms

    async def append(self, parcels: Sequence[Parcel]) -> None:
        """Write each parcel as one entry, all or none, and ring.

        Raises:
            TypeError: an update cannot be encoded.
        """
        arguments: list[bytes | int] = [self._kept, self._life_ms, BELL_LENGTH]
        for parcel in parcels:
            arguments += encode(parcel.updates), len(parcel.updates), int(parcel.lost)
        keys = [BELL, *(stream_key(parcel.stream) for parcel in parcels)]
        await _answer(self._append(keys=keys, args=arguments))

    async def followed(self, streams: Sequence[Stream]) -> dict[Stream, float]:
        """The streams that are followed or were until recently, each with the seconds for which it will still exist."""
        left: list[int] = await _answer(self._followed(keys=[stream_key(stream) for stream in streams]))
        return {stream: ms / 1000 for stream, ms in zip(streams, left, strict=True) if ms > 0}

    async def survey(self, streams: Sequence[Stream]) -> tuple[bytes, list[Cursor]]:
        """The ID of the last ring, and each stream's position; a missing or incomplete stream is reborn."""
        tails: list[bytes]
        bell, *tails = await _answer(self._survey(keys=[BELL, *map(stream_key, streams)], args=[self._life_ms]))
        return bell, [parse_id(tail) for tail in tails]

    async def listen(self, bell: bytes, seconds: float) -> tuple[bytes, set[Stream]]:
        """Wait for rings after this one; return the ID of the last and the streams that rang."""
        block_ms = max(1, int(seconds * 1000))  # 0 would mean forever
        names: set[bytes] = set()
        for _, rings in await _answer(self._client.xread({BELL: bell}, count=MAX_RINGS, block=block_ms)):
            bell = rings[-1][0]
            names.update(*(fields[b"streams"].split(b"\n") for _, fields in rings))
        return bell, {stream for name in names if (stream := stream_of(name.decode()))}

    async def read(self, positions: Mapping[Stream, Cursor]) -> dict[Stream, list[Entry]]:
        """The next `MAX_ENTRIES` entries of each stream that has any."""
        streams = {stream_key(stream).encode(): stream for stream in positions}
        after = {key: format_id(positions[stream]) for key, stream in streams.items()}
        answer: list[tuple[bytes, list[RawEntry]]] = await _answer(self._client.xread(after, count=MAX_ENTRIES))
        return {streams[key]: _entries(streams[key], raw) for key, raw in answer}

    async def read_on(self, stream: Stream, position: Cursor) -> list[Entry]:
        """The next `MAX_ENTRIES` entries of one stream, if it has any."""
        after = f"({format_id(position)}"
        return _entries(stream, await _answer(self._client.xrange(stream_key(stream), min=after, count=MAX_ENTRIES)))


async def _answer(asking: Awaitable[Any]) -> Any:
    """The answer of Redis, or the error of redis-py that explains why there is none."""
    try:
        return await asking
    except RuntimeError as error:
        # uvloop raises this for a connection that has just broken; asyncio raises ConnectionError.
        raise ConnectionError(str(error)) from error


def _entries(stream: Stream, raw: Sequence[RawEntry]) -> list[Entry]:
    _, workspace_id = stream
    return [read_entry(workspace_id, entry) for entry in raw]
