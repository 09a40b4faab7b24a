"""Live updates: carries changes from the process that records them to followers.

`update` is a change, `cursor` a follower's position, `bus` the interface; `ring` and `redis_streams` implement it.
"""

from urllib.parse import urlsplit

from app.updates.bus import Batch, Updates
from app.updates.cursor import InvalidCursor
from app.updates.ring import Ring
from app.updates.update import Topic, Update

__all__ = ["Batch", "InvalidCursor", "Topic", "Update", "Updates", "open_updates"]


def open_updates(url: str, *, kept: int) -> Updates:
    """The bus at a URL, to be opened by `async with`.

    Args:
        url: memory:// for this process alone; redis://, rediss:// or unix:// between processes.
        kept: how many updates are kept for followers to resume: in total in memory, per topic and workspace in Redis.

    Raises:
        ValueError: the URL is of another kind.
    """
    match urlsplit(url).scheme:
        case "memory":
            return Ring(kept=kept)
        case "redis" | "rediss" | "unix":
            # Loading redis-py takes a tenth of an embedded server's start time.
            from app.updates.redis_streams import RedisStreams

            return RedisStreams(url, kept=kept)
        case scheme:
            raise ValueError(
                f"Live updates go over memory://, redis://, rediss:// or unix://, not over {scheme or 'no scheme'}."
            )
