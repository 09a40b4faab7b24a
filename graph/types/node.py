"""What everything with an id has in common."""

import strawberry


@strawberry.interface(description="Something with an id, which `node(id:)` finds again.")
class Node:
    id: strawberry.ID = strawberry.field(
        description="A TypeID: a prefix that says what it is, and 26 characters that sort by creation,"
        " e.g. evt_01jd7k3m9pegxv0t5c8h2n4w6z."
    )
