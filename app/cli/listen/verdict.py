"""Judges a request as a receiver does: whether its signature is valid and whether it is a duplicate.

Pure except for the memory of earlier requests. Knows no sockets and no terminals.
"""

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from app.cli.listen.requests import Request
from app.signing import SignatureRejected, verify

# More than fits in a terminal session; the oldest is evicted first.
REMEMBERED = 10_000
_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one request.

    Attributes:
        payload: the body as JSON; None if it is not JSON.
        reason: why the signature is not valid, as a sentence; None if it is.
        times_before: number of earlier valid requests with the same webhook-id.
    """

    at: datetime
    request: Request
    payload: Any
    reason: str | None
    times_before: int

    @property
    def verified(self) -> bool:
        """Whether the signature is valid and recent."""
        return self.reason is None

    @property
    def event_type(self) -> str | None:
        """What the body says it is about."""
        value = self.payload.get("type") if isinstance(self.payload, dict) else None
        return value if isinstance(value, str) else None

    @property
    def webhook_id(self) -> str | None:
        """The event's id, the same at every attempt."""
        return self.request.headers.get("webhook-id")

    @property
    def attempt(self) -> str | None:
        """The number of the attempt, as the sender gives it."""
        return self.request.headers.get("webhook-attempt")


class Judge:
    """Verifies with any of several secrets, as a receiver does during a rotation, and recognises duplicates.

    Args:
        secrets: `whsec_`, `whpk_` or `whsk_`; at least one.
        remembered: number of IDs kept to recognise duplicates.

    Raises:
        InvalidSecret: one of the secrets cannot be read.
    """

    def __init__(self, secrets: Sequence[str], *, remembered: int = REMEMBERED) -> None:
        self._secrets = tuple(secrets)
        self._remembered = remembered
        for secret in self._secrets:
            with suppress(SignatureRejected):  # the secret is read before the request is looked at
                verify(secret, {}, b"", _ANY_TIME)
        self._seen: OrderedDict[str, int] = OrderedDict()

    def judge(self, request: Request, now: datetime) -> Verdict:
        """Look at a request that came at an aware time."""
        reason = self._reason(request, now)
        before = self._times_before(request.headers["webhook-id"]) if reason is None else 0
        return Verdict(now, request, _json(request.body), reason, before)

    def _reason(self, request: Request, now: datetime) -> str | None:
        reasons: list[str] = []
        for secret in self._secrets:
            try:
                verify(secret, request.headers, request.body, now)
            except SignatureRejected as rejected:
                reasons.append(str(rejected))
            else:
                return None
        return reasons[0]

    def _times_before(self, webhook_id: str) -> int:
        # Only verified requests count, so that a forged one cannot make a real one look like a duplicate.
        before = self._seen.pop(webhook_id, 0)
        self._seen[webhook_id] = before + 1
        if len(self._seen) > self._remembered:
            self._seen.popitem(last=False)
        return before


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except ValueError:
        return None
