"""Computes how many deliveries of each webhook may be claimed now. Pure: values in, numbers out.

Four bounds apply: the process's own capacity, shared fairly; a webhook's limit of requests in flight; its rate limit;
and its circuit breaker. Requests that other processes have in flight are subtracted by the claim statement itself,
because only the database knows them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from app.clock import Micros
from app.delivery.decide import BreakerPolicy, is_probing
from app.delivery.webhook_state import WebhookState

SECOND = 1_000_000
# Slots of a rate limit are handed out this far ahead, so that a fast webhook is claimed in batches; each attempt still
# starts at its own slot's time.
SLOT_HORIZON = SECOND // 10
# One workspace never takes all places of a process, so others find room even if all of its receivers hang.
WORKSPACE_SHARE = 0.75


class Admission(NamedTuple):
    """How many deliveries a webhook may have in flight after the claim (`limit`) and how many may be new (`room`).

    If the webhook's own rate limit or a hold allows no more for now, `again_at` is when to ask again. `first_slot_at`
    and `slot_interval` pace the new ones. `allowed` is the room it would have if the process had enough places.
    """

    limit: int
    room: int
    allowed: int = 0
    again_at: Micros | None = None
    first_slot_at: Micros = Micros(0)
    slot_interval: int = 0

    def slot(self, index: int) -> Micros:
        """Time at which the attempt with this index (0, 1, …) in the claim may start; 0 means at once."""
        return Micros(self.first_slot_at + index * self.slot_interval) if self.slot_interval else Micros(0)


def admit(webhook: WebhookState, now: Micros, policy: BreakerPolicy) -> Admission:
    """Compute what the webhook's own settings and state allow, before the process's capacity is considered."""
    if webhook.held_until is not None and webhook.held_until > now:
        return Admission(limit=0, room=0, again_at=webhook.held_until)
    limit = 1 if is_probing(webhook.consecutive_failures, policy) else webhook.max_in_flight
    if webhook.rate_limit_per_second is None:
        return Admission(limit=limit, room=limit, allowed=limit)
    interval = -(-SECOND // webhook.rate_limit_per_second)
    first = max(webhook.next_slot_at or now, now)
    room = max(0, (now + SLOT_HORIZON - first) // interval + 1) if first <= now + SLOT_HORIZON else 0
    again_at = Micros(max(first - SLOT_HORIZON, now) + interval)
    room = min(limit, room)
    return Admission(limit, room, room, again_at, first, interval)


def allot(wanted: Sequence[tuple[str, str, int]], free: int, held: Mapping[str, int], capacity: int) -> dict[str, int]:
    """Share the free places of a process: one at a time to each workspace in turn, and within it to each webhook in
    turn.

    Args:
        wanted: (workspace, webhook, most it can use) in order of asking.
        free: places that are free now.
        held: places that each workspace already holds.
        capacity: all places of the process.

    Returns:
        Places for each webhook, with an entry for every webhook in `wanted`.
    """
    rooms = {webhook: 0 for _, webhook, _ in wanted}
    queues: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for workspace, webhook, most in wanted:
        if most > 0:
            queues[workspace].append((webhook, most))
    turn = sorted(queues, key=lambda workspace: held.get(workspace, 0))
    most_of_one = max(1, int(capacity * WORKSPACE_SHARE))
    most_of_each = [
        min(most_of_one - held.get(workspace, 0), sum(most for _, most in queues[workspace])) for workspace in turn
    ]
    for workspace, share in zip(turn, _shares(most_of_each, free), strict=True):
        webhooks, most_of_webhooks = zip(*queues[workspace], strict=True)
        rooms |= zip(webhooks, _shares(most_of_webhooks, share), strict=True)
    return rooms


def _shares(wanted: Sequence[int], free: int) -> list[int]:
    """Give out places one at a time in turn, skipping those that have what they wanted; many rounds are done in one
    step.
    """
    shares = [0] * len(wanted)
    turn = [index for index, most in enumerate(wanted) if most > 0]
    while turn and free > 0:
        rounds = max(1, min(free // len(turn), *(wanted[index] - shares[index] for index in turn)))
        for index in turn[:free]:
            shares[index] += rounds
            free -= rounds
        turn = [index for index in turn if shares[index] < wanted[index]]
    return shares
