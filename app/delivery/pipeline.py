"""Carries deliveries one step further: claims what is due and has each attempt made (`app.delivery.attempt`).

A wake-up that is doubled, late or lost does no harm: the rows decide, and `claim` takes only deliveries that are due
and that no process holds. A process claims for many webhooks in one statement, one statement at a time; what becomes
due meanwhile waits for the next one.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextvars import Context
from datetime import timedelta

import structlog

from app.clock import Clock, Micros, to_micros
from app.database.database import Database
from app.database.errors import DatabaseUnavailable
from app.delivery.attempt import Attempts, NotAttempted, Sending
from app.delivery.attempt_trace import Traces
from app.delivery.claim import Claimed, ClaimedBatch, claim
from app.delivery.in_flight import InFlight
from app.delivery.lease import Lease
from app.delivery.orphaned_claims import free_orphaned_claims
from app.delivery.policy import DeliveryPolicy
from app.delivery.record import Recorder
from app.delivery.release import release
from app.delivery.target import Targets
from app.delivery.unreadable import Unreadable
from app.metrics import Metrics

log = structlog.get_logger()

# Enough webhooks in one claim to fill a process; more would only hold their rows locked for longer.
WEBHOOKS_PER_CLAIM = 200


class Pipeline:
    """Claims and sends for this process."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        lease: Lease,
        targets: Targets,
        unreadable: Unreadable,
        attempts: Attempts,
        recorder: Recorder,
        metrics: Metrics,
        traces: Traces,
        policy: DeliveryPolicy,
    ) -> None:
        self._database = database
        self._clock = clock
        self._lease = lease
        self.targets = targets
        self._unreadable = unreadable
        self._attempts = attempts
        self._recorder = recorder
        self._metrics = metrics
        self._traces = traces
        self._policy = policy
        self.in_flight = InFlight(policy.max_in_flight, self._freed)
        # Webhooks that may have something due (a dict, to keep their order), webhooks that wait for one of their own
        # deliveries to end, and webhooks that wait for any place of the process.
        self._asked: dict[str, None] = {}
        self._unfinished: set[str] = set()
        self._starved: set[str] = set()
        self._claiming: asyncio.Task[None] | None = None
        # One claim at a time in this process: deliveries of a claim that is being committed are neither counted nor in
        # flight.
        self.turn = asyncio.Lock()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        # Whether this process may hold claims that it does not know of (see `app.delivery.orphaned_claims`).
        self._must_reconcile = False
        self._unreleased: set[str] = set()
        self._stopped = False

    @property
    def worker_id(self) -> str:
        """ID under which this process claims deliveries."""
        return self._lease.worker_id

    # ── claim ──

    def ask(self, webhook_ids: Iterable[str]) -> None:
        """Let the next claim include what is due of these webhooks, and send it."""
        if self._stopped:
            return
        self._asked |= dict.fromkeys(webhook_ids)
        if (self._asked or self._must_reconcile) and self._claiming is None:
            self._begin_claim()

    async def attempt(self, webhook_ids: Iterable[str]) -> None:
        """Claim what is due of these webhooks and start sending it; return once the sending has started.

        Deliveries that find no place now are claimed when a place is free.
        """
        asked = set(webhook_ids)
        self.ask(asked)
        # Wait only until these webhooks were claimed for: under load there is always more to claim, and waiting for an
        # end of it would hold up the next wake-ups.
        while self._claiming is not None:
            is_last = asked.isdisjoint(self._asked) and not self._must_reconcile
            await asyncio.shield(self._claiming)
            if is_last:
                return

    def waiting(self) -> set[str] | None:
        """Webhooks that have older deliveries to send first, for a claim outside this pipeline that holds `turn`; None
        if such a claim is not allowed now, because other webhooks have been waiting longer for a place.
        """
        others_wait = self._claiming is not None or self.turn.locked() or self._must_reconcile or self._starved
        if others_wait or self._stopped or self.in_flight.capacity.free <= 0:
            return None
        return self._unfinished | self._timers.keys()

    def require_reconciliation(self) -> None:
        """Note that a claim for this process may have been committed although it seemed to fail."""
        self._must_reconcile = True

    async def reconcile(self) -> None:
        """Free claims that this process may hold without knowing it, if `require_reconciliation` was called since."""
        await self.attempt([])

    def _begin_claim(self) -> None:
        # A new context: sending does not belong to the request or the wake-up that asked.
        self._claiming = asyncio.create_task(self._claim_asked(), context=Context())

    async def _claim_asked(self) -> None:
        """Claim once, for as many webhooks as fit into one statement, and start the next claim if more are asked
        for.
        """
        may_go_on = False
        try:
            async with self.turn:
                await self._reconcile()
                if self._may_claim:
                    webhook_ids = list(self._asked)[:WEBHOOKS_PER_CLAIM]
                    for webhook_id in webhook_ids:
                        del self._asked[webhook_id]
                    await self._claim_some(webhook_ids)
            may_go_on = self._may_claim
        except DatabaseUnavailable as error:
            self.require_reconciliation()
            log.warning("claim.failed", error=str(error))  # The sweep asks again.
        except Exception:
            self.require_reconciliation()
            log.exception("claim.broken")
        finally:
            self._claiming = None
            if may_go_on:
                self._begin_claim()

    @property
    def _may_claim(self) -> bool:
        return bool(self._asked) and self.in_flight.capacity.free > 0 and not self._stopped

    async def _reconcile(self) -> None:
        if not self._must_reconcile:
            return
        self._must_reconcile, unreleased = False, set(self._unreleased)
        await free_orphaned_claims(self._database, self._lease.worker_id, self.in_flight.delivery_ids - unreleased)
        self._unreleased -= unreleased

    async def _claim_some(self, webhook_ids: Sequence[str]) -> None:
        now = self._clock.now()
        batch = await claim(
            self._database,
            self._lease.worker_id,
            webhook_ids,
            now=to_micros(now),
            capacity=self.in_flight.capacity,
            policy=self._policy.breaker,
            ordering_gives_way_at=to_micros(now - self._policy.ordering_gives_way_after),
        )
        self._traces.claimed(batch, now, self._clock)
        await self.start(batch)
        for webhook_id, at in batch.again.items():
            self._ask_at(webhook_id, at)
        for webhook_id in batch.unfinished:
            sending = webhook_id in self.in_flight.capacity.by_webhook
            (self._unfinished if sending else self._starved).add(webhook_id)
        if not self.in_flight:  # All ended during the claim: nothing will free a place and ask again.
            self._asked |= dict.fromkeys(self._starved)
            self._starved.clear()

    async def start(self, batch: ClaimedBatch) -> None:
        """Start sending what was claimed, in this pipeline's turn."""
        if not batch.deliveries:
            return
        self._metrics.claimed(len(batch.deliveries))
        try:
            sendings = await self._load(batch)
        except BaseException:
            await asyncio.shield(self._release(batch.deliveries))
            raise
        for sending in sendings:
            self.in_flight.start(sending.claimed, self.send_and_record(sending))

    async def _load(self, batch: ClaimedBatch) -> list[Sending]:
        """Load the targets of claimed deliveries. A delivery that cannot be sent is given back and holds up no
        other.
        """
        versions = {d.webhook_id: batch.webhooks[d.webhook_id].updated_at for d in batch.deliveries}
        loaded = await self.targets.load(versions, self._clock.now())
        await self._unreadable.release(loaded.readable_again)
        await self._unreadable.hold(loaded.unreadable)
        sendings, not_sent = [], []
        for claimed in batch.deliveries:
            target, content = loaded.targets.get(claimed.webhook_id), batch.contents.get(claimed.event_id)
            # No keys since the claim: the webhook was deleted, which cancels the deliveries too. No content: it
            # was erased, which cancels them as well, or somebody deleted it directly in the database.
            if target is None or not target.keys or content is None:
                not_sent.append(claimed)
            else:
                sendings.append(Sending(claimed, target, content, batch.webhooks[claimed.webhook_id]))
        if not_sent:
            await self._release(not_sent, delay_seconds=self._policy.broken_delay_seconds)
        return sendings

    def _freed(self, claimed: Claimed) -> None:
        """Use a freed place: for more of the same webhook, or for webhooks that found no place at all."""
        asked, self._starved = self._starved, set()
        # The next delivery of an ordering key could not be claimed while this one was open.
        if claimed.webhook_id in self._unfinished or claimed.ordering_key is not None:
            self._unfinished.discard(claimed.webhook_id)
            asked.add(claimed.webhook_id)
        if asked or self._asked:
            self.ask(asked)

    def _ask_at(self, webhook_id: str, at: Micros) -> None:
        delay = max(0.0, (at - to_micros(self._clock.now())) / 1_000_000)
        if delay >= self._policy.sweep_seconds:
            return  # The sweep comes earlier.
        if (timer := self._timers.pop(webhook_id, None)) is not None:
            timer.cancel()
        self._timers[webhook_id] = asyncio.get_running_loop().call_later(delay, self._timer_fired, webhook_id)

    def _timer_fired(self, webhook_id: str) -> None:
        self._timers.pop(webhook_id, None)
        self.ask([webhook_id])

    # ── send ──

    async def send_and_record(self, sending: Sending) -> str | None:
        """Make one attempt; return its ID, or None if a fault of the server itself prevented it."""
        try:
            return await self._attempts.make(sending)
        except NotAttempted:  # The cause was logged where it occurred, once for all deliveries.
            await self._release([sending.claimed], delay_seconds=self._policy.not_attempted_delay_seconds)
            return None
        except Exception:
            # Not the receiver's fault: no attempt is counted, and the delivery is tried again later.
            log.exception("delivery.broken", delivery_id=sending.claimed.id, webhook_id=sending.claimed.webhook_id)
            await self._release([sending.claimed], delay_seconds=self._policy.broken_delay_seconds)
            return None

    # ── the end ──

    async def stop(self, within_seconds: float) -> None:
        """Claim nothing more, finish what is in flight within the deadline, and give the rest back."""
        self._stopped = True
        for timer in self._timers.values():
            timer.cancel()
        if self._claiming is not None:
            await asyncio.wait([self._claiming])
        cut_off = await self.in_flight.finish(within_seconds)
        if cut_off:
            log.warning("delivery.cut_off", count=len(cut_off))
            await self._recorder.drained()
            await self._release(cut_off)

    async def _release(self, claimed: Sequence[Claimed], *, delay_seconds: float = 0) -> None:
        at = to_micros(self._clock.now() + timedelta(seconds=delay_seconds)) if delay_seconds else None
        try:
            await release(self._database, claimed, at)
        except Exception as error:  # noqa: BLE001 - whatever the error, the delivery must not stay claimed forever
            self._unreleased |= {delivery.id for delivery in claimed}
            self.require_reconciliation()
            log.warning("release.failed", count=len(claimed), error=str(error))
