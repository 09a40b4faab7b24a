"""Arguments that all lists share, and the meaning of an omitted one."""

from typing import Annotated, TypeAlias, TypeVar

import strawberry
from strawberry.types.unset import UnsetType

from graph.cursors import DEFAULT_SIZE, MAX_SIZE
from graph.inputs.filters import AuditFilter, DeliveryFilter, EventFilter, WebhookFilter, WebhookOrder
from graph.inputs.problems import ProblemFilter

Value = TypeVar("Value")

First: TypeAlias = Annotated[
    int | None,
    strawberry.argument(
        description=f"Returns the first _n_ items, or the first _n_ after `after` (0 to {MAX_SIZE}). The default is"
        f" {DEFAULT_SIZE} if neither `first` nor `last` is given."
    ),
]
After: TypeAlias = Annotated[str | None, strawberry.argument(description="Returns items after this cursor.")]
Last: TypeAlias = Annotated[
    int | None,
    strawberry.argument(description=f"Returns the last _n_ items, or the last _n_ before `before` (0 to {MAX_SIZE})."),
]
Before: TypeAlias = Annotated[str | None, strawberry.argument(description="Returns items before this cursor.")]
OfWebhooks: TypeAlias = Annotated[
    WebhookFilter | None,
    strawberry.argument(description="Returns only webhooks that match this filter; all webhooks if null or omitted."),
]
OrderBy: TypeAlias = Annotated[
    WebhookOrder | None,
    strawberry.argument(description="Order of the list; newest first if null or omitted."),
]
OfEvents: TypeAlias = Annotated[
    EventFilter | None,
    strawberry.argument(
        description="Returns only events that match this filter; all events except test events if null or omitted."
    ),
]
OfDeliveries: TypeAlias = Annotated[
    DeliveryFilter | None,
    strawberry.argument(
        description="Returns only deliveries that match this filter; all deliveries if null or omitted."
    ),
]

OfProblems: TypeAlias = Annotated[
    ProblemFilter | None,
    strawberry.argument(description="Returns only problems that match this filter; all problems if null or omitted."),
]
OfAuditLog: TypeAlias = Annotated[
    AuditFilter | None,
    strawberry.argument(description="Returns only entries that match this filter; all entries if null or omitted."),
]


def given(value: Value) -> Value | None:
    """The value of an argument, or None if it was omitted. Strawberry distinguishes omitted from null; lists do not."""
    return None if isinstance(value, UnsetType) else value
