"""Group commit: whatever piled up while the last commit was in flight goes into the next one.

Idle, an item is committed at once: no delay, no timer. Busy, the batch grows by itself to what the database can take.
Knows nothing of what is committed; publishing and recording both use it.
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
# Where so many submitted lately, as many will submit their next item when they have their results.
MANY = 8
# How long the next commit waits for them: for what is on its way, not for whoever takes a break.
GATHER_SECONDS = 0.002


class Commit:
    """A transaction that is being committed."""

    def __init__(self) -> None:
        self._ended = False
        self._error: BaseException | None = None
        # One each: a future that several wait for is cancelled with the first of them.
        self._waiting: list[asyncio.Future[None]] = []

    async def done(self) -> None:
        """Wait for it, and raise what it failed with."""
        if not self._ended:
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            await waiting
        if self._error is not None:
            raise self._error

    def end(self, error: BaseException | None = None) -> None:
        """Let everybody who waits go on."""
        self._ended, self._error = True, error
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)


class EarlyResult(Generic[Result]):
    """A result that only a failure of its commit can change. Nobody outside the process may see it before the commit
    is done."""

    __slots__ = ("_commit", "value")

    def __init__(self, value: Result, commit: Commit) -> None:
        self.value = value
        self._commit = commit

    async def committed(self) -> Result:
        """The result, once its commit is done.

        Raises: what the commit failed with.
        """
        await self._commit.done()
        return self.value


# An item, its weight and size, and who waits for it.
_Waiting: TypeAlias = "tuple[Item, int, int, asyncio.Future[EarlyResult[Result]]]"


class GroupCommit(Generic[Item, Result]):
    """Hands items to `commit` in batches, one batch at a time, and gives each its own result.

    Args:
        commit: writes a batch in one transaction. Entering it runs the statements and gives one result an item, in
            order; if that raises, nothing of the batch may be written. Leaving it waits until they are committed.
        max_batch: how much one commit takes at most; a single heavier item goes alone.
        max_waiting: how many items may wait before `submit` refuses more; bounds memory while the database is slow.
        max_bytes: how many bytes, as `size` has them, may wait or be in a commit; a single bigger item goes alone.
        shared: exceptions that concern every item alike (the database is away). If the statements of a batch raise any
            other, it is committed again item by item, so that one bad item fails alone.
        weigh: how much of a batch an item fills.
        size: how many bytes an item is.
        observe: told the weight of each batch that was committed.
        gathers: before a commit, wait 2 ms at most until there are as many items as lately, where these were
            many. For commits whose thread contends with a busy loop for the interpreter: fewer of them are better, and
            best while the loop has nothing else to do.
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
        """How many items wait for the next commit."""
        return len(self._waiting)

    async def submit(self, item: Item) -> Result:
        """Commit an item together with whatever else is waiting, and return its result.

        A caller that is cancelled stops waiting; its item is committed all the same.

        Raises:
            Unavailable: too many items wait already, or too big ones.
        """
        return await (await self.submit_early(item)).committed()

    async def submit_early(self, item: Item) -> EarlyResult[Result]:
        """The same, but return the result as soon as only a failure of its commit can change it.

        Raises:
            Unavailable: too many items wait already, or too big ones.
        """
        if len(self._waiting) >= self._max_waiting:
            raise Unavailable(f"The database is slow: {self._max_waiting} writes wait already. Try again shortly.")
        size = self._size(item)
        if self._max_bytes is not None and self._bytes and self._bytes + size > self._max_bytes:
            raise Unavailable(
                f"The database is slow: {self._bytes} bytes wait to be written already. Try again shortly."
            )
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
                    # They, and those who had to wait for them: whoever submits these days.
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
