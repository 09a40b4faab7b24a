"""Claims due deliveries: a conditional update, in one short transaction for many webhooks.

A claim is valid as long as its worker's lease (`app.delivery.lease`). Another process may get a delivery first; then it
is simply not among those returned. The webhook's row is locked meanwhile, so that limits hold across processes; a
webhook for which another process is claiming right now is skipped. `app.delivery.claim_statements` has the statements.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from app.clock import Micros
from app.database.database import Database, Row, Statements
from app.delivery.admission import Admission, admit, allot
from app.delivery.claim_statements import LOCK_WEBHOOKS, Taken, Terms, take_at_once, take_of_locked
from app.delivery.decide import BreakerPolicy, SingleTry
from app.delivery.webhook_state import SELECT_WITH_VERSION, WebhookState, fetch_states
from app.statuses import AttemptTrigger


class Claimed(NamedTuple):
    """A delivery that this process holds and is about to send."""

    id: str
    workspace_id: str
    event_id: str
    webhook_id: str
    event_type: str
    trigger: AttemptTrigger
    attempt_count: int
    retries_used: int
    created_at: Micros
    claimed_by: str
    # Its place among the deliveries of its webhook; a test has none.
    sequence: int | None
    ordering_key: str | None = None
    start_at: Micros = Micros(0)
    # Set if it is tried once past its DISABLED webhook.
    single_try: SingleTry | None = None


class EventContent(Protocol):
    """What is sent of an event: its body, and the trace of its publisher as a packed `TraceContext`."""

    @property
    def body(self) -> str:
        """The body."""

    @property
    def trace(self) -> str | None:
        """The trace."""


@dataclass(frozen=True, slots=True)
class ClaimedBatch:
    """Result of claiming for some webhooks."""

    deliveries: Sequence[Claimed]
    webhooks: Mapping[str, WebhookState]
    # What is sent of the events, by event ID.
    contents: Mapping[str, EventContent]
    # Webhooks that may have more due deliveries than were claimed; ask again once a place is free.
    unfinished: frozenset[str]
    # Webhooks to ask for again, with the time: held back, rate limited, or locked by another process.
    again: Mapping[str, Micros]


@dataclass(frozen=True, slots=True)
class Capacity:
    """The places of this process: all, free now, and held by each workspace and webhook."""

    total: int
    free: int
    by_workspace: Mapping[str, int]
    by_webhook: Mapping[str, int]


LOCKED_RETRY = 20_000  # µs: another process holds the webhook's row for about a millisecond


async def claim(
    database: Database,
    worker_id: str,
    webhook_ids: Sequence[str],
    *,
    now: Micros,
    capacity: Capacity,
    policy: BreakerPolicy,
    ordering_gives_way_at: Micros,
) -> ClaimedBatch:
    """Claim what is due of these webhooks, as far as their limits and the process's free places allow."""

    terms = Terms(worker_id, now, ordering_gives_way_at)

    async def claim_of(
        webhooks: Mapping[str, WebhookState],
        locked: Iterable[str],
        take: Callable[[Mapping[str, Admission]], Awaitable[Taken]],
    ) -> ClaimedBatch:
        admissions = admissions_of(webhooks, now, capacity, policy)
        asked = {id_: admission for id_, admission in admissions.items() if admission.room > 0}
        taken = await take(asked) if asked else Taken([], {}, frozenset())
        deliveries = _paced(taken.rows, asked, worker_id)
        unfinished, again = _left_over(admissions, deliveries)
        again |= dict.fromkeys([*locked, *taken.left_out], Micros(now + LOCKED_RETRY))
        return ClaimedBatch(deliveries, webhooks, taken.contents, unfinished, again)

    async def of_locked(statements: Statements) -> ClaimedBatch:
        webhooks = await fetch_states(statements, LOCK_WEBHOOKS[database.dialect], webhook_ids)
        locked = set(webhook_ids) - webhooks.keys()
        return await claim_of(webhooks, locked, lambda asked: take_of_locked(statements, asked, terms))

    if database.dialect == "postgres":
        webhooks = await fetch_states(database, SELECT_WITH_VERSION, webhook_ids)
        # How far a rate limit's slots move is known only after the claim.
        if not any(webhook.rate_limit_per_second for webhook in webhooks.values()):
            return await claim_of(webhooks, (), lambda asked: take_at_once(database, webhooks, asked, terms))
    return await database.in_transaction(of_locked)


def admissions_of(
    webhooks: Mapping[str, WebhookState], now: Micros, capacity: Capacity, policy: BreakerPolicy
) -> dict[str, Admission]:
    """What each active webhook may claim, with its share of the process's places already applied."""
    active = [webhook for webhook in webhooks.values() if webhook.receives]
    admissions = {webhook.id: admit(webhook, now, policy) for webhook in active}
    wanted = [
        (webhook.workspace_id, webhook.id, min(own.room, own.limit - capacity.by_webhook.get(webhook.id, 0)))
        for webhook, own in zip(active, admissions.values(), strict=True)
    ]
    rooms = allot(wanted, capacity.free, capacity.by_workspace, capacity.total)
    return {
        id_: own if rooms[id_] >= own.room else own._replace(room=rooms[id_], allowed=own.room)
        for id_, own in admissions.items()
    }


def _paced(rows: Sequence[Row], asked: Mapping[str, Admission], worker_id: str) -> list[Claimed]:
    taken: Counter[str] = Counter()
    claimed = []
    for row in sorted(rows, key=lambda row: (row["next_attempt_at"], row["id"])):
        start_at = asked[row["webhook_id"]].slot(taken[row["webhook_id"]])
        taken[row["webhook_id"]] += 1
        claimed.append(claimed_from(row, worker_id, start_at))
    return claimed


def claimed_from(row: Row, worker_id: str, start_at: Micros) -> Claimed:
    """The delivery of a row of `delivery`, held by this worker."""
    return Claimed(
        id=row["id"],
        workspace_id=row["workspace_id"],
        event_id=row["event_id"],
        webhook_id=row["webhook_id"],
        event_type=row["event_type"],
        trigger=AttemptTrigger(row["trigger"]),
        attempt_count=row["attempt_count"],
        retries_used=row["retries_used"],
        created_at=row["created_at"],
        claimed_by=worker_id,
        sequence=row["sequence"],
        ordering_key=row["ordering_key"],
        start_at=start_at,
    )


def _left_over(
    admissions: Mapping[str, Admission], deliveries: Sequence[Claimed]
) -> tuple[frozenset[str], dict[str, Micros]]:
    """Webhooks that took everything they were allowed and may have more due: to ask again when a place is free, or at a
    time.
    """
    claimed = Counter(delivery.webhook_id for delivery in deliveries)
    unfinished, again = set[str](), dict[str, Micros]()
    for id_, admission in admissions.items():
        if claimed[id_] < admission.room:
            continue
        if admission.again_at is not None and admission.room == admission.allowed:
            again[id_] = admission.again_at
        else:
            unfinished.add(id_)
    return frozenset(unfinished), again
