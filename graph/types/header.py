"""HTTP headers, as they may be shown."""

import strawberry


@strawberry.type(description="An HTTP header. The values of sensitive ones read as ••••.")
class Header:
    name: str = strawberry.field(description="Its name.")
    value: str = strawberry.field(description="Its value, masked where it is a credential.")
