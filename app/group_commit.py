"""Group commit: all items that arrived while the last commit was in flight go into the next one.

When idle, an item is committed at once, without delay or timer. Under load, the batch grows by itself to what the
database can take. This module does not know what is committed; publishing and recording both use it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from time import monotonic
from typing import Generic, TypeAlias, TypeVar

from app.errors import Unavailable

Item = TypeVar("Item")
Result = TypeVar("Result")
# If this many were submitted recently, as many callers will submit their next item when they have their results.
MANY = 8
# How long the next commit waits for them: enough for items on their way, not for callers that pause.
GATHER_SECONDS = 0.002


class Commit:
    """A transaction that is being committed."""

    def __init__(self) -> None:
        self._ended = False
        self._error: BaseException | None = None
        # One future per caller: if several awaited the same one, the first cancellation would cancel it for all.
        self._waiting: list[asyncio.Future[None]] = []

    async def done(self) -> None:
        """Wait for the commit, and raise its error if it failed."""
        if not self._ended:
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            await waiting
        if self._error is not None:
            raise self._error

    def end(self, error: BaseException | None = None) -> None:
        """Resume all callers that wait."""
        self._ended, self._error = True, error
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)


class EarlyResult(Generic[Result]):
    """A result that only a failure of its commit can change. A caller must not expose it outside the process before the
    commit is done.
    """

    __slots__ = ("commit", "value")

    def __init__(self, value: Result, commit: Commit) -> None:
        self.value = value
        self.commit = commit

    async def committed(self) -> Result:
        """The result, once its commit is done.

        Raises the commit's error.
        """
        await self.commit.done()
        return self.value


# An item, its weight and size, and the future of the caller that waits for it.
_Waiting: TypeAlias = "tuple[Item, int, int, asyncio.Future[EarlyResult[Result]]]"


class GroupCommit(Generic[Item, Result]):
    """Hands items to `commit` in batches, one batch at a time, and gives each caller its own result.

    Args:
        commit: writes a batch in one transaction. Entering it runs the statements and yields one result per item, in
            order; if that raises, nothing of the batch may be written. Leaving it waits until they are committed.
        max_batch: how much one commit takes at most; a single heavier item goes alone.
        max_waiting: how many items may wait before `submit` refuses more; bounds memory while the database is slow.
        max_bytes: how many bytes, as measured by `size`, may wait or be in a commit; a single bigger item goes alone.
        shared: exceptions that concern every item alike (the database is away). If the statements of a batch raise any
            other, it is committed again item by item, so that one bad item fails alone.
        weigh: how much of a batch an item fills.
        size: how many bytes an item has.
        observe: called with the weight of each batch that was committed.
        gathers: before a commit, wait at most 2 ms until as many items are there as recently, if those were many. Meant
            for commits whose thread contends with a busy loop for the interpreter: fewer commits cost less there,
            most of all while the loop has nothing else to do.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], AbstractAsyncContextManager[Sequence[Result]]],
        *,
        max_batch: int,
        max_waiting: int,
        max_bytes: int | None = None,
        shared: tuple[type[Exception], ...] = (),
        weigh: Callable[[Item], int] = lambda _: 1,
        size: Callable[[Item], int] = lambda _: 0,
        observe: Callable[[int], object] = lambda _: None,
        gathers: bool = False,
    ) -> None:
        self._commit = commit
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._max_bytes = max_bytes
        self._bytes = 0
        self._shared = shared
        self._weigh = weigh
        self._size = size
        self._observe = observe
        self._gathers = gathers
        self._expected = 0
        self._waiting: deque[_Waiting[Item, Result]] = deque()
        self._committing: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Number of items that wait for the next commit."""
        return len(self._waiting)

    async def submit(self, item: Item) -> Result:
        """Commit an item together with all others that are waiting, and return its result.

        A caller that is canceled stops waiting; its item is committed all the same.

        Raises:
            Unavailable: too many items, or too many bytes, are waiting already.
        """
        return await (await self.submit_early(item)).committed()

    async def submit_early(self, item: Item) -> EarlyResult[Result]:
        """The same, but return the result as soon as only a failure of its commit can change it.

        Raises:
            Unavailable: too many items, or too many bytes, are waiting already.
        """
        if len(self._waiting) >= self._max_waiting:
            # Without numbers: they would tell one workspace what others do.
            raise Unavailable("The database is slow: too many writes wait already. Try again shortly.")
        size = self._size(item)
        if self._max_bytes is not None and self._bytes and self._bytes + size > self._max_bytes:
            raise Unavailable("The database is slow: too many bytes wait to be written already. Try again shortly.")
        self._bytes += size
        result: asyncio.Future[EarlyResult[Result]] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, self._weigh(item), size, result))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_waiting())
        return await result

    async def drained(self) -> None:
        """Wait until everything submitted so far is committed or has failed."""
        while self._committing is not None:
            await asyncio.wait([self._committing])

    async def _commit_waiting(self) -> None:
        try:
            while self._waiting:
                if self._gathers and self._expected >= MANY:
                    await self._gather()
                batch = self._next_batch()
                try:
                    await self._commit_batch(batch)
                finally:
                    self._bytes -= sum([size for _, _, size, _ in batch])
                    # The batch, and those that arrived during it: the callers that are active at the moment.
                    self._expected = len(batch) + len(self._waiting)
        finally:
            self._committing = None

    async def _gather(self) -> None:
        until = monotonic() + GATHER_SECONDS
        while len(self._waiting) < self._expected and monotonic() < until:  # noqa: ASYNC110 - turns, not time
            await asyncio.sleep(0)

    def _next_batch(self) -> "list[_Waiting[Item, Result]]":
        batch = [self._waiting.popleft()]
        _, weight, _, _ = batch[0]
        while self._waiting and (weight := weight + self._waiting[0][1]) <= self._max_batch:
            batch.append(self._waiting.popleft())
        return batch

    async def _commit_batch(self, batch: "Sequence[_Waiting[Item, Result]]") -> None:
        commit: Commit | None = None
        try:
            async with self._commit([item for item, _, _, _ in batch]) as results:
                commit = Commit()
                _tell(batch, results, commit)
        except BaseException as error:
            if commit is not None:
                commit.end(error)
            elif len(batch) > 1 and isinstance(error, Exception) and not isinstance(error, self._shared):
                for one in batch:
                    await self._commit_batch([one])
            else:
                _fail(batch, error)
            if not isinstance(error, Exception):
                raise
        else:
            assert commit is not None
            self._observe(sum([weight for _, weight, _, _ in batch]))
            commit.end()


def _tell(batch: "Sequence[_Waiting[Item, Result]]", results: Sequence[Result], commit: Commit) -> None:
    for (_, _, _, future), result in zip(batch, results, strict=True):
        if not future.done():
            future.set_result(EarlyResult(result, commit))


def _fail(batch: "Sequence[_Waiting[Item, Result]]", error: BaseException) -> None:
    for _, _, _, future in batch:
        if future.done():
            continue
        if isinstance(error, asyncio.CancelledError):
            future.cancel()
        else:
            future.set_exception(error)
