"""One message to a contact, as values: the alerts that it sums up, and how it reads. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

# A message describes this many of its alerts; the others are counted.
MOST_TOLD = 10


class Alert(NamedTuple):
    """An alert of a message. `body` is that of its event; None if the event was deleted meanwhile."""

    event_id: str
    type: str
    body: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """What a contact receives at once.

    Attributes:
        id: the same on every attempt.
        counts: number of alerts by type.
        latest: the last of them, newest first, `MOST_TOLD` at most.
        test: whether somebody tries the contact, so that nothing in it is true.
    """

    id: str
    webhook_id: str
    counts: Mapping[str, int]
    latest: Sequence[Alert]
    test: bool = False

    @property
    def count(self) -> int:
        """Number of alerts that it sums up."""
        return sum(self.counts.values())


class Line(NamedTuple):
    """A sentence about one alert, and where the dashboard shows more: a screen's name and an ID."""

    sentence: str
    place: tuple[str, str]


def subject(message: Message) -> str:
    """The message in one line of plain text."""
    [first, *_] = lines(message)
    text = first.sentence if message.count == 1 else f"{message.count} alerts about {_webhook_name(message)}"
    return f"Test: {text}" if message.test else text


def summary(message: Message) -> str:
    """What a digest sums up, as a sentence; empty for a single alert."""
    if message.count == 1:
        return ""
    counted = ", ".join(f"{count} × {type_}" for type_, count in sorted(message.counts.items()))
    left = message.count - len(message.latest)
    rest = f" The last {len(message.latest)} of them:" if left > 0 else ""
    return f"{message.count} alerts since the last message: {counted}.{rest}"


def lines(message: Message) -> list[Line]:
    """A sentence about each of the latest alerts."""
    return [_line(alert, message.webhook_id) for alert in message.latest]


def data_of(alert: Alert) -> Mapping[str, Any]:
    """The data of the alert's event; empty if it was deleted."""
    return {} if alert.body is None else orjson.loads(alert.body)["data"]


def one_line(text: str) -> str:
    """A text from elsewhere as part of one line: without line breaks and control characters."""
    return "".join(character if character.isprintable() else " " for character in text)


def _webhook_name(message: Message) -> str:
    return next((_named(data_of(alert), message.webhook_id) for alert in message.latest), message.webhook_id)


def _named(data: Mapping[str, Any], webhook_id: str) -> str:
    name = one_line(str(data.get("webhook", {}).get("name") or ""))
    return f'the webhook "{name}"' if name else f"the webhook {webhook_id}"


def _line(alert: Alert, webhook_id: str) -> Line:
    data = data_of(alert)
    webhook, of_webhook = _named(data, webhook_id), ("webhooks", webhook_id)
    match alert.type, data:
        case "webhook.failing", {"failure": failure}:
            return Line(
                f"All attempts of {webhook} since {failure['since']} have failed. It is disabled at"
                f" {failure['disablesAt']} unless one succeeds.",
                of_webhook,
            )
        case "webhook.disabled", {"disabling": disabling}:
            reason = one_line(disabling["reason"])
            return Line(_begun(f"{webhook} was disabled at {disabling['at']}. {reason}"), of_webhook)
        case "webhook.recovered", {"recovery": recovery}:
            return Line(_begun(f"{webhook} works again since {recovery['at']}."), of_webhook)
        case "delivery.exhausted", {"delivery": delivery, "event": event}:
            status = delivery.get("responseStatus")
            outcome = delivery.get("outcome") if status is None else f"status {status}"
            return Line(
                f"A delivery to {webhook} failed for good after {delivery['attempts']} attempts ({outcome}): the event"
                f" {event['id']} of type {event['type']}.",
                ("deliveries", delivery["id"]),
            )
        case "backlog.growing", {"backlog": backlog}:
            waiting = f"Deliveries to {webhook} are waiting, the oldest since {backlog['oldestWaitingAt']}."
            return Line(waiting, of_webhook)
        case "secret.expiring", {"secret": secret}:
            return Line(f"A secret of {webhook} stops signing at {secret['expiresAt']}.", of_webhook)
        case _:
            return Line(f"{alert.type}: {webhook}.", of_webhook)


def _begun(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
