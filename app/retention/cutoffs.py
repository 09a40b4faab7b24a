"""Until when each kind of row must be kept. Pure: settings and times in, times out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """Rows older than these times may be deleted; None means that they are kept forever.

    Args:
        events: when an event was published, and when its deliveries that succeeded ended.
        failed: when deliveries ended that did not succeed.
        attempts: when attempts ended, if their delivery succeeded.
        operations: when operations ended.
        audit: when an entry was written to the audit log.
    """

    events: datetime | None
    failed: datetime | None
    attempts: datetime | None
    operations: datetime | None
    audit: datetime | None


def cutoffs(settings: Settings, now: datetime, counted_until: datetime) -> Cutoffs:
    """The cutoffs at a time. Rows that statistics have not counted yet (`app.stats.periods`) stay until they are
    counted.
    """

    def ago(days: float) -> datetime | None:
        return now - timedelta(days=days) if days else None

    def counted(at: datetime | None) -> datetime | None:
        return at and min(at, counted_until)

    return Cutoffs(
        events=counted(ago(settings.keep_events_days)),
        failed=counted(ago(settings.keep_failed_days)),
        attempts=counted(ago(settings.keep_attempts_days)),
        operations=ago(settings.keep_operations_days),
        audit=ago(settings.keep_audit_days),
    )
