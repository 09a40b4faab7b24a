"""Takes due deliveries of webhooks for a worker: the statements of a claim.

On PostgreSQL a claim is one statement, unless a webhook has a rate limit. Otherwise it is part of a transaction that
has locked the webhooks.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from app.clock import Micros
from app.database.batch import IDS, Columns
from app.database.statements import Row, Statements
from app.delivery.admission import Admission
from app.delivery.webhook_state import ROW_VERSION, SELECT, WebhookState

_ROOMS: Columns = (("webhook_id", "text"), ("most", "bigint"), ("room", "bigint"))
_ROOMS_OF_ROWS: Columns = (*_ROOMS, ("row_version", "bigint"))
_SLOTS: Columns = (("id", "text"), ("next_slot_at", "bigint"))

_WEBHOOKS = f"{SELECT} ORDER BY w.id"
# SQLite has one writer at a time, and this transaction is that writer.
LOCK_WEBHOOKS = {"postgres": f"{_WEBHOOKS} FOR NO KEY UPDATE OF w SKIP LOCKED", "sqlite": _WEBHOOKS}

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
_CHOOSE = """asked AS MATERIALIZED (
  SELECT r.webhook_id, r.room,
    r.most - (SELECT count(*) FROM delivery b WHERE b.webhook_id = r.webhook_id AND b.claimed_by IS NOT NULL) AS unused
  FROM {given} r
), in_lane AS (
  SELECT due.id, asked.webhook_id, asked.room, asked.unused,
    row_number() OVER (PARTITION BY asked.webhook_id, due.status ORDER BY due.next_attempt_at, due.id) AS lane_rank
  FROM {due}
), ranked AS (
  SELECT id, room, unused,
    row_number() OVER (PARTITION BY webhook_id ORDER BY lane_rank, random()) AS rank
  FROM in_lane
)"""
_TAKE = """UPDATE delivery SET claimed_by = $2
WHERE id {among_chosen}
  AND coalesce(claimed_by, '') = '' AND coalesce(next_attempt_at, -1) >= 0
  AND EXISTS (SELECT 1 FROM worker WHERE worker.id = $2 AND worker.lease_until > $1)
RETURNING id, workspace_id, event_id, webhook_id, event_type, trigger, attempt_count, retries_used, created_at,
  next_attempt_at, ordering_key, sequence
"""
_WRITE_SLOTS = (
    "UPDATE webhook SET next_slot_at = COALESCE(slots.next_slot_at, webhook.next_slot_at) FROM {rows} AS slots"
    " WHERE webhook.id = slots.id"
)
_CONTENTS = "SELECT e.id, e.body, e.trace FROM event e JOIN {rows} asked ON asked.id = e.id WHERE e.erased_at IS NULL"
_CLAIM_IN = {
    dialect: f"WITH {_CHOOSE}\n{_TAKE}".format(given="{rows}", due=_DUE[dialect], among_chosen=_AMONG_CHOSEN[dialect])
    for dialect in _DUE
}
# The same in one statement, with the contents, for webhooks whose rows were read before. A webhook is left out if its
# row is locked or has been written since. Every claim writes the row. So if another claim was committed after the
# snapshot of this statement, which therefore does not count it, the lock finds another version.
_CLAIM_AT_ONCE = f"""
WITH free AS MATERIALIZED (
  SELECT r.webhook_id, r.most, r.room FROM webhook w JOIN {{rows}} r ON r.webhook_id = w.id
  WHERE {ROW_VERSION} = r.row_version ORDER BY w.id FOR NO KEY UPDATE OF w SKIP LOCKED
), written AS (
  UPDATE webhook SET next_slot_at = webhook.next_slot_at FROM free WHERE webhook.id = free.webhook_id
  RETURNING free.webhook_id, free.most, free.room
), {_CHOOSE.format(given="written", due=_DUE["postgres"])}, claimed AS (
{_TAKE.format(among_chosen=_AMONG_CHOSEN["postgres"])})
SELECT claimed.*, e.trace,
  CASE WHEN row_number() OVER (PARTITION BY e.id ORDER BY claimed.id) = 1 THEN e.body END AS body,
  CASE WHEN row_number() OVER (ORDER BY claimed.id) = 1 THEN asked_for.ids END AS asked_for
FROM (SELECT array_agg(webhook_id) AS ids FROM written) AS asked_for LEFT JOIN claimed ON TRUE
LEFT JOIN event e ON e.id = claimed.event_id AND e.erased_at IS NULL
"""


class StoredContent(NamedTuple):
    """What is sent of an event, as it was read."""

    body: str
    trace: str | None


class Terms(NamedTuple):
    """For which worker a claim is, when, and how old a delivery may be for others with its ordering key to wait."""

    worker_id: str
    now: Micros
    ordering_gives_way_at: Micros


class Taken(NamedTuple):
    """Rows that were claimed, what is sent of their events, and webhooks that could not be claimed for now."""

    rows: Sequence[Row]
    contents: Mapping[str, StoredContent]
    left_out: AbstractSet[str]


async def take_of_locked(statements: Statements, asked: Mapping[str, Admission], terms: Terms) -> Taken:
    """Take deliveries of webhooks that this transaction has locked."""
    rows = await claim_locked(statements, asked, terms)
    await _write_slots(statements, asked, Counter([row["webhook_id"] for row in rows]))
    return Taken(rows, await _contents(statements, {row["event_id"] for row in rows}), frozenset())


async def take_at_once(
    statements: Statements, read: Mapping[str, WebhookState], asked: Mapping[str, Admission], terms: Terms
) -> Taken:
    """Take deliveries of webhooks without a rate limit, on PostgreSQL, if their rows are still those that were read."""
    rooms = [(id_, admission.limit, admission.room, read[id_].row_version) for id_, admission in asked.items()]
    found = await _claim(statements, _CLAIM_AT_ONCE, _ROOMS_OF_ROWS, rooms, terms)
    # Only one row of an event has its body, and only one row has the webhooks.
    contents = {row["event_id"]: StoredContent(row["body"], row["trace"]) for row in found if row["body"] is not None}
    asked_for = {id_ for row in found for id_ in row["asked_for"] or ()}
    return Taken([row for row in found if row["id"]], contents, asked.keys() - asked_for)


async def claim_locked(statements: Statements, asked: Mapping[str, Admission], terms: Terms) -> list[Row]:
    """Claim deliveries of locked webhooks, and return their rows."""
    rooms = [(id_, admission.limit, admission.room) for id_, admission in asked.items()]
    return await _claim(statements, _CLAIM_IN[statements.dialect], _ROOMS, rooms, terms)


async def _claim(
    statements: Statements, text: str, columns: Columns, rooms: Sequence[tuple[Any, ...]], terms: Terms
) -> list[Row]:
    most = max(room for _, _, room, *_ in rooms)
    worker_id, now, ordering_gives_way_at = terms
    return await statements.fetch_rows(text, columns, rooms, now, worker_id, most, ordering_gives_way_at)


async def _contents(statements: Statements, event_ids: Collection[str]) -> dict[str, StoredContent]:
    rows = await statements.fetch_rows(_CONTENTS, IDS, [(id_,) for id_ in event_ids]) if event_ids else []
    return {row["id"]: StoredContent(row["body"], row["trace"]) for row in rows}


async def _write_slots(statements: Statements, asked: Mapping[str, Admission], claimed: Mapping[str, int]) -> None:
    slots = [
        (id_, admission.slot(claimed.get(id_, 0)) if admission.slot_interval else None)
        for id_, admission in asked.items()
        # On PostgreSQL every claim writes the rows of its webhooks.
        if admission.slot_interval or statements.dialect == "postgres"
    ]
    if slots:
        await statements.fetch_rows(_WRITE_SLOTS, _SLOTS, slots)
