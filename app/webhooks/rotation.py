"""Rotates the secrets of webhooks with automatic rotation (`rotate_secret_every_days`), and deletes those whose overlap
has ended.

Periodic and safe in several processes at once: each rotation checks again, with the row locked, whether it is still
due.
"""

from datetime import timedelta

import structlog

from app.access.caller import system
from app.clock import to_micros
from app.database.errors import DatabaseError
from app.errors import Rejected
from app.services import Services
from app.signing import new_secret
from app.webhooks.change import changing
from app.webhooks.live_secrets import live_secrets
from app.webhooks.secrets import replace_current

log = structlog.get_logger()

# A receiver's operator has a day to fetch the new secret.
OVERLAP = timedelta(hours=24)
BATCH = 100

_DUE = (
    "SELECT id, workspace_id FROM webhook WHERE deleted_at IS NULL AND next_secret_rotation_at <= $1 AND id > $2"
    " ORDER BY id LIMIT $3"
)
_FORGET = (
    "DELETE FROM secret WHERE id IN (SELECT id FROM secret WHERE expires_at <= $1 ORDER BY id LIMIT $2) RETURNING id"
)


async def rotate_due_secrets(services: Services) -> int:
    """Rotate the secrets that are due now; return how many webhooks got a new secret from this call."""
    now = to_micros(services.clock.now())
    rotated, last = 0, ""
    while due := await services.database.fetch(_DUE, now, last, BATCH):
        rotated += sum([await _rotate(services, row["workspace_id"], row["id"]) for row in due])
        last = due[-1]["id"]
    while len(await services.database.fetch(_FORGET, now, BATCH)) == BATCH:
        pass
    return rotated


async def _rotate(services: Services, workspace_id: str, webhook_id: str) -> bool:
    try:
        async with changing(services, system(workspace_id), webhook_id) as change:
            due_at = change.webhook.next_secret_rotation_at
            if due_at is None or due_at > change.at:
                return False  # another process was first
            live = (await live_secrets(change.statements, [webhook_id], change.at)).get(webhook_id, [])
            new = new_secret(change.webhook.signature_scheme)
            await replace_current(services.cipher, change, live, new, OVERLAP)
    except Rejected:
        return False  # deleted meanwhile
    except DatabaseError:
        raise
    except Exception:
        log.exception("secret.not_rotated", webhook_id=webhook_id)  # Other webhooks are rotated all the same.
        return False
    return True
