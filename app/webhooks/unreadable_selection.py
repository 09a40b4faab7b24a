"""Tells of webhooks whose event types or filter cannot be read, so that nothing is known to match them.

Publishing goes on without them. A filter that an older version of the program cannot compile is such a case.
"""

from app.clock import rfc3339
from app.registry import Registries
from app.statuses import WebhookStatusReason
from app.webhooks.status_reason import StatusReasons

_CODE = WebhookStatusReason.UNREADABLE_SELECTION
_REASON = (
    "The server cannot read the webhook's event types or filter, so events published since {since} get no delivery to"
    " it. Set its eventTypes and filter again, then replay the events published since then."
)


async def tell_unreadable_selections(registries: Registries, reasons: StatusReasons) -> None:
    """Write on the webhooks that publishing could not read since the last call that it cannot, and since when; and
    take that away from those that it can read again.

    Raises:
        DatabaseUnavailable: it is told with the next call.
    """
    for webhook_id, since in list(registries.unreadable_since.items()):
        await reasons.say(webhook_id, _CODE, _REASON.format(since=rfc3339(since)), "webhook.unreadable")
        del registries.unreadable_since[webhook_id]
    for webhook_id in list(registries.readable_again):
        await reasons.withdraw(webhook_id, _CODE, "webhook.readable")
        registries.readable_again.discard(webhook_id)
