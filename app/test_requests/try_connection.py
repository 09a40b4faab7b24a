"""Tries the settings of a webhook that is not saved: one signed test request, with each step reported.

Nothing is written to the database. The request takes the path of a delivery: the same checks, guard, signature and
deadline.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.access.caller import Caller
from app.clock import to_micros
from app.delivery.redaction import without_credentials
from app.delivery.stored_answer import kept, shown_body
from app.delivery.target import Headers, Target, sign_request, target_of
from app.egress import address_policy, egress_proxy
from app.encryption import Cipher
from app.errors import Problem, Rejected
from app.ids import SECRET, WEBHOOK, new_id
from app.keeping import Keeping
from app.models import Secret, Webhook
from app.publishing.draft import example_of
from app.registry import KnownEventType
from app.sender.outcome import Answered
from app.sender.sender import Sender
from app.sender.watched import send_watched
from app.services import Services
from app.statuses import HttpMethod, Scope, WebhookStatus
from app.test_requests.connection_steps import ConnectionStep, steps_of
from app.test_requests.event_type import chosen_event_type
from app.webhooks.configuration import configure
from app.webhooks.fields import Configuration, WebhookDraft
from app.webhooks.rows import write_configuration
from app.webhooks.secrets import signing_secret
from app.webhooks.surroundings import surroundings

FIRST_ATTEMPT = 1


@dataclass(frozen=True, slots=True)
class Content:
    """What is sent: the ID of an event, its body, and what is kept of its type."""

    event_id: str
    body: str
    keeping: Keeping


@dataclass(frozen=True, slots=True)
class TriedRequest:
    """The request that was sent, or would have been, with credentials masked."""

    method: HttpMethod
    url: str
    headers: Headers
    body: str


@dataclass(frozen=True, slots=True)
class ConnectionTried:
    """Result of a trial. `ok`: the receiver answered 2xx. `response` is None if there was no answer."""

    ok: bool
    steps: Sequence[ConnectionStep]
    request: TriedRequest
    response: Answered | None


async def try_connection(
    services: Services, sender: Sender, caller: Caller, draft: WebhookDraft, event_type: str | None
) -> ConnectionTried:
    """Send one test event with the example of an event type, as a webhook created from the draft would.

    Args:
        draft: if it has no secret, a temporary one is used.
        event_type: the type with the example to send; by default the first known one that the draft selects.

    Raises:
        Forbidden: the caller lacks MANAGE.
        Rejected: all problems of the draft at once, with paths below "webhook", or of the event type.
    """
    caller.require(Scope.MANAGE)
    at = services.clock.now()
    registry = await services.registries.current(services.database, caller.workspace_id)
    around = await surroundings(services, caller)
    problems: list[Problem] = []
    configuration = configure(problems, draft, around)
    secret = signing_secret(problems, draft.secret, configuration.signature_scheme)
    problems = [replace(problem, path=("webhook", *problem.path)) for problem in problems]
    name = chosen_event_type(
        problems, caller.narrowing.types(registry.event_types), configuration.event_types, event_type
    )
    if problems:
        raise Rejected(problems)
    target = _target(services.cipher, caller.workspace_id, configuration, secret, at)
    return await send_and_explain(services, sender, target, example_content(registry.event_types[name], at), at)


def example_content(known: KnownEventType, at: datetime) -> Content:
    """A test event with the example of a type."""
    event = example_of(known.event_type, to_micros(at))
    return Content(event.id, event.body, known.keeping)


async def send_and_explain(
    services: Services, sender: Sender, target: Target, content: Content, at: datetime
) -> ConnectionTried:
    """Send a first request to a target and tell each step of it, without credentials where a receiver repeats them, and
    with what is to be redacted masked.

    Args:
        at: the present time.
    """
    signed = sign_request(target, content.event_id, FIRST_ATTEMPT, content.body, at)
    sent, exchange = await send_watched(
        sender,
        signed.request,
        address_policy(services.settings),
        max_response_bytes=services.settings.response_body_bytes,
        local_addresses=services.settings.egress_addresses,
        proxy=egress_proxy(services.settings),
    )
    # Nothing of a trial is stored, so what is said about storing does not matter here.
    redaction = content.keeping._replace(rules=())
    answer = kept(without_credentials(sent, target.credentials), redaction, content.body)
    steps = steps_of(signed.request, exchange, answer, at)
    request = TriedRequest(
        HttpMethod(target.method), target.shown_url, signed.shown_headers, shown_body(content.body, redaction)
    )
    return ConnectionTried(
        all(step.ok for step in steps), steps, request, answer if isinstance(answer, Answered) else None
    )


def _target(cipher: Cipher, workspace_id: str, configuration: Configuration, secret: str, at: datetime) -> Target:
    """The target of a webhook with this configuration, built through the rows that the webhook would have."""
    webhook = Webhook(
        id=new_id(WEBHOOK, at),
        workspace_id=workspace_id,
        status=WebhookStatus.ACTIVE,
        status_changed_at=at,
        created_at=at,
        updated_at=at,
    )
    write_configuration(cipher, webhook, configuration)
    return target_of(cipher, webhook, [_row_of(cipher, webhook, secret, at)])


def _row_of(cipher: Cipher, webhook: Webhook, secret: str, at: datetime) -> Secret:
    secret_id = new_id(SECRET, at)
    sealed = cipher.encrypt(secret, secret_id)
    return Secret(id=secret_id, workspace_id=webhook.workspace_id, webhook_id=webhook.id, secret=sealed, created_at=at)
