"""How often one API key may ask: a token bucket for each, its access tokens' requests included.

`bucket` counts, `limiter` is the process's, `shared_counts` lets processes count together over Redis. See ADR 8.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from app.clock import Clock
from app.rates.bucket import Limit
from app.rates.limiter import Limiter
from app.settings import Settings

__all__ = ["Limiter", "open_limiter"]


@asynccontextmanager
async def open_limiter(settings: Settings, clock: Clock, observe: Callable[[], None]) -> AsyncIterator[Limiter]:
    """The limiter that the settings ask for; it counts together with other processes where they share a Redis.

    Args:
        observe: called for each refusal.
    """
    limit = Limit(settings.rate_limit_per_second, settings.rate_limit_burst)
    url = settings.shared_redis_url
    if settings.rate_limit_per_second == 0:
        yield Limiter(None, clock)
    elif url is None:
        yield Limiter(limit, clock, observe=observe)
    else:
        from app.rates.shared_counts import SharedCounts  # redis-py: an embedded server need not wait for it

        async with SharedCounts(url, limit) as shared:
            yield Limiter(limit, clock, shared, observe)
