"""How much one API key may ask for: token buckets of requests and of their cost, including its access tokens.

`bucket` counts, `limiter` is the process's, `shared_counts` lets processes count together over Redis. See ADR 8.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from app.clock import Clock
from app.rates.bucket import Limit
from app.rates.limiter import Limiter, cost_refused, requests_refused
from app.settings import Settings

__all__ = ["Limiter", "Rates", "open_rates"]


@dataclass(frozen=True, slots=True)
class Rates:
    """The limits of one process.

    Attributes:
        requests: how many requests a key may make.
        cost: how much its operations may cost.
    """

    requests: Limiter
    cost: Limiter


@asynccontextmanager
async def open_rates(settings: Settings, clock: Clock, observe: Callable[[], None]) -> AsyncIterator[Rates]:
    """The limits defined by the settings; processes that share a Redis count together.

    Args:
        observe: called for each refusal.
    """
    requests = Limit(settings.rate_limit_per_second, settings.rate_limit_burst)
    cost = Limit(settings.cost_limit_per_second, settings.max_query_cost)
    async with AsyncExitStack() as stack:

        async def limiter(limit: Limit, kind: str, words: Callable[[Limit, float, int], str]) -> Limiter:
            if limit.per_second == 0:
                return Limiter(None, clock)
            if (url := settings.shared_redis_url) is None:
                return Limiter(limit, clock, observe=observe, words=words)
            from app.rates.shared_counts import SharedCounts  # redis-py: an embedded server need not load it

            shared = await stack.enter_async_context(SharedCounts(url, limit, kind))
            return Limiter(limit, clock, shared, observe, words=words)

        yield Rates(await limiter(requests, "", requests_refused), await limiter(cost, "cost:", cost_refused))
