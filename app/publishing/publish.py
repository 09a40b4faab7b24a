"""Publishes events: check, commit with their deliveries, wake the workers, announce.

An acknowledged event is in the database with its deliveries and exact body, written in one transaction (group commit).
Waking and announcing follow, and may be lost without harm because the sweep finds what is due.

Events are checked by the commit that takes them, all in one go, not one by one as they arrive. One by one, the
processor would have to load the needed code and data into its caches each time, because other requests ran in between.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from app.access.caller import Caller
from app.clock import Clock, Micros, to_micros
from app.database.database import Database
from app.database.errors import DatabaseUnavailable
from app.errors import Problem, Rejected, UserErrorCode, rejected
from app.group_commit import EarlyResult, GroupCommit
from app.publishing.announce import announce_new
from app.publishing.commit import Published, PublishingMode, PublishRequest, committing, missed_by
from app.publishing.draft import MAX_EVENTS, EventDraft, json_of, prepare, problems_of
from app.publishing.traced import publish_traced
from app.registry import Registries, Registry
from app.statuses import Scope
from app.updates.bus import Updates

if TYPE_CHECKING:
    from app.tracing.spans import Tracing

MAX_EVENTS_PER_COMMIT = 1_000
MAX_REQUESTS_WAITING = 2_000
# Data of events that wait for a slow database; in memory they take several times as much.
MAX_BYTES_WAITING = 32 * 1024 * 1024


class Submission(NamedTuple):
    """The events of one call as they wait for a commit, with their data as JSON; problems of a `batch` name the event
    they belong to.
    """

    caller: Caller
    drafts: Sequence[EventDraft]
    json: Sequence[bytes | TypeError]
    batch: bool

    @property
    def size(self) -> int:
        """Size of its data, in bytes."""
        return sum([len(json) for json in self.json if isinstance(json, bytes)])


class Publisher:
    """Publishes the events of every workspace of this process.

    Args:
        wake: wakes workers for webhooks with due deliveries.
        mode: how its transactions run.
        max_event_bytes: how much data an event may have.
        observe: called with the number of events in each transaction.
        observe_unmatched: called with how often an event could not be matched with a webhook, if that happened.
        tracing: makes spans of publishing; None if none are exported.
    """

    def __init__(
        self,
        *,
        database: Database,
        registries: Registries,
        clock: Clock,
        updates: Updates,
        wake: Callable[[Sequence[str]], None],
        mode: PublishingMode,
        max_event_bytes: int,
        observe: Callable[[int], object],
        observe_unmatched: Callable[[int], object],
        tracing: "Tracing | None",
    ) -> None:
        self._database = database
        self._registries = registries
        self._clock = clock
        self._updates = updates
        self.wake = wake
        self._mode = mode
        self._max_event_bytes = max_event_bytes
        self._observe = observe
        self._observe_unmatched = observe_unmatched
        self._tracing = tracing
        # A batch holds whole calls, because each is written entirely or not at all.
        self._commits: GroupCommit[Submission, Published] = GroupCommit(
            self._committing,
            max_batch=MAX_EVENTS_PER_COMMIT,
            max_waiting=MAX_REQUESTS_WAITING,
            max_bytes=MAX_BYTES_WAITING,
            weigh=lambda submission: len(submission.drafts),
            size=lambda submission: submission.size,
            shared=(DatabaseUnavailable,),
            gathers=mode.gathers,
        )

    async def publish(self, caller: Caller, drafts: Sequence[EventDraft], *, batch: bool) -> Published:
        """Publish events, all or none; with `batch`, problems name the event they belong to.

        Raises:
            Forbidden: the caller may not publish.
            Rejected: something is wrong with the events; nothing was published.
            Unavailable: the database is too slow to take more; nothing was published.
        """
        return await (await self.publish_early(caller, drafts, batch=batch)).committed()

    async def publish_early(
        self, caller: Caller, drafts: Sequence[EventDraft], *, batch: bool
    ) -> EarlyResult[Published]:
        """The same, but return as soon as only a failure of the commit can change the result.

        Raises: what `publish` does.
        """
        if self._tracing is None:
            return await self._publish_early(caller, drafts, batch=batch)
        publish = partial(self._publish_early, caller, batch=batch)
        return await publish_traced(self._tracing, self._clock, caller, drafts, publish)

    async def _publish_early(
        self, caller: Caller, drafts: Sequence[EventDraft], *, batch: bool
    ) -> EarlyResult[Published]:
        caller.require(Scope.PUBLISH)
        if not drafts:
            raise rejected(UserErrorCode.REQUIRED, f"There is no event; give 1 to {MAX_EVENTS}.", "events")
        if len(drafts) > MAX_EVENTS:
            message = f"There are {len(drafts)} events; at most {MAX_EVENTS} can be published at once."
            raise rejected(UserErrorCode.TOO_MANY, message, "events")
        if caller.narrowing.event_types is not None:
            _require_seen(caller, drafts, batch=batch)
        submission = Submission(caller, drafts, [json_of(draft.data) for draft in drafts], batch)
        early = await self._commits.submit_early(submission)
        while early.value.outdated:  # it was checked with an older version: check it again
            early = await self._commits.submit_early(submission)
        if early.value.problems:
            raise Rejected(early.value.problems)
        if early.value.conflicts:
            await early.committed()  # A conflict within the same commit exists only once that is written.
            raise Rejected([_conflict(index, drafts[index], batch) for index in early.value.conflicts])
        return early

    @asynccontextmanager
    async def _committing(self, batch: Sequence[Submission]) -> AsyncIterator[list[Published]]:
        """Write the valid submissions in one transaction, each entirely or not at all; yield the result of each.

        Raises:
            DatabaseUnavailable: nothing is known to have been written.
        """
        checked = await self._checked(batch)
        requests = [one for one in checked if isinstance(one, PublishRequest)]
        if not requests:
            yield _in_order(checked, [])
            return
        async with committing(self._mode, self._registries, requests) as written:
            yield _in_order(checked, written)
        self._observe(sum([len(request.events) for request in requests]))
        unmatched = sum([len(one.events) * self._registries.unmatched(one.workspace_id) for one in requests])
        if unmatched:
            self._observe_unmatched(unmatched)
        announce_new(self._updates, self.wake, written)

    async def _checked(self, batch: Sequence[Submission]) -> list[PublishRequest | Published]:
        """Each submission as it is to be committed, or its result if something is wrong with it."""
        now = to_micros(self._clock.now())
        fresh: dict[str, Registry] = {}
        checked: list[PublishRequest | Published] = []
        for one in batch:
            workspace_id = one.caller.workspace_id
            registry = fresh.get(workspace_id) or self._registries.at_hand(workspace_id)
            problems = self._problems(one, registry) if registry is not None else []
            if registry is None or (problems and workspace_id not in fresh):
                # The event type may have been added just now.
                registry = fresh[workspace_id] = await self._registries.current(self._database, workspace_id)
                problems = self._problems(one, registry)
            checked.append(Published(problems=problems) if problems else _prepared(one, registry, now))
        return checked

    def _problems(self, one: Submission, registry: Registry) -> list[Problem]:
        problems: list[Problem] = []
        for index, (draft, json) in enumerate(zip(one.drafts, one.json, strict=True)):
            path = ("events", str(index)) if one.batch else ()
            problems += problems_of(draft, json, registry, one.caller.narrowing, self._max_event_bytes, path)
        return problems


def _require_seen(caller: Caller, drafts: Sequence[EventDraft], *, batch: bool) -> None:
    problems = [
        Problem(
            f"Your token covers {', '.join(caller.narrowing.event_types or ())}, but no other event type.",
            ("events", str(index), "type") if batch else ("type",),
            UserErrorCode.INVALID,
        )
        for index, draft in enumerate(drafts)
        if not caller.narrowing.sees_type(draft.type)
    ]
    if problems:
        raise Rejected(problems)


def _prepared(one: Submission, registry: Registry, now: Micros) -> PublishRequest:
    # Without problems, all its data is JSON.
    events = [
        prepare(draft, json, now) for draft, json in zip(one.drafts, one.json, strict=True) if isinstance(json, bytes)
    ]
    routes = [registry.routes_for(event.type, event.content) for event in events]
    return PublishRequest(one.caller.workspace_id, events, registry.version, routes, missed_by(registry, events))


def _in_order(checked: Sequence[PublishRequest | Published], written: Sequence[Published]) -> list[Published]:
    """Merge the results of refused and of written submissions, in the order submitted."""
    following = iter(written)
    return [one if isinstance(one, Published) else next(following) for one in checked]


def _conflict(index: int, draft: EventDraft, batch: bool) -> Problem:
    message = (
        f'The idempotency key "{draft.idempotency_key}" was used before for an event with another content.'
        " Repeat the same event, or choose a new key."
    )
    path = ("events", str(index), "idempotencyKey") if batch else ("idempotencyKey",)
    return Problem(message, path, UserErrorCode.CONFLICT)
