"""Claims due deliveries: a conditional update, in one short transaction for many webhooks.

A claim is valid as long as its worker's lease (`app.delivery.lease`). Another process may get a delivery first; then it
is simply not among those returned. The webhook's row is locked meanwhile, so that limits hold across processes; a
webhook for which another process is claiming right now is skipped.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from app.clock import Micros
from app.database.batch import IDS, Columns
from app.database.database import Database, Row, Statements
from app.delivery.admission import Admission, admit, allot
from app.delivery.decide import BreakerPolicy, SingleTry
from app.delivery.webhook_state import SELECT, WebhookState, fetch_states
from app.statuses import AttemptTrigger

_ROOMS: Columns = (("webhook_id", "text"), ("most", "bigint"), ("room", "bigint"))
_SLOTS: Columns = (("id", "text"), ("next_slot_at", "bigint"))

_WEBHOOKS = f"{SELECT} ORDER BY w.id"
# SQLite has one writer at a time, and this transaction is that writer.
_LOCK_WEBHOOKS = {"postgres": f"{_WEBHOOKS} FOR NO KEY UPDATE OF w SKIP LOCKED", "sqlite": _WEBHOOKS}

# Due deliveries of one webhook and one lane, oldest first. PENDING ones are due whatever the time, because the clock of
# the process that made them may be ahead. A delivery with an ordering key waits for earlier open ones with that key,
# unless those are older than the bound ($4), after which ordering is given up.
_LANE = """
    SELECT x.id, x.status, x.next_attempt_at FROM delivery x
    WHERE x.webhook_id = asked.webhook_id AND x.status = {status}
      AND x.claimed_by IS NULL AND x.next_attempt_at <= {until}
      AND (x.ordering_key IS NULL OR NOT EXISTS (
        SELECT 1 FROM delivery earlier
        WHERE earlier.webhook_id = x.webhook_id AND earlier.ordering_key = x.ordering_key
          AND earlier.sequence < x.sequence AND earlier.completed_at IS NULL AND earlier.created_at > $4))
    ORDER BY x.next_attempt_at, x.id LIMIT $3
"""
# Later than any time.
LATEST = 2**63 - 1
_BOTH_LANES = " UNION ALL ".join(
    f"SELECT id FROM ({_LANE.format(status=status, until=until)})"
    for status, until in (("'PENDING'", LATEST), ("'RETRYING'", "$1"))
)
_DUE = {
    # The statuses come from a VALUES table. With literals, PostgreSQL could use the indexes of all deliveries that have
    # not succeeded. If those indexes were empty when statistics were taken, it estimates that they cost nothing, and
    # scans the whole backlog for each webhook.
    "postgres": f"asked CROSS JOIN (VALUES ('PENDING', CAST({LATEST} AS BIGINT)), ('RETRYING', $1))"
    " AS lane(status, until)"
    f" CROSS JOIN LATERAL ({_LANE.format(status='lane.status', until='lane.until')}) due",
    "sqlite": f"asked JOIN delivery due ON due.id IN ({_BOTH_LANES})",
}

_CHOSEN = "SELECT id FROM ranked WHERE rank <= room AND rank <= unused"
_AMONG_CHOSEN = {"postgres": f"= ANY (ARRAY({_CHOSEN}))", "sqlite": f"IN ({_CHOSEN})"}

# First attempts and retries take turns, so that a backlog of retries does not hold up recent events, nor the other way
# round. Their ranks in their own lanes are compared first. Chance decides between equal ranks, because a busy webhook
# has one free place at a time.
#
# A table that grew from nothing in seconds has no statistics yet, and PostgreSQL then takes every index to be empty.
# The statement therefore leaves the planner no choice: candidates are computed once (MATERIALIZED, ARRAY), rows are
# found by their primary key, and no index serves the last conditions, which only matter if another process was quicker.
_CLAIM = """
WITH asked AS MATERIALIZED (
  SELECT r.webhook_id, r.room,
    r.most - (SELECT count(*) FROM delivery b WHERE b.webhook_id = r.webhook_id AND b.claimed_by IS NOT NULL) AS unused
  FROM {{rows}} r
), in_lane AS (
  SELECT due.id, asked.webhook_id, asked.room, asked.unused,
    row_number() OVER (PARTITION BY asked.webhook_id, due.status ORDER BY due.next_attempt_at, due.id) AS lane_rank
  FROM {due}
), ranked AS (
  SELECT id, room, unused,
    row_number() OVER (PARTITION BY webhook_id ORDER BY lane_rank, random()) AS rank
  FROM in_lane
)
UPDATE delivery SET claimed_by = $2
WHERE id {among_chosen}
  AND coalesce(claimed_by, '') = '' AND coalesce(next_attempt_at, -1) >= 0
  AND EXISTS (SELECT 1 FROM worker WHERE worker.id = $2 AND worker.lease_until > $1)
RETURNING id, workspace_id, event_id, webhook_id, event_type, trigger, attempt_count, retries_used, created_at,
  next_attempt_at, ordering_key, sequence
"""
_CONTENTS = "SELECT e.id, e.body, e.trace FROM event e JOIN {rows} asked ON asked.id = e.id WHERE e.erased_at IS NULL"
_CLAIM_IN = {dialect: _CLAIM.format(due=_DUE[dialect], among_chosen=_AMONG_CHOSEN[dialect]) for dialect in _DUE}


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


class StoredContent(NamedTuple):
    """What is sent of an event, as it was read."""

    body: str
    trace: str | None


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

    async def work(statements: Statements) -> ClaimedBatch:
        webhooks = await fetch_states(statements, _LOCK_WEBHOOKS[database.dialect], webhook_ids)
        admissions = admissions_of(webhooks, now, capacity, policy)
        asked = {id_: admission for id_, admission in admissions.items() if admission.room > 0}
        claimed = await _claim(statements, worker_id, asked, now, ordering_gives_way_at) if asked else []
        deliveries = _paced(claimed, asked, worker_id)
        await _move_slots(statements, asked, deliveries)
        locked = {id_: Micros(now + LOCKED_RETRY) for id_ in webhook_ids if id_ not in webhooks}
        unfinished, again = _left_over(admissions, deliveries)
        return ClaimedBatch(deliveries, webhooks, await _contents(statements, deliveries), unfinished, locked | again)

    return await database.in_transaction(work)


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


async def _claim(
    statements: Statements, worker_id: str, asked: Mapping[str, Admission], now: Micros, ordering_gives_way_at: Micros
) -> list[Row]:
    rooms = [(webhook_id, admission.limit, admission.room) for webhook_id, admission in asked.items()]
    most = max(admission.room for admission in asked.values())
    text = _CLAIM_IN[statements.dialect]
    return await statements.fetch_rows(text, _ROOMS, rooms, now, worker_id, most, ordering_gives_way_at)


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


async def _contents(statements: Statements, deliveries: Sequence[Claimed]) -> dict[str, StoredContent]:
    event_ids = dict.fromkeys(delivery.event_id for delivery in deliveries)
    rows = await statements.fetch_rows(_CONTENTS, IDS, [(id_,) for id_ in event_ids]) if event_ids else []
    return {row["id"]: StoredContent(row["body"], row["trace"]) for row in rows}


async def _move_slots(statements: Statements, asked: Mapping[str, Admission], deliveries: Sequence[Claimed]) -> None:
    moved = {
        webhook_id: admission.slot(sum(delivery.webhook_id == webhook_id for delivery in deliveries))
        for webhook_id, admission in asked.items()
        if admission.slot_interval
    }
    if moved:
        await statements.fetch_rows(
            "UPDATE webhook SET next_slot_at = slots.next_slot_at FROM {rows} AS slots WHERE webhook.id = slots.id",
            _SLOTS,
            list(moved.items()),
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
