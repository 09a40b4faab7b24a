"""Dramatiq's Redis broker, asking less often for what this program never sends: delayed messages."""

from dramatiq.broker import Consumer
from dramatiq.brokers import redis
from dramatiq.common import dq_name

# Schedules live in the database, so the queue of delayed messages stays empty, and asking it costs as much as asking
# the other: half of what an idle worker does. A stop waits for this at most.
DELAYED_POLL_MS = 500


class RedisBroker(redis.RedisBroker):
    """The same broker but for the consumer of the queue of delayed messages."""

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5_000) -> Consumer:
        """A consumer of one queue that waits up to `timeout` ms before it asks again."""
        if queue_name == dq_name(queue_name):
            timeout = max(timeout, DELAYED_POLL_MS)
        consumer: Consumer = super().consume(queue_name, prefetch, timeout)
        return consumer
