"""Divides the deliveries of a window into groups: by event type, by the last outcome or answer, or by webhook.

By webhook, closed periods tell what happened, as they do for the whole window. They tell nothing else about a delivery,
so the rest is counted from rows: the newest of each part of the window, up to a limit. Of a part with more, the numbers
are estimated from those.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from app.database.batch import Columns
from app.database.database import Statements
from app.ids import DELIVERY, lowest_id
from app.stats.counts import Part, Subjects, count_parts
from app.stats.latency import rounded_sql
from app.stats.window import Window

# Rows that are read of a window, each with its attempts: a few tenths of a second.
MAX_ROWS = 20_000
# Webhooks that are counted in the same statements.
_TOGETHER = 1_000

_RANGES: Columns = (("number", "bigint"), ("subject_id", "text"), ("first_id", "text"), ("end_id", "text"))
_NONE = "NONE"


class StatsDimension(StrEnum):
    """What deliveries are grouped by."""

    EVENT_TYPE = "EVENT_TYPE"
    OUTCOME = "OUTCOME"
    STATUS_CLASS = "STATUS_CLASS"
    WEBHOOK = "WEBHOOK"


_KEYS = {
    StatsDimension.EVENT_TYPE: "d.event_type",
    StatsDimension.OUTCOME: f"coalesce(d.last_outcome, '{_NONE}')",
    StatsDimension.STATUS_CLASS: f"coalesce(CAST(d.last_response_status / 100 AS TEXT) || 'xx', '{_NONE}')",
}
_NEWEST = (
    "SELECT {columns} FROM delivery d WHERE d.{subject} = part.subject_id AND d.id >= part.first_id"
    " AND d.id < part.end_id AND NOT d.test{typed} ORDER BY d.id DESC LIMIT {limit}"
)
# One range of an index for each part. SQLite has no LATERAL.
_SAMPLE = {
    "postgres": "{{rows}} AS part CROSS JOIN LATERAL ({newest}) AS d",
    "sqlite": "{{rows}} AS part CROSS JOIN delivery d ON d.id IN ({newest})",
}
_SAMPLED = {"postgres": "d.*", "sqlite": "d.id"}
_DELIVERIES = "SELECT part.number, {key} AS key, d.status, count(*) AS deliveries FROM {sample} GROUP BY 1, 2, 3"
_DURATIONS = f"""
SELECT part.number, {{key}} AS key, {rounded_sql("a.duration_us")} AS duration, count(*) AS attempts FROM {{sample}}
CROSS JOIN {{attempts}} GROUP BY 1, 2, 3
"""
_ATTEMPTS = "SELECT duration_us FROM attempt WHERE delivery_id = d.id AND trigger <> 'TEST'"
# One look-up in an index for each delivery. PostgreSQL would rather read all attempts; the OFFSET keeps it from that.
_ATTEMPTS_OF_EACH = {
    "postgres": f"LATERAL ({_ATTEMPTS} OFFSET 0) AS a",
    "sqlite": "attempt a ON a.delivery_id = d.id AND a.trigger <> 'TEST'",
}
_WEBHOOKS = "SELECT id FROM webhook WHERE workspace_id = $1 ORDER BY id"


@dataclass(frozen=True, slots=True)
class Group:
    """Deliveries with the same key. `took`: number of attempts by rounded duration in microseconds."""

    key: str
    deliveries: int
    succeeded: int
    failed: int
    took: Counter[int]


@dataclass(slots=True)
class _Sums:
    """Sums of a group, with parts of an estimate."""

    deliveries: float = 0
    succeeded: float = 0
    failed: float = 0
    took: dict[int, float] = field(default_factory=lambda: defaultdict(float))

    def group(self, key: str) -> Group:
        took = Counter({duration: round(attempts) for duration, attempts in self.took.items() if round(attempts)})
        return Group(key, round(self.deliveries), round(self.succeeded), round(self.failed), took)


async def measure_groups(
    database: Statements, subject: Subjects, window: Window, parts: Sequence[Part], by: StatsDimension, first: int
) -> list[Group]:
    """The groups with the most deliveries, those first.

    Args:
        subject: whose deliveries they are: of webhooks or of a workspace.
        parts: what the window's parts were counted to be.
        first: how many groups at most.
    """
    if by is StatsDimension.WEBHOOK:
        groups = await _by_webhook(database, subject, window)
    else:
        groups = await _by_key(database, subject, parts, _KEYS[by])
    return sorted(groups, key=lambda group: (-group.deliveries, group.key))[:first]


async def _by_webhook(database: Statements, subject: Subjects, window: Window) -> list[Group]:
    ids = subject.ids
    if subject.column == "workspace_id":
        ids = tuple(row["id"] for row in await database.fetch(_WEBHOOKS, *subject.ids))
    whole = replace(window, buckets=1)
    groups = []
    for begin in range(0, len(ids), _TOGETHER):
        some = ids[begin : begin + _TOGETHER]
        for id_, [part] in zip(
            some, await count_parts(database, replace(subject, column="webhook_id", ids=some), whole), strict=True
        ):
            if part.made or part.took:
                groups.append(Group(id_, part.made, part.succeeded, part.failed, part.took))
    return groups


async def _by_key(database: Statements, subject: Subjects, parts: Sequence[Part], key: str) -> list[Group]:
    """The groups of the newest rows of each part, each row standing for as many as it was chosen from."""
    limit = max(1, MAX_ROWS // (len(parts) * len(subject.ids)))
    ranges = [
        (number, subject_id, lowest_id(DELIVERY, part.since), lowest_id(DELIVERY, part.until))
        for subject_id in subject.ids
        for number, part in enumerate(parts)
    ]
    typed, types = subject.typed(" AND {}")
    newest = _NEWEST.format(columns=_SAMPLED[database.dialect], subject=subject.column, limit=limit, typed=typed)
    sample = _SAMPLE[database.dialect].format(newest=newest)
    rows = await database.fetch_rows(_DELIVERIES.format(key=key, sample=sample), _RANGES, ranges, *types)
    looked = Counter[int]()
    for row in rows:
        looked[row["number"]] += row["deliveries"]
    share = {number: _share(parts[number], count, limit) for number, count in looked.items()}
    sums: Mapping[str, _Sums] = defaultdict(_Sums)
    for row in rows:
        found, times = sums[row["key"]], row["deliveries"] * share[row["number"]]
        found.deliveries += times
        found.succeeded += times * (row["status"] == "SUCCEEDED")
        found.failed += times * (row["status"] == "FAILED")
    durations = _DURATIONS.format(key=key, sample=sample, attempts=_ATTEMPTS_OF_EACH[database.dialect])
    for row in await database.fetch_rows(durations, _RANGES, ranges, *types):
        sums[row["key"]].took[row["duration"]] += row["attempts"] * share.get(row["number"], 1)
    return [found.group(name) for name, found in sums.items()]


def _share(part: Part, looked: int, limit: int) -> float:
    """How many deliveries of a part each that was looked at stands for."""
    return max(part.made, looked) / looked if looked >= limit else 1
