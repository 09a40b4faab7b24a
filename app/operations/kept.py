"""What an operation keeps of its request once it has ended, and what the audit log says of it: not the values of events
that were searched for, because they may be personal data. The audit log could not forget them later.
"""

from collections.abc import Mapping
from typing import Any

from app.ids import prefix_of
from app.webhooks.credentials import MASK

ERASE_DATA = "eraseData"
RETRY_DELIVERIES = "retryDeliveries"
CANCEL_DELIVERIES = "cancelDeliveries"


def kept_of(kind: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """The request without values of events. Of what is kept already, the same."""
    if kind == ERASE_DATA:
        return _of_erasure(request)
    if kind in {RETRY_DELIVERIES, CANCEL_DELIVERIES}:
        return {**request, "filter": _of_filter(request["filter"])}
    return dict(request)


def _of_erasure(request: Mapping[str, Any]) -> dict[str, Any]:
    """Without what tells whose data was erased: the number of IDs, and the paths of conditions."""
    event_ids = request["eventIds"]
    return {
        "webhookId": request["webhookId"],
        "eventIds": event_ids if event_ids is None or isinstance(event_ids, int) else len(event_ids),
        "data": _paths(request["data"]),
        "erased": request["erased"],
    }


def _of_filter(said: Mapping[str, Any]) -> dict[str, Any]:
    """A filter of deliveries, as `app.operations.stored_filter` writes it, with the paths of conditions. A search for
    an ID stays, and text that was searched for is masked.
    """
    kept = dict(said)
    if "data" in kept:
        kept["data"] = _paths(kept["data"])
    if "search" in kept and prefix_of(kept["search"]) is None:
        kept["search"] = MASK
    return kept


def _paths(conditions: list[Any]) -> list[str]:
    return [one if isinstance(one, str) else one[0] for one in conditions]
