"""Explains a webhook's state and what to do about it, in sentences for people. Pure."""

from app.clock import Micros, from_micros, rfc3339
from app.statuses import HealthState, WebhookStatusReason
from app.webhooks.health.state import TOO_MANY_REQUESTS, UNREADABLE, Facts

_REMEDIES = {
    WebhookStatusReason.GONE: "Correct the URL if the receiver has moved, then resume the webhook.",
    WebhookStatusReason.FAILING: "Repair the receiver, then resume the webhook and retry what failed.",
    WebhookStatusReason.UNREADABLE_SECRETS: (
        "Give the server the encryption keys that its secrets were stored with, or rotate the webhook's secret and set"
        " its credentials again, then resume the webhook."
    ),
    WebhookStatusReason.UNREADABLE_SELECTION: (
        "Set its eventTypes and filter again, resume the webhook, then replay the events that it missed."
    ),
    WebhookStatusReason.PERSON: "Resume the webhook when it is to receive events again.",
}

_UNREADABLE = "The server cannot read the webhook. Replace it."


def reason_of(state: HealthState, facts: Facts, last_error: str | None, disables_at: Micros | None) -> str:
    """What is wrong, and what to do about it.

    Args:
        last_error: a sentence, the error of the last attempt that failed, if it is known.
        disables_at: when the webhook is disabled unless an attempt succeeds before; None if nothing fails.
    """
    failed = f" The last one: {last_error}" if last_error else ""
    ends = "" if disables_at is None else f" Without a success the webhook is disabled at {_time(disables_at)}."
    match state:
        case HealthState.DISABLED:
            return _disabled(facts)
        case HealthState.PAUSED:
            return f"The webhook is paused, and {_waiting(facts)}. Resume the webhook to send deliveries again."
        case HealthState.BREAKER_OPEN:
            return (
                f"{_run(facts)}{failed} Deliveries wait while one attempt at a time probes the receiver. Repair the"
                f" receiver; resume the webhook to send at once.{ends}"
            )
        case HealthState.RATE_LIMITED:
            return _rate_limited(facts)
        case HealthState.FAILING if facts.status_reason_code in UNREADABLE:
            return f"{facts.status_reason or _UNREADABLE} {_waiting(facts).capitalize()}."
        case HealthState.FAILING:
            return f"{_run(facts)}{failed} Repair the receiver; failed deliveries are retried by themselves.{ends}"
        case HealthState.IDLE:
            return "Nothing has been sent yet. Publish an event that the webhook receives, or ping it."
        case HealthState.HEALTHY:
            return "Deliveries go out as they should. Nothing needs to be done."


def _disabled(facts: Facts) -> str:
    if not facts.kept:
        return "The webhook is deleted. Create a new one to receive events again."
    why = facts.status_reason or "The webhook is disabled."
    remedy = _REMEDIES[facts.status_reason_code or WebhookStatusReason.PERSON]
    return f"{why} New events are not delivered. {remedy}"


def _rate_limited(facts: Facts) -> str:
    if facts.failures > 0 and facts.last_failure_status == TOO_MANY_REQUESTS and facts.held_until is not None:
        return (
            f"The receiver answered 429 Too Many Requests, so the next attempt starts at {_time(facts.held_until)}."
            " Raise the receiver's limit, or set rateLimitPerSecond to what it accepts."
        )
    return (
        f"The webhook's rateLimitPerSecond is reached, and {_waiting(facts)}. Raise rateLimitPerSecond if the receiver"
        " can take more."
    )


def _run(facts: Facts) -> str:
    if facts.failures == 1:
        return "The last attempt failed."
    return f"The last {facts.failures:,} attempts failed."


def _waiting(facts: Facts) -> str:
    return "1 delivery waits" if facts.backlog == 1 else f"{facts.backlog:,} deliveries wait"


def _time(at: Micros) -> str:
    return rfc3339(from_micros(at))
