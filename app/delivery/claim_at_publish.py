"""Claims deliveries in the transaction that publishes them: where the process that publishes delivers as well, and is
the only one, they need no wake-up, no claim and no look for their bodies.

The same limits hold as in a claim (`app.delivery.claim`). What they leave, what has an ordering key or a rate, and what
would overtake others of its webhook is written unclaimed, and woken up for.
"""

from collections.abc import Collection, Mapping, Sequence

from app.database.database import Statements
from app.delivery.claim import Capacity, Claimed, ClaimedBatch, admissions_of
from app.delivery.decide import BreakerPolicy
from app.delivery.webhook_state import SELECT, WebhookState, fetch_states
from app.publishing.commit import NewDelivery
from app.statuses import AttemptTrigger

_WEBHOOKS = f"{SELECT} WHERE EXISTS (SELECT 1 FROM worker WHERE worker.id = $1 AND worker.lease_until > $2)"


class ClaimAtPublish:
    """What one transaction claims. `waiting` are webhooks that have older deliveries to send first."""

    def __init__(
        self, worker_id: str, now: int, capacity: Capacity, policy: BreakerPolicy, waiting: Collection[str]
    ) -> None:
        self._worker_id = worker_id
        self._now = now
        self._capacity = capacity
        self._policy = policy
        self._waiting = waiting
        self._claimed: list[Claimed] = []
        self._webhooks: dict[str, WebhookState] = {}
        self._bodies: Mapping[str, str] = {}

    async def choose(
        self, statements: Statements, new: Sequence[NewDelivery], bodies: Mapping[str, str]
    ) -> Mapping[str, str]:
        """Choose from deliveries that are about to be written; return who claims them, by their ids.

        Args:
            bodies: of their events, by id.
        """
        fit = [d for d in new if d.due and d.ordering_key is None and d.webhook_id not in self._waiting]
        self._claimed.clear()  # a transaction may have to be begun again
        if not fit:
            return {}
        asked = dict.fromkeys(delivery.webhook_id for delivery in fit)
        self._webhooks = await fetch_states(statements, _WEBHOOKS, asked, self._worker_id, self._now)
        admissions = admissions_of(self._webhooks, self._now, self._capacity, self._policy)
        rooms = {id_: own.room for id_, own in admissions.items() if not own.slot_interval}
        self._bodies = bodies
        for delivery in fit:
            if rooms.get(delivery.webhook_id, 0) > 0:
                rooms[delivery.webhook_id] -= 1
                self._claimed.append(self._claim(delivery))
        return {claimed.id: claimed.claimed_by for claimed in self._claimed}

    def claimed(self) -> ClaimedBatch:
        """What was claimed, once the transaction is committed."""
        return ClaimedBatch(self._claimed, self._webhooks, self._bodies, unfinished=frozenset(), again={})

    def _claim(self, delivery: NewDelivery) -> Claimed:
        return Claimed(
            id=delivery.id,
            workspace_id=delivery.workspace_id,
            event_id=delivery.event_id,
            webhook_id=delivery.webhook_id,
            event_type=delivery.event_type,
            trigger=AttemptTrigger.FIRST,
            attempt_count=0,
            retries_used=0,
            created_at=delivery.created_at,
            claimed_by=self._worker_id,
        )
