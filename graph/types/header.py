"""HTTP headers, with credentials masked."""

from collections.abc import Iterable, Sequence

import strawberry


@strawberry.type(description="An HTTP header. Sensitive values are masked as ••••.")
class Header:
    name: str = strawberry.field(description="Header name.")
    value: str = strawberry.field(description="Header value, masked if it is a credential.")

    @classmethod
    def all(cls, pairs: Iterable[Sequence[str]]) -> "list[Header]":
        """Headers for pairs of name and value, masked already."""
        return [cls(name=name, value=value) for name, value in pairs]
