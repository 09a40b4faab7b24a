"""The alerts as values. Their payloads follow `app.catalogue.operational`."""

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from app.clock import Micros, rfc3339_at
from app.statuses import WebhookStatusReason

# Parts of the way to being disabled, in percent, at which `webhook.failing` is published.
LEVELS = (50, 75, 90)


class Alert(NamedTuple):
    """One alert about a webhook; `data` lacks the webhook, which is added when the alert is written."""

    workspace_id: str
    webhook_id: str
    type: str
    data: Mapping[str, object]


class Run(NamedTuple):
    """A webhook's run of failures: when it began, and how many attempts it has."""

    workspace_id: str
    webhook_id: str
    since: Micros
    attempts: int


def level_of(since: Micros, now: Micros, disable_after: timedelta) -> int:
    """How far a run of failures is on the way to disabling its webhook: one of `LEVELS`, or 0."""
    passed = (now - since) * 100
    whole = disable_after // timedelta(microseconds=1)
    return max((level for level in LEVELS if passed >= level * whole), default=0)


def failing(run: Run, level: int, disable_after: timedelta) -> Alert:
    """The webhook has been failing for `level` percent of the time after which it is disabled."""
    ends = Micros(run.since + disable_after // timedelta(microseconds=1))
    failure = {
        "since": rfc3339_at(run.since),
        "attempts": run.attempts,
        "percent": level,
        "disablesAt": rfc3339_at(ends),
    }
    return Alert(run.workspace_id, run.webhook_id, "webhook.failing", {"failure": failure})


def disabled(workspace_id: str, webhook_id: str, at: Micros, code: WebhookStatusReason, reason: str) -> Alert:
    """The server disabled the webhook."""
    disabling = {"at": rfc3339_at(at), "reasonCode": code.value, "reason": reason}
    return Alert(workspace_id, webhook_id, "webhook.disabled", {"disabling": disabling})


def recovered(workspace_id: str, webhook_id: str, at: Micros, failing_since: Micros | None) -> Alert:
    """The webhook works again after an alert about it."""
    since = None if failing_since is None else rfc3339_at(failing_since)
    recovery = {"at": rfc3339_at(at), "failingSince": since}
    return Alert(workspace_id, webhook_id, "webhook.recovered", {"recovery": recovery})


def backlog(workspace_id: str, webhook_id: str, oldest: Micros) -> Alert:
    """The webhook's oldest open delivery has waited for too long."""
    return Alert(workspace_id, webhook_id, "backlog.growing", {"backlog": {"oldestWaitingAt": rfc3339_at(oldest)}})


def secret_expiring(workspace_id: str, webhook_id: str, secret_id: str, expires_at: Micros) -> Alert:
    """A secret of the webhook stops signing soon."""
    secret = {"id": secret_id, "expiresAt": rfc3339_at(expires_at)}
    return Alert(workspace_id, webhook_id, "secret.expiring", {"secret": secret})
