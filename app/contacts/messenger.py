"""Sends the messages that are due, some at a time, beside everything else that the process does.

The rows decide what is due (`app.contacts.rows`), so a message that a dead process was sending goes out again. A
message is retried by the rules of deliveries (`app.delivery.decide`), on a schedule of its own.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from app.clock import Clock
from app.contacts import rows
from app.contacts.courier import Courier, Recipient
from app.contacts.message import Message
from app.contacts.outcome import Sent
from app.contacts.rows import MOST_OF_A_CONTACT, Claimed, Due
from app.database.database import Database
from app.delivery.decide import Attempted, BreakerPolicy, Facts, decide
from app.delivery.lease import Lease
from app.metrics import MessageResult
from app.statuses import AttemptOutcome, AttemptTrigger

log = structlog.get_logger()

# A mail server that greylists wants minutes, one that is away for the night wants hours.
RETRY_DELAYS_SECONDS = (10, 60, 300, 900, 3_600, 7_200, 18_000, 36_000, 36_000)
MOST_IN_FLIGHT = 20
# Of a message that did not leave, because the egress proxy is away.
_NOT_ASKED_DELAY = timedelta(seconds=5)
# Contacts are not held back or disabled: their messages are few.
_NO_BREAKER = BreakerPolicy(threshold=1_000_000, open_for=timedelta(0))


class Messenger:
    """Claims and sends the messages of contacts for this process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        lease: Lease,
        courier: Courier,
        count: Callable[[MessageResult], object],
    ) -> None:
        self._count = count
        self._database = database
        self._clock = clock
        self._lease = lease
        self._courier = courier
        self._in_flight: dict[str, tuple[Due, asyncio.Task[None]]] = {}
        # Whether a claim of this process may be left that nobody sends.
        self._must_release = False

    async def send_due(self) -> int:
        """Start sending what is due and finds a place; periodic. Return how many messages were started."""
        if self._must_release:
            self._must_release = False
            try:
                await rows.release(self._database, self._lease.worker_id, self._in_flight.keys())
            except BaseException:
                self._must_release = True
                raise
        now, started = self._clock.now(), 0
        for each in await rows.due(self._database, now):
            if self._has_place(each):
                started += await self._start(each, now)
        return started

    async def forget(self) -> None:
        """Delete rows that are no longer needed; periodic."""
        await rows.forget(self._database, self._clock.now())

    async def finished(self) -> None:
        """Wait until nothing is in flight."""
        while self._in_flight:
            await asyncio.wait([task for _, task in self._in_flight.values()])

    async def stop(self, within_seconds: float) -> None:
        """Finish what is in flight within the deadline; what is left goes out again from another process."""
        tasks = [task for _, task in self._in_flight.values()]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=within_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _has_place(self, asked: Due) -> bool:
        of_contact = Counter([each.contact_id for each, _ in self._in_flight.values()])
        return (
            len(self._in_flight) < MOST_IN_FLIGHT
            and asked.id not in self._in_flight
            and of_contact[asked.contact_id] < MOST_OF_A_CONTACT
        )

    async def _start(self, asked: Due, now: datetime) -> bool:
        worker_id = self._lease.worker_id
        try:
            claimed = await rows.claim(self._database, worker_id, asked.id, now)
        except BaseException:
            self._must_release = True  # It may have been committed all the same.
            raise
        if claimed is None:
            return False
        task = asyncio.create_task(self._send(worker_id, claimed), name=f"message {asked.id}")
        self._in_flight[asked.id] = (asked, task)
        task.add_done_callback(lambda _: self._in_flight.pop(asked.id))
        return True

    async def _send(self, worker_id: str, claimed: Claimed) -> None:
        try:
            if claimed.recipient is None or not claimed.message.latest:
                await rows.drop(self._database, worker_id, claimed.id, self._clock.now())
                return
            number = claimed.attempt_count + 1
            sent = await self._attempt(claimed.recipient, claimed.message, number)
            now = self._clock.now()
            retry_at = _retry_at(claimed, sent, now)
            if await rows.record(self._database, worker_id, claimed, sent, retry_at, now):
                self._count("sent" if sent.ok else "failed" if retry_at is None else "retried")
        except BaseException as error:
            self._must_release = True
            if not isinstance(error, Exception):
                raise
            log.exception("contact.broken", contact_id=claimed.contact_id)
            return
        event = "contact.told" if sent.ok else "contact.not_told"
        log.info(
            event,
            contact_id=claimed.contact_id,
            kind=claimed.recipient.kind,
            alerts=claimed.message.count,
            attempt=number,
            outcome=sent.outcome,
            error=sent.error,
            retry_at=None if retry_at is None else retry_at.isoformat(),
        )

    async def _attempt(self, recipient: Recipient, message: Message, number: int) -> Sent:
        try:
            return await self._courier.send(recipient, message, number)
        except Exception:
            # It counts as an attempt, so that a fault of the server itself is not repeated every second.
            log.exception("contact.fault", contact_id=recipient.id)
            return Sent(AttemptOutcome.PROTOCOL_ERROR, "A fault of this server kept the message from being sent.")


def _retry_at(claimed: Claimed, sent: Sent, now: datetime) -> datetime | None:
    """When the next attempt is due; None if the message has ended."""
    if sent.not_asked:
        return now + _NOT_ASKED_DELAY
    if sent.final:
        return None
    facts = Facts(
        retry_delays_seconds=RETRY_DELAYS_SECONDS,
        retries_used=claimed.attempt_count,
        trigger=AttemptTrigger.FIRST,
        failing_since=None,
        consecutive_failures=0,
        disable_after=timedelta.max,
    )
    attempted = Attempted(sent.outcome, sent.status, sent.retry_after, now)
    return decide(facts, attempted, random.random(), _NO_BREAKER).next_attempt_at
