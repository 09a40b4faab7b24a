"""Claims deliveries in the transaction that publishes them.

If the publishing process also delivers, and is the only one that does, its deliveries need no wake-up, no separate
claim and no query for their bodies. The same limits apply as in a claim (`app.delivery.claim`). A delivery stays
unclaimed and gets a wake-up if the limits leave no room, if it has an ordering key or a rate limit, or if it would
overtake an older one of its webhook.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import islice

from app.clock import Clock, Micros, to_micros
from app.database.database import Database, Statements
from app.database.errors import NotAllTouched, UniqueViolation
from app.database.statements import Write
from app.delivery.claim import Capacity, Claimed, ClaimedBatch, EventContent, admissions_of
from app.delivery.decide import BreakerPolicy
from app.delivery.lease import Lease
from app.delivery.pipeline import Pipeline
from app.delivery.webhook_state import SELECT_WITH_SEQUENCE, WebhookState, fetch_states
from app.publishing.commit import Decide, NewDelivery, Published, writes_of
from app.statuses import AttemptTrigger

_WEBHOOKS = (
    f"{SELECT_WITH_SEQUENCE} WHERE EXISTS (SELECT 1 FROM worker WHERE worker.id = $1 AND worker.lease_until > $2)"
)


class ClaimAtPublish:
    """The claims of one publishing transaction. `waiting` holds webhooks that have older deliveries to send first."""

    def __init__(
        self, worker_id: str, now: Micros, capacity: Capacity, policy: BreakerPolicy, waiting: Collection[str]
    ) -> None:
        self._worker_id = worker_id
        self._now = now
        self._capacity = capacity
        self._policy = policy
        self._waiting = waiting
        self._claimed: list[Claimed] = []
        self._webhooks: dict[str, WebhookState] = {}
        self._contents: Mapping[str, EventContent] = {}

    async def choose(
        self, statements: Statements, new: Sequence[NewDelivery], contents: Mapping[str, EventContent]
    ) -> Mapping[str, str]:
        """Choose what to claim among deliveries that are about to be written; return the claiming worker by delivery
        ID.

        They get the places after the last ones given, in this order; nobody else gives any during the transaction.

        Args:
            contents: what is sent of their events, by event ID.
        """
        fit = dict.fromkeys(delivery.webhook_id for delivery in new if self._is_fit(delivery))
        # There is no place for more; an event may have thousands.
        asked = list(islice(fit, self._capacity.free))
        self._claimed.clear()  # the transaction may run more than once
        if not asked:
            return {}
        self._webhooks = await fetch_states(statements, _WEBHOOKS, asked, self._worker_id, self._now)
        admissions = admissions_of(self._webhooks, self._now, self._capacity, self._policy)
        rooms = {id_: own.room for id_, own in admissions.items() if not own.slot_interval}
        self._contents = contents
        places = {id_: webhook.last_sequence for id_, webhook in self._webhooks.items()}
        for delivery in new:
            if delivery.webhook_id not in places:
                continue
            places[delivery.webhook_id] += 1
            if rooms.get(delivery.webhook_id, 0) > 0 and self._is_fit(delivery):
                rooms[delivery.webhook_id] -= 1
                self._claimed.append(self._claim(delivery, places[delivery.webhook_id]))
        return {claimed.id: claimed.claimed_by for claimed in self._claimed}

    def claimed(self) -> ClaimedBatch:
        """What was claimed, once the transaction is committed."""
        return ClaimedBatch(self._claimed, self._webhooks, self._contents, unfinished=frozenset(), again={})

    def _is_fit(self, delivery: NewDelivery) -> bool:
        return delivery.due and delivery.ordering_key is None and delivery.webhook_id not in self._waiting

    def _claim(self, delivery: NewDelivery, sequence: int) -> Claimed:
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
            sequence=sequence,
        )


class EmbeddedPublishing:
    """The transactions of publishing in the embedded mode (`app.publishing.commit.PublishingMode`).

    They claim what may be sent at once, and sending starts when they are committed. Their commits contend with the
    event loop for the interpreter, so they gather.
    """

    gathers = True

    def __init__(
        self, database: Database, clock: Clock, lease: Lease, pipeline: Pipeline, policy: BreakerPolicy
    ) -> None:
        self._database = database
        self._clock = clock
        self._lease = lease
        self._pipeline = pipeline
        self._policy = policy

    @asynccontextmanager
    async def write(self, results: Sequence[Published], check: Write) -> AsyncIterator[None]:
        """Write results, claim and check."""
        rows = sum([len(result.events) + len(result.deliveries) + len(result.missed) for result in results])
        async with (
            self._claiming() as claimant,
            self._database.committing(lambda statements: _write(statements, results, claimant, check), rows=rows),
        ):
            yield

    @asynccontextmanager
    async def decide_and_write(self, decide: Decide, rows: int) -> AsyncIterator[list[Published]]:
        """Read, then write and claim."""
        async with self._claiming() as claimant:

            async def work(statements: Statements) -> list[Published]:
                results = await decide(statements)
                await _write(statements, results, claimant)
                return results

            async with self._database.committing(work, rows=rows) as results:
                yield results

    @asynccontextmanager
    async def _claiming(self) -> AsyncIterator[ClaimAtPublish | None]:
        """Wrap a transaction: yield what may claim in it, or None, and afterwards start sending what was claimed."""
        pipeline = self._pipeline
        waiting = pipeline.waiting()
        if waiting is None:
            yield None
            return
        async with pipeline.turn:
            now, capacity = to_micros(self._clock.now()), pipeline.in_flight.capacity
            claimant = ClaimAtPublish(self._lease.worker_id, now, capacity, self._policy, waiting)
            try:
                yield claimant
            except (NotAllTouched, UniqueViolation):
                raise  # The statements were refused, so nothing can have been committed.
            except BaseException:
                pipeline.require_reconciliation()
                raise
            await pipeline.start(claimant.claimed())


async def _write(
    statements: Statements, results: Sequence[Published], claimant: ClaimAtPublish | None, *checks: Write
) -> None:
    claimed: Mapping[str, str] = {}
    if claimant is not None:
        new = [delivery for result in results for delivery in result.deliveries]
        contents = {event.row.id: event.row for result in results for event in result.events}
        claimed = await claimant.choose(statements, new, contents)
        for result in results if claimed else ():
            result.deliveries = [d._replace(due=False) if d.id in claimed else d for d in result.deliveries]
    await statements.write_all(*checks, *writes_of(statements.dialect, results, claimed))
