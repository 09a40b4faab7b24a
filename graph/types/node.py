"""The interface of objects with an ID."""

import strawberry


@strawberry.interface(description="An object with an ID, which `node(id:)` can fetch.")
class Node:
    id: strawberry.ID = strawberry.field(
        description="ID of the object, as a TypeID: a prefix that names the type and 26 characters that sort by"
        " creation time, e.g. evt_01jd7k3m9pegxv0t5c8h2n4w6z."
    )
