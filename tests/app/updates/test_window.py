import asyncio

from app.updates import Batch, Topic
from app.updates.cursor import Cursor, format_cursor
from app.updates.window import Following, Page, Shelf, Window
from tests.app.updates.follower import an_update
from tests.patience import PATIENCE_SECONDS

STREAM = (Topic.DELIVERIES, "ws_a")


def test_what_was_emptied_does_not_push_out_what_came_after() -> None:
    window = Window(4)
    shelf = window.open(STREAM, 7, 0)
    window.append(shelf, [(1, an_update(1)), (2, an_update(2))])
    window.restart(shelf, 8, 0)
    window.append(shelf, [(1, an_update(3)), (2, an_update(4))])

    window.append(shelf, [(3, an_update(5)), (4, an_update(6))])

    assert [update for _, update in shelf.page(Cursor(8, 0)).updates] == [an_update(number) for number in (3, 4, 5, 6)]
    assert shelf.floor == 0


def test_the_oldest_goes_first_whichever_its_stream() -> None:
    window = Window(3)
    one, other = window.open(STREAM, 7, 0), window.open((Topic.DELIVERIES, "ws_b"), 7, 0)
    for number in (1, 2):
        window.append(one, [(number, an_update(number))])
        window.append(other, [(number, an_update(number, "ws_b"))])

    assert len(window) == 3
    assert (one.floor, other.floor) == (1, 0)


async def test_what_changes_during_a_backfill_is_not_slept_through() -> None:
    window = Window(10)
    shelf = window.open(STREAM, 7, 5)

    async def find_nothing(shelf: Shelf, position: Cursor) -> Page:
        if began:
            window.restart(shelf, 8, 0)
        return Page((), position, gap=False)

    began: Batch | None = None
    following = Following(window, shelf, Cursor(7, 0), gap=False, backfill=find_nothing)
    began = await following.next()
    async with asyncio.timeout(PATIENCE_SECONDS):
        told = await following.next()

    assert began == Batch((), format_cursor(Cursor(7, 0)), gap=False)
    assert told == Batch((), format_cursor(Cursor(8, 0)), gap=True)
