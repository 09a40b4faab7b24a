"""Publishing with spans: one for each trace that the events of a call belong to, from the call to its commit."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app.access.caller import Caller
from app.clock import Clock
from app.group_commit import EarlyResult
from app.publishing.commit import Published
from app.publishing.draft import EventDraft

if TYPE_CHECKING:
    from app.tracing.spans import Tracing


class TracedResult(EarlyResult[Published]):
    """An early result that ends spans once its commit is done."""

    __slots__ = ("_end",)

    def __init__(self, early: EarlyResult[Published], end: Callable[[Published | None, str], None]) -> None:
        super().__init__(early.value, early.commit)
        self._end = end

    async def committed(self) -> Published:
        """The result, once its commit is done.

        Raises the commit's error.
        """
        try:
            published = await super().committed()
        except Exception as error:
            self._end(None, type(error).__name__)
            raise
        self._end(published, "")
        return published


async def publish_traced(
    tracing: "Tracing",
    clock: Clock,
    caller: Caller,
    drafts: Sequence[EventDraft],
    publish: Callable[[Sequence[EventDraft]], Awaitable[EarlyResult[Published]]],
) -> EarlyResult[Published]:
    """Publish drafts by `publish`, which is given them with the contexts of their spans as their traces."""
    from app.tracing.spans import end_publish

    began_at = clock.now()
    begun = {}
    for trace in dict.fromkeys(draft.trace for draft in drafts):
        types = [draft.type for draft in drafts if draft.trace == trace]
        begun[trace] = tracing.begin_publish(trace, caller.workspace_id, types, began_at)

    def end(published: Published | None, failure: str) -> None:
        only = published.events[0].row.id if published is not None and len(published.events) == 1 else None
        for span, _ in begun.values():
            end_publish(span, clock.now(), only, failure)

    try:
        early = await publish([replace(draft, trace=begun[draft.trace][1]) for draft in drafts])
    except Exception as error:
        end(None, type(error).__name__)
        raise
    return TracedResult(early, end)
