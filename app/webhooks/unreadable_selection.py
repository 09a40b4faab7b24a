"""Reports webhooks with event types or a filter that cannot be read, so that it is unknown which events match.

Publishing continues without them. One case is a filter that an older version of the program cannot compile.
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
    """Write on webhooks that publishing could not read since the last call that they are unreadable, and since when;
    and remove that from those that it can read again.

    Raises:
        DatabaseUnavailable: the next call does it.
    """
    for webhook_id, since in list(registries.unreadable_since.items()):
        await reasons.say(webhook_id, _CODE, _REASON.format(since=rfc3339(since)), "webhook.unreadable")
        del registries.unreadable_since[webhook_id]
    for webhook_id in list(registries.readable_again):
        await reasons.withdraw(webhook_id, _CODE, "webhook.readable")
        registries.readable_again.discard(webhook_id)
