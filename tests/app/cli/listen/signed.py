"""Requests signed with the reference library, as any sender of Standard Webhooks would."""

from datetime import UTC, datetime

from standardwebhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDC2FVsBQIhrsc"
BODY = b'{"id":"evt_1","type":"ticket.created","timestamp":"2026-11-23T10:00:00.000Z","data":{"ticket":{"id":"tkt_1"}}}'


def headers(
    body: bytes = BODY, *, secret: str = SECRET, webhook_id: str = "evt_1", at: datetime | None = None
) -> dict[str, str]:
    """The headers that a sender adds to a request with this body, by default sent now."""
    at = at or datetime.now(UTC)
    return {
        "content-type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(webhook_id, at, body.decode()),
        "webhook-attempt": "1",
    }
