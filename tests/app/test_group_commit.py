"""Group commit: one batch at a time, and every caller gets its own answer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from app.errors import Unavailable
from app.group_commit import EarlyResult, GroupCommit
from tests.patience import PATIENCE_SECONDS


class Away(Exception):
    """The database is away."""


class Commits:
    """Replaces the database: records batches, and blocks each commit until it is released."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.let_go = asyncio.Event()
        self.begun = asyncio.Event()
        self.early = False  # whether results are given before they are committed

    @asynccontextmanager
    async def __call__(self, items: Sequence[int]) -> AsyncIterator[list[int]]:
        results = [item * 10 for item in items]
        if not self.early:
            await self._commit(items)
        yield results
        if self.early:
            await self._commit(items)

    async def _commit(self, items: Sequence[int]) -> None:
        self.begun.set()
        await self.let_go.wait()
        if 13 in items:
            raise ValueError("13 cannot be written")
        if 99 in items:
            raise Away
        self.batches.append(list(items))


def group(commits: Commits, *, max_batch: int = 100, max_waiting: int = 100) -> GroupCommit[int, int]:
    return GroupCommit(commits, max_batch=max_batch, max_waiting=max_waiting, shared=(Away,))


async def test_an_item_is_committed_at_once_when_nothing_is_in_flight() -> None:
    commits = Commits()
    commits.let_go.set()

    result = await group(commits).submit(4)

    assert result == 40
    assert commits.batches == [[4]]


async def test_what_piles_up_during_a_commit_goes_into_the_next_one() -> None:
    commits = Commits()
    committing = group(commits)

    first = asyncio.create_task(committing.submit(1))
    await commits.begun.wait()
    others = [asyncio.create_task(committing.submit(item)) for item in (2, 3, 4)]
    await asyncio.sleep(0)
    commits.let_go.set()

    assert await asyncio.gather(first, *others) == [10, 20, 30, 40]
    assert commits.batches == [[1], [2, 3, 4]]


async def test_a_batch_is_no_heavier_than_allowed_but_one_heavy_item_goes_alone() -> None:
    commits = Commits()
    committing: GroupCommit[int, int] = GroupCommit(commits, max_batch=5, max_waiting=100, weigh=lambda item: item)

    first = asyncio.create_task(committing.submit(1))
    await commits.begun.wait()
    others = [asyncio.create_task(committing.submit(item)) for item in (2, 3, 9, 4)]
    await asyncio.sleep(0)
    commits.let_go.set()
    await asyncio.gather(first, *others)

    assert commits.batches == [[1], [2, 3], [9], [4]]


async def test_a_bad_item_fails_alone_and_the_others_of_its_batch_are_committed() -> None:
    commits = Commits()
    committing = group(commits)

    first = asyncio.create_task(committing.submit(1))
    await commits.begun.wait()
    others = [asyncio.create_task(committing.submit(item)) for item in (2, 13, 3)]
    await asyncio.sleep(0)
    commits.let_go.set()
    results = await asyncio.gather(first, *others, return_exceptions=True)

    assert [result for result in results if isinstance(result, int)] == [10, 20, 30]
    assert isinstance(results[2], ValueError)


async def test_an_error_that_concerns_all_is_raised_to_all_without_trying_each() -> None:
    commits = Commits()
    committing = group(commits)

    first = asyncio.create_task(committing.submit(1))
    await commits.begun.wait()
    others = [asyncio.create_task(committing.submit(item)) for item in (2, 99)]
    await asyncio.sleep(0)
    commits.let_go.set()
    results = await asyncio.gather(first, *others, return_exceptions=True)

    assert results[0] == 10
    assert [type(result) for result in results[1:]] == [Away, Away]
    assert commits.batches == [[1]]


async def test_more_than_may_wait_is_refused_as_unavailable() -> None:
    commits = Commits()
    committing = group(commits, max_waiting=2)
    first = asyncio.create_task(committing.submit(1))
    await commits.begun.wait()
    others = [asyncio.create_task(committing.submit(item)) for item in (2, 3)]
    await asyncio.sleep(0)

    with pytest.raises(Unavailable, match="too many writes wait already"):
        await committing.submit(4)

    commits.let_go.set()
    assert await asyncio.gather(first, *others) == [10, 20, 30]


async def test_a_caller_that_goes_away_neither_undoes_its_item_nor_harms_the_others() -> None:
    commits = Commits()
    committing = group(commits)
    first = asyncio.create_task(committing.submit(1))
    await commits.begun.wait()
    leaving, staying = (asyncio.create_task(committing.submit(item)) for item in (2, 3))
    await asyncio.sleep(0)

    leaving.cancel()
    commits.let_go.set()

    assert list(await asyncio.gather(first, staying)) == [10, 30]
    assert commits.batches == [[1], [2, 3]]


async def test_drained_waits_foreverything_submitted() -> None:
    commits = Commits()
    committing = group(commits, max_batch=1)
    tasks = [asyncio.create_task(committing.submit(item)) for item in (1, 2, 3)]
    await commits.begun.wait()
    commits.let_go.set()

    await committing.drained()

    assert commits.batches == [[1], [2], [3]]
    assert committing.waiting == 0
    assert list(await asyncio.gather(*tasks)) == [10, 20, 30]


async def test_items_that_are_too_big_together_are_refused_until_what_was_before_them_is_written() -> None:
    commits = Commits()
    committing: GroupCommit[int, int] = GroupCommit(
        commits, max_batch=100, max_waiting=100, max_bytes=10, size=lambda item: item
    )
    first = asyncio.create_task(committing.submit(6))
    await commits.begun.wait()
    second = asyncio.create_task(committing.submit(4))
    await asyncio.sleep(0)

    with pytest.raises(Unavailable, match="too many bytes wait"):
        await committing.submit(1)
    commits.let_go.set()
    await asyncio.gather(first, second)

    assert await committing.submit(11) == 110  # Alone, it may have any size.
    assert commits.batches == [[6], [4], [11]]


async def test_what_failed_no_longer_counts_against_the_others() -> None:
    commits = Commits()
    commits.let_go.set()
    committing: GroupCommit[int, int] = GroupCommit(
        commits, max_batch=100, max_waiting=100, max_bytes=100, shared=(Away,), size=lambda item: item
    )

    with pytest.raises(Away):
        await committing.submit(99)

    assert await committing.submit(50) == 500


@pytest.mark.parametrize("gathers", [True, False])
async def test_only_where_it_gathers_many_who_submit_again_are_committed_together_again(
    gathers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.group_commit.GATHER_SECONDS", PATIENCE_SECONDS)  # a busy machine takes longer
    commits = Commits()
    commits.let_go.set()
    committing: GroupCommit[int, int] = GroupCommit(commits, max_batch=100, max_waiting=100, gathers=gathers)

    async def submit_again_and_again(number: int) -> None:
        for _ in range(3):
            await committing.submit(number)
            for _ in range(number % 3):
                await asyncio.sleep(0)

    await asyncio.gather(*(submit_again_and_again(number) for number in range(100, 112)))

    assert ([len(batch) for batch in commits.batches] == [12, 12, 12]) is gathers


async def test_a_commit_does_not_wait_for_long_for_those_who_do_not_come_again() -> None:
    commits = Commits()
    commits.let_go.set()
    committing: GroupCommit[int, int] = GroupCommit(commits, max_batch=100, max_waiting=100, gathers=True)
    await asyncio.gather(*(committing.submit(number) for number in range(100, 110)))

    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await committing.submit(1) == 10

    assert commits.batches[1:] == [[1]]


async def early(commits: Commits, item: int) -> "tuple[GroupCommit[int, int], asyncio.Task[int], EarlyResult[int]]":
    """The early result of an item that is not committed yet, after another one in the same commit with a caller that
    waits for it.
    """
    commits.early = True
    committing = group(commits)
    waiting = asyncio.create_task(committing.submit(1))
    await asyncio.sleep(0)
    return committing, waiting, await committing.submit_early(item)


async def test_an_early_result_comes_before_its_commit_is_done() -> None:
    commits = Commits()

    _, late, result = await early(commits, 2)
    assert (result.value, commits.batches, late.done()) == (20, [], False)
    waiting = asyncio.create_task(result.committed())
    commits.let_go.set()

    assert await waiting == 20
    assert commits.batches == [[1, 2]]
    assert await late == 10
    assert await result.committed() == 20  # also for a caller that asks later


@pytest.mark.parametrize("bad", [13, 99])
async def test_a_commit_that_fails_after_its_early_results_fails_for_all_once(bad: int) -> None:
    commits = Commits()
    committing, late, result = await early(commits, bad)

    commits.let_go.set()
    results = await asyncio.gather(late, result.committed(), result.committed(), return_exceptions=True)

    assert len({type(result) for result in results} & {Away, ValueError}) == 1
    assert commits.batches == []
    assert await committing.submit(2) == 20


async def test_who_leaves_while_a_commit_is_under_way_takes_nobody_along() -> None:
    commits = Commits()
    _, leaving, result = await early(commits, 2)
    staying = asyncio.create_task(result.committed())
    await asyncio.sleep(0)

    leaving.cancel()
    commits.let_go.set()
    await staying

    assert commits.batches == [[1, 2]]
