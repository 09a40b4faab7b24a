"""Takes in what was published: checks and writes out in one go whatever the next commit takes, and commits it.

Not one by one as they come: each time, what that needs would have to be fetched into the processor's caches anew, where
the requests in between have taken its place.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import NamedTuple

from app.clock import Clock, to_micros
from app.database.database import Database
from app.errors import Problem
from app.publishing.commit import Claimant, Published, PublishRequest, commit_requests
from app.publishing.draft import EventDraft, json_of, prepare, problems_of
from app.registry import Registries, Registry


class Publication(NamedTuple):
    """One call's events as they were handed in, with their data as JSON."""

    workspace_id: str
    drafts: Sequence[EventDraft]
    json: Sequence[bytes | TypeError]
    batch: bool

    @property
    def size(self) -> int:
        """Of its data, in bytes."""
        return sum([len(json) for json in self.json if isinstance(json, bytes)])


def publication(workspace_id: str, drafts: Sequence[EventDraft], *, batch: bool) -> Publication:
    """Events as they wait for a commit; with `batch`, problems name the event they belong to."""
    return Publication(workspace_id, drafts, [json_of(draft.data) for draft in drafts], batch)


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes publications in, many in one transaction.

    Args:
        max_event_bytes: how much data an event may have.
        observe: told how many events each transaction held.
        claiming: entered around each transaction; gives whoever may claim what is written.
    """

    database: Database
    registries: Registries
    clock: Clock
    max_event_bytes: int
    observe: Callable[[int], object]
    claiming: Callable[[], AbstractAsyncContextManager[Claimant | None]] = nullcontext

    async def commit(
        self, publications: Sequence[Publication], known: Callable[[list[Published]], None]
    ) -> list[Published]:
        """Write what is right in one transaction, each publication all or none, and say what became of each.

        Args:
            known: may be told the same while the commit is under way.

        Raises:
            DatabaseUnavailable: nothing was written as far as can be known.
        """
        checked = await self._checked(publications)
        requests = [one for one in checked if isinstance(one, PublishRequest)]
        if not requests:
            return _for_all(checked, [])
        async with self.claiming() as claimant:
            committed = await commit_requests(
                *(self.database, self.registries, requests, claimant),
                lambda outcomes: known(_for_all(checked, outcomes)),
            )
        self.observe(sum([len(request.events) for request in requests]))
        return _for_all(checked, committed)

    async def _checked(self, publications: Sequence[Publication]) -> list[PublishRequest | Published]:
        """Each as it is to be committed, or as what became of it where something is wrong."""
        now = to_micros(self.clock.now())
        fresh: dict[str, Registry] = {}
        checked: list[PublishRequest | Published] = []
        for one in publications:
            workspace_id = one.workspace_id
            registry = fresh.get(workspace_id) or self.registries.at_hand(workspace_id)
            problems = self._problems(one, registry) if registry is not None else []
            if registry is None or (problems and workspace_id not in fresh):
                # An event type may just have been added.
                registry = fresh[workspace_id] = await self.registries.current(self.database, workspace_id)
                problems = self._problems(one, registry)
            checked.append(Published(problems=problems) if problems else _prepared(one, registry, now))
        return checked

    def _problems(self, one: Publication, registry: Registry) -> list[Problem]:
        problems: list[Problem] = []
        for index, (draft, json) in enumerate(zip(one.drafts, one.json, strict=True)):
            path = ("events", str(index)) if one.batch else ()
            # Only one event gets suggestions: finding them takes milliseconds, and a batch may hold 1,000 wrong names.
            problems += problems_of(draft, json, registry, self.max_event_bytes, path, suggest=not problems)
        return problems


def _for_all(checked: Sequence[PublishRequest | Published], committed: Sequence[Published]) -> list[Published]:
    """What became of each, in order: of what was wrong, and of what was committed."""
    following = iter(committed)
    return [one if isinstance(one, Published) else next(following) for one in checked]


def _prepared(one: Publication, registry: Registry, now: int) -> PublishRequest:
    # Without problems, all its data is JSON.
    events = [
        prepare(draft, json, now) for draft, json in zip(one.drafts, one.json, strict=True) if isinstance(json, bytes)
    ]
    routes = [registry.routes_for(event.type, event.content) for event in events]
    return PublishRequest(one.workspace_id, events, registry.version, routes)
