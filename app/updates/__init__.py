"""Live updates: changes, carried from the process that records them to followers.

`update` is what is carried, `cursor` where a follower stands, `bus` the interface; `ring` and `redis_streams` are the
two ways of doing it.
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
        kept: how many updates are kept to go on from: of everything in memory, of each topic and workspace in Redis.

    Raises:
        ValueError: the URL is of another kind.
    """
    match urlsplit(url).scheme:
        case "memory":
            return Ring(kept=kept)
        case "redis" | "rediss" | "unix":
            # Loading redis-py takes a tenth of the time that an embedded server needs to start.
            from app.updates.redis_streams import RedisStreams

            return RedisStreams(url, kept=kept)
        case scheme:
            raise ValueError(
                f"Live updates go over memory://, redis://, rediss:// or unix://, not over {scheme or 'no scheme'}."
            )
