"""Publishes events: take in (check, commit with their deliveries), wake the workers, announce.

What is acknowledged is in the database: event, deliveries and the exact body, in one transaction (group commit). Waking
and announcing come after it and may be lost without harm: the sweep finds what is due.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from app.access.caller import Caller
from app.database.errors import DatabaseUnavailable
from app.errors import Problem, Rejected, UserErrorCode, rejected
from app.group_commit import Commit, GroupCommit
from app.publishing.commit import NewDelivery, Published
from app.publishing.draft import MAX_EVENTS, EventDraft
from app.publishing.intake import Intake, Publication, publication
from app.registry import Registries
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

    registries: Registries
    updates: Updates
    wake: Callable[[Sequence[str]], None]
    commits: "GroupCommit[Publication, Published]"

    async def publish(
        self,
        caller: Caller,
        drafts: Sequence[EventDraft],
        *,
        batch: bool,
        hold: Callable[[Commit], None] | None = None,
    ) -> Published:
        """Publish events, all or none; with `batch`, problems name the event they belong to.

        Args:
            hold: where given, this may return before the commit is done, and gives it that one: what it returned is
                not to be told to anybody until then.

        Raises:
            Forbidden: the caller may not publish.
            Rejected: something is wrong with the events; nothing was published.
            Unavailable: the database is too slow to take more; nothing was published.
        """
        caller.require(Scope.PUBLISH)
        if not drafts:
            raise rejected(UserErrorCode.REQUIRED, f"There is no event; give 1 to {MAX_EVENTS}.", "events")
        if len(drafts) > MAX_EVENTS:
            message = f"There are {len(drafts)} events; at most {MAX_EVENTS} can be published at once."
            raise rejected(UserErrorCode.TOO_MANY, message, "events")
        handed_in = publication(caller.workspace_id, drafts, batch=batch)
        committed, under_way = await self.commits.submit_early(handed_in)
        while committed.outdated:  # what it was checked with was a version behind: then it is checked again
            committed, under_way = await self.commits.submit_early(handed_in)
        if committed.problems:
            raise Rejected(committed.problems)
        if under_way is not None and (hold is None or committed.conflicts):
            await under_way.done()
            under_way = None
        if committed.conflicts:
            raise Rejected([_conflict(index, drafts[index], batch) for index in committed.conflicts])
        if committed.deliveries:
            after_commit = partial(self.after_commit, committed.deliveries)
            if under_way is None:
                after_commit()
            else:
                under_way.then(after_commit)
        if under_way is not None and hold is not None:
            hold(under_way)
        return committed

    def after_commit(self, deliveries: Sequence[NewDelivery]) -> None:
        """Wake workers for new deliveries, and announce them."""
        self.updates.announce(Topic.DELIVERIES, [_created(delivery) for delivery in deliveries])
        awake = dict.fromkeys(delivery.webhook_id for delivery in deliveries if delivery.due)
        if awake:
            self.wake(list(awake))


def group_commits(intake: Intake) -> "GroupCommit[Publication, Published]":
    """The group commit of a publisher; a batch holds whole calls, so that each stays all or none."""
    return GroupCommit(
        intake.commit,
        max_batch=MAX_EVENTS_PER_COMMIT,
        max_waiting=MAX_REQUESTS_WAITING,
        max_bytes=MAX_BYTES_WAITING,
        weigh=lambda handed_in: len(handed_in.drafts),
        size=lambda handed_in: handed_in.size,
        shared=(DatabaseUnavailable,),
        gathers=intake.database.dialect == "sqlite",
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
