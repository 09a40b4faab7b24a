"""The filters of webhooks that depend on the time or on JSON: by health, and by metadata.

Metadata is compared here rather than in SQL: a workspace has few webhooks, and the two databases compare JSON
differently.
"""

import orjson

from app.clock import to_micros
from app.webhooks.health.state import state_sql
from graph.context import Context
from graph.errors import BadUserInput
from graph.inputs.filters import WebhookFilter
from graph.pagination import Listing
from graph.rows import RowType

_WITH_METADATA = "SELECT id, metadata FROM webhook WHERE workspace_id = $1 AND deleted_at IS NULL"


async def narrowed(context: Context, listing: Listing[RowType], asked: WebhookFilter | None) -> Listing[RowType]:
    """The same webhooks restricted to those of some health and with some metadata.

    Raises:
        BadUserInput: the metadata is not a JSON object.
    """
    if asked is not None and asked.health is not None:
        now = to_micros(context.resources.clock.now())
        state, values = state_sql(now, context.resources.settings.breaker_threshold)
        states = list(dict.fromkeys(asked.health))
        places = ", ".join("?" * len(states))
        listing = listing.where(f"{state} IN ({places})", *values, *states) if states else listing.where("1 = 0")
    if asked is not None and asked.metadata is not None:
        listing = listing.where_in("id", await _with_metadata(context, asked.metadata))
    return listing


async def _with_metadata(context: Context, wanted: object) -> list[str]:
    if not isinstance(wanted, dict):
        raise BadUserInput('The filter\'s metadata is no JSON object; give one such as {"team": "support"}.')
    rows = await context.resources.database.fetch(_WITH_METADATA, context.caller.workspace_id)
    found = ((row["id"], orjson.loads(row["metadata"])) for row in rows)
    return [id_ for id_, metadata in found if all(_has(metadata, key, value) for key, value in wanted.items())]


def _has(metadata: dict[str, object], key: str, value: object) -> bool:
    return key in metadata and equal_json(metadata[key], value)


def equal_json(one: object, other: object) -> bool:
    """Whether two JSON values are equal. To Python, true equals 1; to JSON it does not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal_json(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal_json, one, other))
    return one == other
