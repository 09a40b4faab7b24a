"""Live updates between processes, over Redis Streams: a stream for each topic and workspace.

Needs Redis 6.2 or newer (or Valkey): XADD with MINID, scripts. `scripts` defines how a stream counts and when it is
reborn; `writer` and `reader` are the two halves, each a background task that survives outages of Redis.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Self

import structlog

from app.redis_connection import cancelled, connect
from app.supervision import supervised
from app.updates.bus import Batch
from app.updates.cursor import parse_cursor
from app.updates.redis_streams.commands import Commands
from app.updates.redis_streams.condition import Condition
from app.updates.redis_streams.reader import Reader
from app.updates.redis_streams.writer import Writer
from app.updates.update import Topic, Update

log = structlog.get_logger()

# How long closing waits until announced updates are written.
CLOSE_SECONDS = 2.0


class RedisStreams:
    """`Updates` over Redis. Opens even if Redis is away, and works once it is back.

    Args:
        url: redis://, rediss:// or unix://.
        kept: about how many updates Redis keeps of each stream.
        window: how many updates are held in memory for this process's followers, in total.
        waiting: how many announced updates may wait in memory while Redis is away.
        life_seconds: how long a stream is written and kept after its last follower has left, for followers that resume.
        survey_seconds: within what time an unannounced loss is found.
        timeout_seconds: how long Redis may take for an answer.
    """

    def __init__(
        self,
        url: str,
        *,
        kept: int = 20_000,
        window: int = 20_000,
        waiting: int = 20_000,
        life_seconds: int = 600,
        survey_seconds: float = 5.0,
        timeout_seconds: float = 5.0,
    ) -> None:
        self._client = connect(url, timeout_seconds)
        commands = Commands(self._client, kept=kept, life_ms=life_seconds * 1000)
        self._conditions = writing, reading = Condition("written", url), Condition("read", url)
        self._writer = Writer(commands, writing, capacity=waiting)
        self._reader = Reader(
            commands,
            reading,
            lambda stream: self._writer.followed(stream, life_seconds),
            window=window,
            survey_seconds=survey_seconds,
            block_seconds=timeout_seconds / 2,
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(supervised("updates writer", self._writer.run), name="updates writer"),
            asyncio.create_task(supervised("updates reader", self._reader.run), name="updates reader"),
        ]
        return self

    async def __aexit__(self, *error: object) -> None:
        writing, reading = self._tasks
        self._reader.close()
        self._writer.close()
        await asyncio.wait([writing], timeout=CLOSE_SECONDS)
        if not writing.done():
            log.warning("updates.unannounced", waiting=self._writer.waiting)
        await cancelled(writing, reading)
        await self._client.aclose()

    def announce(self, topic: Topic, updates: Sequence[Update]) -> None:
        """See `Updates.announce`."""
        self._writer.put(topic, updates)

    def follow(self, topic: Topic, workspace_id: str, after: str | None = None) -> AsyncGenerator[Batch, None]:
        """See `Updates.follow`. If it begins while Redis is away, the first batch comes when Redis is back, with a
        gap.
        """
        return self._reader.follow((topic, workspace_id), None if after is None else parse_cursor(after))

    def healthy(self) -> str | None:
        """See `Updates.healthy`: as of the last few seconds."""
        return next((condition.sentence for condition in self._conditions if condition.sentence), None)

    @property
    def followers(self) -> int:
        """See `Updates.followers`."""
        return self._reader.followers
