"""Records finished attempts: one transaction for all that ended since the last one (group commit).

The attempt's row is always written, because the attempt happened. The delivery moves on only if this worker still holds
it (fencing). If the lease has ended or the delivery was canceled meanwhile, the other writer's state stands.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeAlias

from app.clock import Clock, to_micros
from app.database.batch import IDS, Columns
from app.database.database import Database, Statements
from app.database.errors import DatabaseUnavailable, NotAllTouched
from app.database.statements import Write
from app.delivery.attempt_alerts import AttemptAlerts
from app.delivery.attempt_row import COLUMNS, INSERT, row_of
from app.delivery.erased import EMPTIED
from app.delivery.finished_attempt import FinishedAttempt, RecordResult
from app.delivery.until_success import emptying
from app.delivery.webhook_health import record_webhooks
from app.group_commit import GroupCommit
from app.publishing.commit import Published
from app.statuses import DeliveryStatus

MAX_BATCH = 500

_DELIVERIES: Columns = (
    ("id", "text"),
    ("claimed_by", "text"),
    ("status", "text"),
    ("next_attempt_at", "bigint"),
    ("retries_used", "bigint"),
    ("outcome", "text"),
    ("response_status", "bigint"),
    ("completed_at", "bigint"),
    ("problem_key", "text"),
)
# A failure that does not count against the webhook leaves the delivery with the problem that it had.
_MOVE_DELIVERIES = """UPDATE delivery
SET status = new.status, next_attempt_at = new.next_attempt_at, retries_used = new.retries_used,
  attempt_count = attempt_count + 1, trigger = 'RETRY', claimed_by = NULL, last_outcome = new.outcome,
  last_response_status = new.response_status, completed_at = new.completed_at,
  problem_key = CASE new.status WHEN 'SUCCEEDED' THEN NULL ELSE COALESCE(new.problem_key, delivery.problem_key) END
  FROM {rows} AS new
WHERE delivery.id = new.id AND delivery.claimed_by = new.claimed_by"""
_COUNT_ATTEMPTS = (
    "UPDATE delivery SET attempt_count = attempt_count + 1 FROM {rows} AS late WHERE delivery.id = late.id"
    " RETURNING delivery.id, delivery.status"
)
# What was erased while it was being sent. The statement before locks the deliveries, as an erasure does.
_EMPTY_ERASED = f"""
UPDATE attempt SET {EMPTIED}
FROM {{rows}} AS late WHERE attempt.id = late.id
  AND EXISTS (SELECT 1 FROM delivery d WHERE d.id = attempt.delivery_id AND d.erased_at IS NOT NULL)
RETURNING attempt.id
"""


Tell: TypeAlias = Callable[[Sequence[tuple[FinishedAttempt, RecordResult]]], object]


class Recorded(NamedTuple):
    """What a transaction recorded: the result of each attempt, and the alerts that it published."""

    results: list[RecordResult]
    alerts: Published | None = None


class Recorder:
    """Records attempts in batches, with the alerts that they give rise to, and announces each batch once it is
    committed.
    """

    def __init__(
        self, database: Database, clock: Clock, *, alerts: AttemptAlerts, max_waiting: int, tell: Tell
    ) -> None:
        self._database = database
        self._clock = clock
        self._alerts = alerts
        self._tell = tell
        self._commits: GroupCommit[FinishedAttempt, RecordResult] = GroupCommit(
            self._commit,
            max_batch=MAX_BATCH,
            max_waiting=max_waiting,
            shared=(DatabaseUnavailable,),
        )

    async def record(self, finished: FinishedAttempt) -> RecordResult:
        """Write one attempt together with all others that are waiting.

        Raises:
            DatabaseUnavailable: nothing is known to have been written; recording it again is safe.
        """
        return await self._commits.submit(finished)

    async def drained(self) -> None:
        """Wait until everything passed to `record` is written or has failed."""
        await self._commits.drained()

    @asynccontextmanager
    async def _commit(self, batch: Sequence[FinishedAttempt]) -> AsyncIterator[list[RecordResult]]:
        now = to_micros(self._clock.now())
        batch = [finished.recorded_at(now) for finished in batch]
        recorded = await self._write(batch)
        self._tell(list(zip(batch, recorded.results, strict=True)))
        if recorded.alerts is not None:
            self._alerts.announce(recorded.alerts)
        yield recorded.results

    async def _write(self, batch: Sequence[FinishedAttempt]) -> Recorded:
        writes = (
            (INSERT, COLUMNS, [row_of(finished) for finished in batch]),
            (_MOVE_DELIVERIES, _DELIVERIES, [_delivery_row(finished) for finished in batch]),
        )
        try:
            if any(one.concerns_webhook or (one.keeping is not None and one.may_empty_event) for one in batch):
                return await self._database.in_transaction(lambda s: self._record_in_parts(s, writes, batch))
            await self._database.write_all(*writes)
        except NotAllTouched:  # One was recorded before, or is no longer held.
            return await self._database.in_transaction(lambda s: self._record_some(s, batch))
        return Recorded([_result(finished, {}, ()) for finished in batch])

    async def _record_in_parts(
        self, statements: Statements, writes: Sequence[Write], batch: Sequence[FinishedAttempt]
    ) -> Recorded:
        """Record attempts with what follows from them for webhooks and for the bodies of events."""
        registries = await self._alerts.registries_for(statements, batch)
        async with emptying(statements, _events_to_empty(batch), self._clock.now()):
            await statements.write_all(*writes)
        disabled = await record_webhooks(statements, batch)
        results = [_result(finished, {}, disabled) for finished in batch]
        return Recorded(
            results, await self._alerts.write(statements, registries, list(zip(batch, results, strict=True)))
        )

    async def _record_some(self, statements: Statements, batch: Sequence[FinishedAttempt]) -> Recorded:
        """Record attempts that were not recorded before, and move on the deliveries that are still held."""
        registries = await self._alerts.registries_for(statements, batch)
        attempts = [row_of(finished) for finished in batch]
        inserted = await statements.fetch_rows(f"{INSERT} RETURNING id", COLUMNS, attempts)
        new_ids = {row["id"] for row in inserted}
        new = [finished for finished in batch if finished.attempt_id in new_ids]
        left_to_others: dict[str, DeliveryStatus] = {}
        async with emptying(statements, _events_to_empty(new), self._clock.now()):
            for some in _apart(new):
                left_to_others |= await _move_deliveries(statements, some)
        disabled = await record_webhooks(statements, new)
        # Attempts that were already there have not been announced, so a webhook that they may have disabled counts as
        # disabled now. Their alerts were written with them.
        known = {r.claimed.webhook_id for r in batch if r.attempt_id not in new_ids and r.decision.disable_reason}
        results = [_result(finished, left_to_others, disabled | known) for finished in batch]
        first = [pair for pair in zip(batch, results, strict=True) if pair[0].attempt_id in new_ids]
        return Recorded(results, await self._alerts.write(statements, registries, first))


def _events_to_empty(batch: Iterable[FinishedAttempt]) -> list[str]:
    return sorted({finished.claimed.event_id for finished in batch if finished.may_empty_event})


def _apart(batch: Iterable[FinishedAttempt]) -> list[list[FinishedAttempt]]:
    """Split the batch into parts that hold each delivery once. A delivery may appear twice, with an attempt from a lost
    lease and a new one.
    """
    parts: list[dict[str, FinishedAttempt]] = []
    for finished in batch:
        part = next((part for part in parts if finished.claimed.id not in part), None)
        if part is None:
            parts.append(part := {})
        part[finished.claimed.id] = finished
    return [list(part.values()) for part in parts]


async def _move_deliveries(statements: Statements, batch: Sequence[FinishedAttempt]) -> dict[str, DeliveryStatus]:
    """Move on the deliveries that are still held; return, by attempt, the status of those that are not."""
    text = f"{_MOVE_DELIVERIES} RETURNING delivery.id"
    moved = await statements.fetch_rows(text, _DELIVERIES, [_delivery_row(r) for r in batch])
    moved_ids = {row["id"] for row in moved}
    late = {finished.claimed.id: finished.attempt_id for finished in batch if finished.claimed.id not in moved_ids}
    if not late:
        return {}
    counted = await statements.fetch_rows(_COUNT_ATTEMPTS, IDS, [(id_,) for id_ in late])
    await statements.fetch_rows(_EMPTY_ERASED, IDS, [(attempt_id,) for attempt_id in late.values()])
    return {late[row["id"]]: DeliveryStatus(row["status"]) for row in counted}


def _result(
    finished: FinishedAttempt, left_to_others: Mapping[str, DeliveryStatus], disabled: Collection[str]
) -> RecordResult:
    status = left_to_others.get(finished.attempt_id)
    return RecordResult(status is None, status or finished.decision.status, finished.claimed.webhook_id in disabled)


def _delivery_row(finished: FinishedAttempt) -> list[Any]:
    decision, cause = finished.decision, finished.cause
    open_ = decision.status in {DeliveryStatus.PENDING, DeliveryStatus.RETRYING}
    return [
        finished.claimed.id,
        finished.claimed.claimed_by,
        decision.status.value,
        to_micros(decision.next_attempt_at) if decision.next_attempt_at else None,
        finished.claimed.retries_used + decision.uses_retry,
        finished.outcome.value,
        finished.response_status,
        None if open_ else finished.finished_at,
        cause and cause.key,
    ]
