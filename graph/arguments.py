"""The arguments that every list takes, described once, and what it means that one was left out."""

from typing import Annotated, TypeAlias, TypeVar

import strawberry
from strawberry.types.unset import UnsetType

from graph.inputs.filters import DeliveryFilter, EventFilter, WebhookFilter
from graph.pagination import DEFAULT_SIZE, MAX_SIZE

Value = TypeVar("Value")

First: TypeAlias = Annotated[
    int | None,
    strawberry.argument(
        description=f"How many from the beginning of the list, or from `after` on: 0 to {MAX_SIZE}."
        f" {DEFAULT_SIZE} where neither `first` nor `last` is given."
    ),
]
After: TypeAlias = Annotated[
    str | None, strawberry.argument(description="A cursor: the page begins after the row it stands for.")
]
Last: TypeAlias = Annotated[
    int | None,
    strawberry.argument(description=f"How many from the end of the list, or up to `before`: 0 to {MAX_SIZE}."),
]
Before: TypeAlias = Annotated[
    str | None, strawberry.argument(description="A cursor: the page ends before the row it stands for.")
]
OfWebhooks: TypeAlias = Annotated[
    WebhookFilter | None, strawberry.argument(description="Which webhooks; null or left out: all.")
]
OfEvents: TypeAlias = Annotated[
    EventFilter | None, strawberry.argument(description="Which events; null or left out: all but those of pings.")
]
OfDeliveries: TypeAlias = Annotated[
    DeliveryFilter | None, strawberry.argument(description="Which deliveries; null or left out: all.")
]


def given(value: Value) -> Value | None:
    """The value of an argument; None where it was left out, which Strawberry tells apart from null and lists do not."""
    return None if isinstance(value, UnsetType) else value
