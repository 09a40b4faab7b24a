"""Writes a message as a request: in the format of Slack's incoming webhooks, or signed as webhooks are. Pure."""

from datetime import datetime
from typing import Any

import httpx
import orjson

from app.contacts.message import Message, data_of, lines, subject, summary
from app.delivery.target import CONTENT_TYPE, USER_AGENT, Target, sign_request
from app.sender.request import build_request
from app.signing import parse_secret

TIMEOUT_SECONDS = 15
# Type of a message that sums up several alerts. It is not published, so it is in no catalogue.
DIGEST = "alerts.digest"


def slack_request(message: Message, url: str, links: list[str | None]) -> httpx.Request:
    """The request to an incoming webhook of Slack, or of what takes the same format.

    Args:
        links: to more about each of the message's lines; None without a dashboard.
    """
    parts = ["*Test*: somebody tries this contact. Nothing in this message has happened."] if message.test else []
    if head := summary(message):
        parts.append(_escaped(head))
    for line, link in zip(lines(message), links, strict=True):
        more = f" <{_escaped(link)}|Show it in the dashboard>" if link else ""
        parts.append(f"{_escaped(line.sentence)}{more}")
    body = orjson.dumps({"text": "\n".join(parts)})
    headers = (("content-type", CONTENT_TYPE), ("user-agent", USER_AGENT))
    return build_request("POST", url, headers, body, timeout_seconds=TIMEOUT_SECONDS)


def webhook_request(message: Message, url: str, secret: str, number: int, at: datetime) -> httpx.Request:
    """The request of attempt `number`, signed at a time. A single alert is sent as the event it is, several as one
    event that sums them up.
    """
    [alert, *_] = message.latest
    if message.count == 1 and alert.body is not None:
        return sign_request(_target(url, secret, at), alert.event_id, number, alert.body, at).request
    return sign_request(_target(url, secret, at), message.id, number, _digest(message), at).request


def _digest(message: Message) -> str:
    """Made of what does not change from attempt to attempt."""
    events = [orjson.loads(alert.body) for alert in message.latest if alert.body is not None]
    webhook = next((data_of(alert)["webhook"] for alert in message.latest if alert.body), {"id": message.webhook_id})
    digest: dict[str, Any] = {
        "id": message.id,
        "type": DIGEST,
        "timestamp": events[0]["timestamp"] if events else None,
        "data": {
            "summary": subject(message),
            "count": message.count,
            "counts": dict(message.counts),
            "latest": events,
            "webhook": webhook,
        },
    }
    return orjson.dumps(digest).decode()


def _target(url: str, secret: str, at: datetime) -> Target:
    return Target(
        webhook_id="",
        updated_at=at,
        method="POST",
        url=url,
        shown_url="",
        timeout_seconds=TIMEOUT_SECONDS,
        verify_ssl=True,
        ip_allowlist=(),
        headers=(),
        shown_headers=(),
        credentials=(),
        keys=((parse_secret(secret), None),),
        retry_delays_seconds=(),
    )


def _escaped(text: str) -> str:
    """Slack reads these three as the beginnings of links, mentions and entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
