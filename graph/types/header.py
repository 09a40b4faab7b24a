"""HTTP headers, as they may be shown."""

from collections.abc import Iterable, Sequence

import strawberry


@strawberry.type(description="An HTTP header. The values of sensitive ones read as ••••.")
class Header:
    name: str = strawberry.field(description="Its name.")
    value: str = strawberry.field(description="Its value, masked where it is a credential.")

    @classmethod
    def all(cls, pairs: Iterable[Sequence[str]]) -> "list[Header]":
        """Headers for pairs of name and value, masked already."""
        return [cls(name=name, value=value) for name, value in pairs]
