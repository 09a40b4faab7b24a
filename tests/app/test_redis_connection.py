"""How this program connects to Redis."""

import sys

from redis.asyncio import BlockingConnectionPool

from app.redis_connection import connect


def test_a_further_connection_reads_no_files() -> None:
    # Regression: redis-py reads its own version for each connection, on the event loop.
    pool = connect("redis://127.0.0.1:1/0", 1.0).connection_pool
    assert isinstance(pool, BlockingConnectionPool)
    opened = list[str]()
    listening = True

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if listening and event == "open":
            opened.append(str(arguments[0]))

    sys.addaudithook(watch)  # Python cannot remove it
    pool.make_connection()  # type: ignore[no-untyped-call]
    listening = False

    assert opened == []
