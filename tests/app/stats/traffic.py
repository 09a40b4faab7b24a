"""Made-up deliveries and attempts as rows, and the same statistics counted one by one."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from app.clock import to_micros
from app.database.batch import Columns
from app.ids import ATTEMPT, DELIVERY, EVENT, new_id
from app.stats.latency import percentile_ms, rounded
from app.stats.measure import Bucket, DeliveryStats, Percentiles
from tests.domain import Domain

_DELIVERIES: Columns = (
    ("id", "text"),
    ("workspace_id", "text"),
    ("event_id", "text"),
    ("webhook_id", "text"),
    ("test", "boolean"),
    ("status", "text"),
    ("created_at", "bigint"),
)
_INSERT_DELIVERIES = (
    "INSERT INTO delivery (id, workspace_id, event_id, webhook_id, event_type, test, status, trigger, attempt_count,"
    " retries_used, created_at) SELECT id, workspace_id, event_id, webhook_id, 'ticket.created', test, status, 'FIRST',"
    " 0, 0, created_at FROM {rows} AS new"
)
_ATTEMPTS: Columns = (
    ("id", "text"),
    ("workspace_id", "text"),
    ("webhook_id", "text"),
    ("trigger", "text"),
    ("duration_us", "bigint"),
)
_INSERT_ATTEMPTS = (
    "INSERT INTO attempt (id, workspace_id, delivery_id, webhook_id, worker_id, number, trigger, started_at,"
    " duration_us, outcome, request_method, request_url, request_headers, response_truncated)"
    " SELECT id, workspace_id, 'dlv', webhook_id, 'wrk', 1, trigger, 0, duration_us, 'SUCCEEDED', 'POST',"
    " 'https://example.com', '[]', false FROM {rows} AS new"
)


@dataclass(frozen=True, slots=True)
class Made:
    """A delivery, created at the time in its ID."""

    id: str
    workspace_id: str
    webhook_id: str
    test: bool
    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt, ended at the time in its ID."""

    id: str
    workspace_id: str
    webhook_id: str
    trigger: str
    duration_us: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Traffic:
    """All deliveries and attempts."""

    made: Sequence[Made]
    ended: Sequence[Ended]

    async def insert(self, domain: Domain) -> None:
        """Insert them as rows."""
        deliveries = [
            (d.id, d.workspace_id, new_id(EVENT, d.at), d.webhook_id, d.test, d.status, to_micros(d.at))
            for d in self.made
        ]
        attempts = [(a.id, a.workspace_id, a.webhook_id, a.trigger, a.duration_us) for a in self.ended]
        await domain.resources.database.fetch_rows(_INSERT_DELIVERIES, _DELIVERIES, deliveries)
        await domain.resources.database.fetch_rows(_INSERT_ATTEMPTS, _ATTEMPTS, attempts)

    def counted(self, subject_id: str, since: datetime, until: datetime, buckets: int) -> DeliveryStats:
        """The statistics of one webhook or workspace, row by row."""
        span = until - since
        begins = [since + span * number / buckets for number in range(buckets)]
        edges = [_whole_milliseconds(edge) for edge in (*begins, until)]
        statuses = [Counter[str]() for _ in begins]
        took = [Counter[int]() for _ in begins]
        for made in self.made:
            if subject_id in (made.webhook_id, made.workspace_id) and not made.test:
                number = bisect_right(edges, _whole_milliseconds(made.at)) - 1
                if 0 <= number < buckets:
                    statuses[number][made.status] += 1
        for ended in self.ended:
            if subject_id in (ended.webhook_id, ended.workspace_id) and ended.trigger != "TEST":
                number = bisect_right(edges, _whole_milliseconds(ended.at)) - 1
                if 0 <= number < buckets:
                    took[number][rounded(ended.duration_us)] += 1
        series = [
            Bucket(begin, status["SUCCEEDED"], status["FAILED"], durations.total(), _percentiles(durations))
            for begin, status, durations in zip(begins, statuses, took, strict=True)
        ]
        return _summed(since, until, sum(statuses, Counter[str]()), sum(took, Counter[int]()), series)


def random_traffic(
    random: Random, webhooks: Sequence[tuple[str, str]], since: datetime, until: datetime, count: int
) -> Traffic:
    """This many deliveries and attempts, in bursts, of these pairs of webhook and workspace."""
    bursts = [since + (until - since) * random.random() for _ in range(8)]

    def moment() -> datetime:
        near = random.choice(bursts) + timedelta(seconds=random.expovariate(1 / 200))
        return min(near if random.random() < 0.5 else since + (until - since) * random.random(), until)

    made, ended = [], []
    for _ in range(count):
        at = moment()
        webhook_id, workspace_id = random.choice(webhooks)
        status = random.choice(["SUCCEEDED"] * 6 + ["FAILED", "FAILED", "RETRYING", "PENDING", "CANCELED"])
        made.append(Made(new_id(DELIVERY, at), workspace_id, webhook_id, random.random() < 0.1, status, at))
        at = moment()
        trigger = random.choice(["FIRST", "FIRST", "RETRY", "MANUAL", "REPLAY", "TEST"])
        duration_us = int(random.lognormvariate(11, 2))
        ended.append(Ended(new_id(ATTEMPT, at), workspace_id, webhook_id, trigger, duration_us, at))
    return Traffic(made, ended)


def _summed(
    since: datetime, until: datetime, statuses: Counter[str], took: Counter[int], series: Sequence[Bucket]
) -> DeliveryStats:
    finished = statuses["SUCCEEDED"] + statuses["FAILED"]
    return DeliveryStats(
        since,
        until,
        deliveries=statuses.total(),
        succeeded=statuses["SUCCEEDED"],
        failed=statuses["FAILED"],
        pending=statuses["PENDING"] + statuses["RETRYING"],
        attempts=took.total(),
        success_rate=statuses["SUCCEEDED"] / finished if finished else None,
        latency_ms=_percentiles(took),
        series=tuple(series),
    )


def _whole_milliseconds(at: datetime) -> datetime:
    """An ID stores whole milliseconds only."""
    return at.replace(microsecond=at.microsecond // 1_000 * 1_000)


def _percentiles(took: Counter[int]) -> Percentiles:
    return Percentiles(*(percentile_ms(took, percent) for percent in (50, 95, 99)))
