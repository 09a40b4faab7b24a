"""Lets all processes of an installation count a key's requests together, over Redis, without a request ever waiting for
it.

Each process decides by its own bucket and reports to Redis in the background what it allowed: large amounts at once,
others after a while, all keys in one script. The reply is what all processes together have left, and corrects the
process's own bucket. A request therefore costs no round trip. In exchange, processes may together allow more than a
burst before they learn of one another. That becomes a debt, which has to be waited off, so the rate still holds in the
long run.

An outage of Redis only suspends counting together: each process continues with its own bucket, and what it allowed
meanwhile is forgiven.
"""

import asyncio
import contextlib
import math
from collections.abc import Callable
from typing import Any, Self

import structlog
from redis.exceptions import RedisError

from app.rates.bucket import Limit
from app.redis_connection import backoff_seconds, cancelled, connect
from app.supervision import supervised

log = structlog.get_logger()

PREFIX = "eev:rate:"
TIMEOUT_SECONDS = 1.0
# A share of a burst that is reported at once; smaller amounts are reported after this many seconds.
SHARE_OF_BURST = 0.05
PATIENCE_SECONDS = 0.25
# However many keys there are, reports to Redis are at least this far apart.
PACE_SECONDS = 0.02

# Redis's own time, because machines' clocks differ. A debt of more than a burst is forgiven.
_SETTLE = """
-- KEYS: buckets. ARGV: tokens a second, burst, life of a bucket in ms; then what was spent of each. Returns the levels.
local rate, burst, life = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local levels = {}
for i, key in ipairs(KEYS) do
  local kept = redis.call('HMGET', key, 'level', 'at')
  local level = burst
  if kept[1] and kept[2] then
    level = math.min(burst, kept[1] + math.max(0, now - kept[2]) * rate)
  end
  levels[i] = string.format('%.6f', math.max(-burst, level - ARGV[3 + i]))
  redis.call('HSET', key, 'level', levels[i], 'at', string.format('%.6f', now))
  redis.call('PEXPIRE', key, life)
end
return levels
"""


class SharedCounts:
    """One process's part in counting together.

    Args:
        url: redis:// or rediss://.
        limit: the same in all processes.
        kind: distinguishes these counts from other ones.
    """

    def __init__(self, url: str, limit: Limit, kind: str = "") -> None:
        self._client = connect(url, TIMEOUT_SECONDS)
        self._settle: Any = self._client.register_script(_SETTLE)
        self._limit = limit
        self._prefix = PREFIX + kind
        self._much = max(1, int(limit.burst * SHARE_OF_BURST))
        # Longer than a bucket takes to fill up, because a missing bucket counts as full.
        self._life_ms = 1_000 * math.ceil(1 + 2 * limit.burst / limit.per_second)
        self._spent: dict[str, int] = {}
        self._some_spent = asyncio.Event()
        self._much_spent = asyncio.Event()
        self._failures = 0
        self.learn: Callable[[str, float], None] = lambda _key_id, _level: None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(supervised("rates", self._run), name="rates")
        return self

    async def __aexit__(self, *error: object) -> None:
        await cancelled(self._task)
        await self._client.aclose()

    def spent(self, key_id: str, amount: int = 1) -> None:
        """Note that this amount was allowed."""
        spent = self._spent[key_id] = self._spent.get(key_id, 0) + amount
        self._some_spent.set()
        if spent >= self._much:
            self._much_spent.set()

    async def _run(self) -> None:
        while True:
            await self._some_spent.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._much_spent.wait()
            spent, self._spent = self._spent, {}
            self._some_spent.clear()
            self._much_spent.clear()
            await asyncio.sleep(await self._tell(spent))

    async def _tell(self, spent: dict[str, int]) -> float:
        """Report to Redis and apply its reply; return how long to wait before the next report, in seconds."""
        arguments = [self._limit.per_second, self._limit.burst, self._life_ms, *spent.values()]
        try:
            levels = await self._settle(keys=[self._prefix + key_id for key_id in spent], args=arguments)
        except (RedisError, OSError, RuntimeError) as error:  # RuntimeError: uvloop's, for a connection that just broke
            if self._failures == 0:
                log.warning("rates.interrupted", problem=f"{type(error).__name__}: {error}")
            self._failures += 1
            return backoff_seconds(self._failures)
        if self._failures:
            log.info("rates.resumed")
        self._failures = 0
        for key_id, level in zip(spent, levels, strict=True):
            self.learn(key_id, float(level) - self._spent.get(key_id, 0))
        return PACE_SECONDS
