"""What sending to a webhook needs: address, headers, login and signing keys, decrypted once and kept until they change.

Turns a claimed delivery into the signed request. The masked headers beside it are what an attempt's row may show.
"""

import base64
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_network
from typing import NamedTuple

import httpx

from app.clock import Micros, from_micros
from app.database.database import Database
from app.database.errors import DatabaseError
from app.delivery.redaction import encodings
from app.encryption import Cipher
from app.models import Secret, Webhook
from app.sender.guard import Network
from app.sender.request import build_request
from app.signing import SigningKey, parse_secret, sign
from app.statuses import AuthenticationKind, WebhookStatusReason
from app.webhooks.credentials import CustomHeader, open_credential, open_headers
from app.webhooks.live_secrets import live_secrets
from app.webhooks.urls import open_url, query_values, shown_url

USER_AGENT = "eeV-Webhooks/1.0"
CONTENT_TYPE = "application/json"
MAX_TARGETS = 10_000

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook as the sender needs it. `keys` are current first, each with the time it stops signing; `credentials`
    are what must not be stored of an answer.
    """

    webhook_id: str
    updated_at: datetime
    method: str
    url: str = field(repr=False)
    shown_url: str
    timeout_seconds: int
    verify_ssl: bool
    ip_allowlist: tuple[Network, ...]
    headers: Headers = field(repr=False)
    shown_headers: Headers
    credentials: tuple[str, ...] = field(repr=False)
    keys: tuple[tuple[SigningKey, datetime | None], ...] = field(repr=False)
    retry_delays_seconds: tuple[int, ...]


class SignedRequest(NamedTuple):
    """A request ready to be sent, and its headers as they may be shown."""

    request: httpx.Request
    shown_headers: Headers


def sign_request(
    target: Target,
    event_id: str,
    number: int,
    body: str,
    at: datetime,
    *,
    sequence: int | None = None,
    trace_headers: Headers = (),
) -> SignedRequest:
    """The request of attempt `number` (1, 2, …) of an event, signed at the given time with every key valid at that
    time.

    `sequence` is its delivery's place among those of the webhook. Tests have none and send no header for it.
    `trace_headers` carry the trace that the attempt belongs to (`app.delivery.attempt_trace`).
    """
    content = body.encode()
    timestamp = int(at.timestamp())
    keys = [key for key, expires_at in target.keys if expires_at is None or expires_at > at]
    own: Headers = (
        ("content-type", CONTENT_TYPE),
        ("user-agent", USER_AGENT),
        ("webhook-id", event_id),
        ("webhook-timestamp", str(timestamp)),
        ("webhook-signature", sign(keys, event_id, timestamp, content)),
        ("webhook-attempt", str(number)),
    )
    if sequence is not None:
        own = (*own, ("webhook-sequence", str(sequence)))
    own += trace_headers
    request = build_request(
        target.method,
        target.url,
        own + target.headers,
        content,
        timeout_seconds=target.timeout_seconds,
        verify_ssl=target.verify_ssl,
        ip_allowlist=target.ip_allowlist,
    )
    return SignedRequest(request, own + target.shown_headers)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The targets of some webhooks by ID, the reasons why others cannot be read, and the webhooks that can be read
    although their row gives a reason why not.
    """

    targets: dict[str, Target]
    unreadable: dict[str, Exception] = field(default_factory=dict)
    readable_again: list[str] = field(default_factory=list)

    def with_(self, others: "Loaded") -> "Loaded":
        """Both together."""
        return Loaded(
            self.targets | others.targets,
            self.unreadable | others.unreadable,
            [*self.readable_again, *others.readable_again],
        )


class Targets:
    """Caches the targets of recently used webhooks; a target is rebuilt when its webhook has changed."""

    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._database = database
        self._cipher = cipher
        self._kept: OrderedDict[str, Target] = OrderedDict()

    async def load(self, versions: Mapping[str, Micros], now: datetime) -> Loaded:
        """The targets of some webhooks, given when each last changed. One that cannot be read does not affect the
        others.
        """
        found = {}
        for webhook_id, updated_at in versions.items():
            target = self._kept.get(webhook_id)
            if target is not None and target.updated_at == from_micros(updated_at):
                self._kept.move_to_end(webhook_id)
                found[webhook_id] = target
        missing = versions.keys() - found.keys()
        if not missing:
            return Loaded(found)
        try:
            read = await self._read(missing, now)
        except DatabaseError:
            raise
        except Exception:  # noqa: BLE001 - one row with unreadable columns fails a query of many
            read = Loaded({})
            for webhook_id in missing:
                try:
                    read = read.with_(await self._read([webhook_id], now))
                except DatabaseError:
                    raise
                except Exception as error:  # noqa: BLE001 - whatever is wrong with the row, others are not affected
                    read.unreadable[webhook_id] = error
        self._keep(read.targets)
        return read.with_(Loaded(found))

    async def _read(self, webhook_ids: Iterable[str], now: datetime) -> Loaded:
        webhooks = await Webhook.filter(id__in=list(webhook_ids)).using_db(self._database.orm)
        secrets = await live_secrets(self._database, [webhook.id for webhook in webhooks], now)
        read = Loaded({})
        for webhook in webhooks:
            try:
                read.targets[webhook.id] = target_of(self._cipher, webhook, secrets.get(webhook.id, []))
            except Exception as error:  # noqa: BLE001 - whatever is wrong with the row, others are not affected
                read.unreadable[webhook.id] = error
            else:
                if webhook.status_reason_code is WebhookStatusReason.UNREADABLE_SECRETS:
                    read.readable_again.append(webhook.id)
        return read

    def _keep(self, targets: Mapping[str, Target]) -> None:
        self._kept |= targets
        while len(self._kept) > MAX_TARGETS:
            self._kept.popitem(last=False)


def target_of(cipher: Cipher, webhook: Webhook, secrets: Sequence[Secret]) -> Target:
    """The target of one webhook, with its secrets current first."""
    credential, url = open_credential(cipher, webhook), open_url(cipher, webhook)
    custom = (*_login(webhook, credential), *open_headers(cipher, webhook))
    keys = [(parse_secret(cipher.decrypt(secret.secret, secret.id)), secret.expires_at) for secret in secrets]
    return Target(
        webhook_id=webhook.id,
        updated_at=webhook.updated_at,
        method=webhook.method,
        url=url,
        shown_url=shown_url(url),
        timeout_seconds=webhook.timeout_seconds,
        verify_ssl=webhook.verify_ssl,
        ip_allowlist=tuple(ip_network(network) for network in webhook.ip_allowlist),
        headers=tuple((header.name, header.value) for header in custom),
        shown_headers=tuple((header.name, header.shown) for header in custom),
        credentials=encodings(custom, credential, query_values(url)),
        keys=tuple(keys),
        retry_delays_seconds=tuple(webhook.retry_delays_seconds),
    )


def _login(webhook: Webhook, credential: str | None) -> tuple[CustomHeader, ...]:
    if webhook.authentication_kind == AuthenticationKind.BEARER:
        return (CustomHeader("authorization", f"Bearer {credential}", sensitive=True),)
    if webhook.authentication_kind == AuthenticationKind.BASIC:
        pair = f"{webhook.authentication_username}:{credential}".encode()
        return (CustomHeader("authorization", f"Basic {base64.b64encode(pair).decode()}", sensitive=True),)
    return ()
