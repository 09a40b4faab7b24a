"""Publishes events: check, commit with their deliveries, wake the workers, announce.

What is acknowledged is in the database: event, deliveries and the exact body, in one transaction (group commit). Waking
and announcing come after it and may be lost without harm: the sweep finds what is due.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass

from app.access.caller import Caller
from app.clock import Clock, to_micros
from app.database.database import Database
from app.database.errors import DatabaseUnavailable
from app.errors import Problem, Rejected, UserErrorCode, rejected
from app.group_commit import GroupCommit
from app.publishing.commit import Claimant, Committed, NewDelivery, PublishRequest, commit_requests
from app.publishing.draft import MAX_EVENTS, EventDraft, prepare, problems_of
from app.publishing.registry import Registries
from app.statuses import DeliveryStatus, Scope
from app.updates.bus import Updates
from app.updates.update import Topic, Update

MAX_EVENTS_PER_COMMIT = 1_000
MAX_REQUESTS_WAITING = 2_000
# Of events that wait for a database that is slow; in memory they take some times as much.
MAX_BYTES_WAITING = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Publisher:
    """Takes events in for every workspace of this process."""

    database: Database
    registries: Registries
    clock: Clock
    updates: Updates
    wake: Callable[[Sequence[str]], None]
    max_event_bytes: int
    commits: "GroupCommit[PublishRequest, Committed]"

    async def publish(self, caller: Caller, drafts: Sequence[EventDraft], *, batch: bool) -> Committed:
        """Publish events, all or none; with `batch`, problems name the event they belong to.

        Raises:
            Forbidden: the caller may not publish.
            Rejected: something is wrong with the events; nothing was published.
            Unavailable: the database is too slow to take more; nothing was published.
        """
        caller.require(Scope.PUBLISH)
        committed = Committed(outdated=True)
        while committed.outdated:  # what was at hand to check with may be a version behind: then check again
            committed = await self.commits.submit(await self._checked(caller, drafts, batch))
        if committed.conflicts:
            raise Rejected([_conflict(index, drafts[index], batch) for index in committed.conflicts])
        if committed.deliveries:
            self.after_commit(committed.deliveries)
        return committed

    def after_commit(self, deliveries: Sequence[NewDelivery]) -> None:
        """Wake workers for new deliveries, and announce them."""
        self.updates.announce(Topic.DELIVERIES, [_created(delivery) for delivery in deliveries])
        awake = dict.fromkeys(delivery.webhook_id for delivery in deliveries if delivery.due)
        if awake:
            self.wake(list(awake))

    async def _checked(self, caller: Caller, drafts: Sequence[EventDraft], batch: bool) -> PublishRequest:
        if not drafts:
            raise rejected(UserErrorCode.REQUIRED, f"There is no event; give 1 to {MAX_EVENTS}.", "events")
        if len(drafts) > MAX_EVENTS:
            message = f"There are {len(drafts)} events; at most {MAX_EVENTS} can be published at once."
            raise rejected(UserErrorCode.TOO_MANY, message, "events")
        registry = self.registries.at_hand(caller.workspace_id)
        if registry is None:
            registry = await self.registries.current(self.database, caller.workspace_id)
        problems: list[Problem] = []
        for index, draft in enumerate(drafts):
            path = ("events", str(index)) if batch else ()
            found = problems_of(draft, registry, self.max_event_bytes, path)
            if found and registry is not (fresh := await self.registries.current(self.database, caller.workspace_id)):
                registry = fresh  # An event type may just have been added.
                found = problems_of(draft, registry, self.max_event_bytes, path)
            problems += found
        if problems:
            raise Rejected(problems)
        now = to_micros(self.clock.now())
        events = [prepare(draft, now) for draft in drafts]
        routes = [registry.routes_for(event.type, event.content) for event in events]
        return PublishRequest(caller.workspace_id, events, registry.version, routes)


def group_commits(
    database: Database,
    registries: Registries,
    observe: Callable[[int], object],
    claiming: Callable[[], AbstractAsyncContextManager[Claimant | None]] = nullcontext,
) -> "GroupCommit[PublishRequest, Committed]":
    """The group commit of a publisher; a batch holds whole requests, so that each stays all or none.

    Args:
        claiming: entered around each commit; gives whoever may claim what is written.
    """

    async def commit(requests: Sequence[PublishRequest]) -> list[Committed]:
        async with claiming() as claimant:
            return await commit_requests(database, registries, requests, claimant)

    return GroupCommit(
        commit,
        max_batch=MAX_EVENTS_PER_COMMIT,
        max_waiting=MAX_REQUESTS_WAITING,
        max_bytes=MAX_BYTES_WAITING,
        weigh=lambda request: len(request.events),
        size=lambda request: sum([len(event.body) for event in request.events]),
        shared=(DatabaseUnavailable,),
        observe=observe,
    )


def _conflict(index: int, draft: EventDraft, batch: bool) -> Problem:
    message = (
        f'The idempotency key "{draft.idempotency_key}" was used before for an event with another content.'
        " Repeat the same event, or choose a new key."
    )
    path = ("events", str(index), "idempotencyKey") if batch else ("idempotencyKey",)
    return Problem(message, path, UserErrorCode.CONFLICT)


def _created(delivery: NewDelivery) -> Update:
    return Update(
        workspace_id=delivery.workspace_id,
        subject_id=delivery.id,
        at=delivery.created_at,
        event_id=delivery.event_id,
        webhook_id=delivery.webhook_id,
        event_type=delivery.event_type,
        status=DeliveryStatus.PENDING,
        attempt_id=None,
    )
