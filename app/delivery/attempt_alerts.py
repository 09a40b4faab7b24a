"""The alerts that finished attempts give rise to: of the run of failures, of its end, and of deliveries that failed.

A delivery of an alert never gives rise to another alert, so alerts cannot cause one another.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from app.alerts import alert
from app.alerts.alert import Alert, Run, level_of
from app.alerts.open_alerts import AlertKind, OpenAlert, closed, opened
from app.alerts.writing import Alerts
from app.catalogue.patterns import OPERATIONAL
from app.clock import rfc3339_at
from app.database.batch import IDS
from app.database.database import Statements
from app.delivery.finished_attempt import FinishedAttempt, RecordResult
from app.publishing.commit import Published
from app.registry import Registry
from app.statuses import AttemptTrigger, DeliveryStatus, WebhookStatusReason


class AttemptAlerts:
    """Writes the alerts of recorded attempts within the transaction that records them."""

    def __init__(self, alerts: Alerts, disable_after: timedelta) -> None:
        self._alerts = alerts
        self._disable_after = disable_after

    async def registries_for(self, statements: Statements, batch: Sequence[FinishedAttempt]) -> Mapping[str, Registry]:
        """The registries of workspaces that may get an alert. Must be read before the attempts are recorded."""
        asked = {finished.claimed.workspace_id for finished in batch if self._may_alert(finished)}
        return await self._alerts.registries_of(statements, asked)

    async def write(
        self,
        statements: Statements,
        registries: Mapping[str, Registry],
        recorded: Sequence[tuple[FinishedAttempt, RecordResult]],
    ) -> Published:
        """Write the alerts of attempts that were recorded for the first time; return what was published."""
        relevant = [(finished, result) for finished, result in recorded if self._may_alert(finished)]
        if not relevant:
            return Published()
        at = max(finished.finished_at for finished, _ in relevant)
        alerts = [
            *[_exhausted(finished) for finished, result in relevant if result.moved and _failed_for_good(finished)],
            *await self._disabled(statements, relevant),
            *await self._failing(statements, relevant),
            *await _recovered(statements, [finished for finished, _ in relevant if finished.resolves_problems]),
        ]
        return await self._alerts.write(statements, registries, alerts, at)

    def announce(self, published: Published) -> None:
        """Announce published alerts after their commit."""
        self._alerts.announce([published])

    def _may_alert(self, finished: FinishedAttempt) -> bool:
        if finished.claimed.event_type in OPERATIONAL:
            return False
        decision = finished.decision
        if finished.resolves_problems or decision.disable_reason is not None or self._level(finished) > 0:
            return True
        return _failed_for_good(finished)

    def _level(self, finished: FinishedAttempt) -> int:
        since = finished.webhook.failing_since
        if since is None or not finished.decision.webhook_failed:
            return 0
        return level_of(since, finished.finished_at, self._disable_after)

    async def _failing(
        self, statements: Statements, recorded: Sequence[tuple[FinishedAttempt, RecordResult]]
    ) -> list[Alert]:
        runs: dict[str, tuple[int, Run]] = {}
        for finished, result in recorded:
            since, level = finished.webhook.failing_since, self._level(finished)
            if since is not None and level > 0 and not result.disabled:
                claimed, attempts = finished.claimed, finished.webhook.consecutive_failures + 1
                run = (level, Run(claimed.workspace_id, claimed.webhook_id, since, attempts))
                runs[claimed.webhook_id] = max(runs.get(claimed.webhook_id, run), run)
        runs = await _still_running(statements, runs)
        asked = [
            OpenAlert(run.webhook_id, AlertKind.FAILING, run.webhook_id, run.since, lv) for lv, run in runs.values()
        ]
        return [
            alert.failing(run, level, self._disable_after)
            for webhook_id, _ in sorted(await opened(statements, asked))
            for level, run in [runs[webhook_id]]
        ]

    async def _disabled(
        self, statements: Statements, recorded: Sequence[tuple[FinishedAttempt, RecordResult]]
    ) -> list[Alert]:
        by_webhook = {finished.claimed.webhook_id: finished for finished, result in recorded if result.disabled}
        asked = [
            OpenAlert(webhook_id, AlertKind.DISABLED, webhook_id, finished.finished_at)
            for webhook_id, finished in by_webhook.items()
        ]
        return [_disabling(by_webhook[webhook_id]) for webhook_id, _ in sorted(await opened(statements, asked))]


async def _still_running(statements: Statements, runs: Mapping[str, tuple[int, Run]]) -> dict[str, tuple[int, Run]]:
    """The runs that no success has ended since the claim read them."""
    if not runs:
        return {}
    text = "SELECT w.id, w.failing_since FROM webhook w JOIN {rows} asked ON asked.id = w.id"
    rows = await statements.fetch_rows(text, IDS, [(webhook_id,) for webhook_id in sorted(runs)])
    return {row["id"]: runs[row["id"]] for row in rows if row["failing_since"] == runs[row["id"]][1].since}


def _disabling(finished: FinishedAttempt) -> Alert:
    claimed, decision = finished.claimed, finished.decision
    code = decision.disable_reason_code or WebhookStatusReason.FAILING
    reason = decision.disable_reason or ""
    return alert.disabled(claimed.workspace_id, claimed.webhook_id, finished.finished_at, code, reason)


async def _recovered(statements: Statements, batch: Collection[FinishedAttempt]) -> list[Alert]:
    by_webhook = {finished.claimed.webhook_id: finished for finished in batch}
    return [
        alert.recovered(found.claimed.workspace_id, webhook_id, found.finished_at, found.webhook.failing_since)
        for webhook_id in sorted(await closed(statements, by_webhook))
        for found in [by_webhook[webhook_id]]
    ]


def _failed_for_good(finished: FinishedAttempt) -> bool:
    return finished.decision.status is DeliveryStatus.FAILED and finished.claimed.trigger is not AttemptTrigger.TEST


def _exhausted(finished: FinishedAttempt) -> Alert:
    claimed = finished.claimed
    delivery = {
        "id": claimed.id,
        "createdAt": rfc3339_at(claimed.created_at),
        "attempts": claimed.attempt_count + 1,
        "outcome": finished.outcome.value,
        "responseStatus": finished.response_status,
    }
    event = {"id": claimed.event_id, "type": claimed.event_type}
    data = {"delivery": delivery, "event": event}
    return Alert(claimed.workspace_id, claimed.webhook_id, "delivery.exhausted", data)
