"""On both databases: statistics are read along indexes, in few statements, however many rows others have."""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.clock import to_micros
from app.database.batch import Columns
from app.stats.counts import Subjects, count_parts
from app.stats.groups import StatsDimension, measure_groups
from app.stats.periods import period_id
from app.stats.window import PERIOD, choose_window, period_of
from app.stats.within import share_within
from tests.clock import START
from tests.graph.full_tables import EVENTS, Explaining, Filled, assert_along_an_index, open_filled

# The rows run from START on, one event and two deliveries per second.
SECONDS = EVENTS
# The last hour has 7,200 deliveries of the workspace, and 180 of each webhook.
LAST_HOUR = 7_200
# Rows besides those that count: the window's other parts, progress and periods.
FEW = 500


@pytest.fixture
async def filled(database_url: str) -> AsyncIterator[Filled]:
    async with open_filled(database_url) as filled:
        yield filled


def assert_no_table_is_scanned(plan: Any, most: int) -> None:
    """Also lists the parts of the window, which SQLite scans, their newest rows, and their rows, which it groups."""
    if isinstance(plan, list):
        assert not [step for step in plan if re.match("SCAN (?!newest|json_each)", step)], plan
    else:
        assert_along_an_index(plan, most)


async def write_periods(filled: Filled) -> None:
    """Periods of many days, as `close_periods` would have written them, for all webhooks and both big workspaces."""
    subjects = [row["id"] for row in await filled.database.fetch("SELECT id FROM webhook")]
    subjects.append(filled.workspace_id)
    columns: Columns = (("id", "text"), ("deliveries", "bigint"), ("latencies", "text"))
    closed = period_of(START)
    rows = [(period_id(id_, closed - PERIOD * back), 1, "[[1000, 1]]") for id_ in subjects for back in range(1, 25)]
    statement = "INSERT INTO stats_period (id, deliveries, latencies) SELECT id, deliveries, latencies FROM {rows} AS r"
    for begin in range(0, len(rows), 10_000):
        await filled.database.fetch_rows(statement, columns, rows[begin : begin + 10_000])
    insert = "INSERT INTO stats_progress (id, closed_until) VALUES ($1, $2)"
    await filled.database.execute(insert, "deliveries", to_micros(closed))
    if filled.database.dialect == "postgres":
        await filled.database.execute("ANALYZE")


def subjects(filled: Filled) -> Iterator[tuple[Subjects, int]]:
    """Subjects of statistics, with the number of rows in an hour of each."""
    yield Subjects("webhook_id", (filled.webhook_ids[7],)), LAST_HOUR // 40
    yield Subjects("workspace_id", (filled.workspace_id,)), LAST_HOUR


async def test_an_hour_is_counted_from_the_rows_in_two_statements(filled: Filled) -> None:
    end = START + timedelta(seconds=SECONDS)
    window = choose_window(end - timedelta(hours=1), end, 12, end)

    for subject, rows in subjects(filled):
        explaining = Explaining(filled.database)

        [parts] = await count_parts(explaining, subject, window)

        assert sum(part.made for part in parts) == rows
        assert len(explaining.plans) == 2
        for plan in explaining.plans:
            assert_no_table_is_scanned(plan, rows + FEW)


async def test_a_day_is_read_from_its_periods_and_the_rows_since_in_four_statements(filled: Filled) -> None:
    await write_periods(filled)
    end = START + timedelta(hours=1)
    window = choose_window(end - timedelta(days=1), end, 24, end)

    for subject, rows in subjects(filled):
        explaining = Explaining(filled.database)

        [parts] = await count_parts(explaining, subject, window)

        assert 24 < sum(part.made for part in parts) <= 24 + rows + rows // 12
        assert len(explaining.plans) == 4
        for plan in explaining.plans[1:]:  # the first reads the one row with the end of the closed periods
            assert_no_table_is_scanned(plan, rows + rows // 12 + FEW)


async def test_groups_and_shares_are_read_along_indexes_and_limited(filled: Filled) -> None:
    window = choose_window(START, START + timedelta(hours=1), 24, START + timedelta(days=1))
    for asked, _ in subjects(filled):
        [parts] = await count_parts(filled.database, asked, window)
        for by in (StatsDimension.EVENT_TYPE, StatsDimension.OUTCOME, StatsDimension.STATUS_CLASS):
            explaining = Explaining(filled.database)

            await measure_groups(explaining, asked, window, parts, by, 20)

            assert len(explaining.plans) == 2
            for plan in explaining.plans:
                assert_no_table_is_scanned(plan, 2 * LAST_HOUR + FEW)
        explaining = Explaining(filled.database)

        await share_within(explaining, asked, parts, 1_000)

        [plan] = explaining.plans
        assert_no_table_is_scanned(plan, 2 * LAST_HOUR + FEW)
