"""What lists that can be searched also say: how many items there are, up to a limit, and how far a search came."""

from datetime import datetime, timedelta
from typing import Annotated, TypeAlias, TypeVar

import strawberry

from app.ids import id_time
from graph.context import Info
from graph.errors import BadUserInput
from graph.pagination import MAX_LOOKED
from graph.types.connection import Connection
from graph.types.node import Node

NodeType = TypeVar("NodeType", bound=Node)

DEFAULT_AT_MOST = 10_000
MAX_AT_MOST = 100_000

AtMost: TypeAlias = Annotated[
    int | None,
    strawberry.argument(description=f"Stops counting at this many: 1 to {MAX_AT_MOST:,}."),
]


@strawberry.type(description="A number of items that is counted up to a limit.")
class BoundedCount:
    count: int = strawberry.field(description="Number of items, or the limit if there are more.")
    exact: bool = strawberry.field(description="Whether the count is exact.")


@strawberry.type(description="A page of a list that can be searched.")
class SearchedConnection(Connection[NodeType]):
    @strawberry.field(description="Number of items in the list, counted up to a limit.")
    async def total_count(self, info: Info, at_most: AtMost = DEFAULT_AT_MOST) -> BoundedCount:
        limit = DEFAULT_AT_MOST if at_most is None else at_most
        if not 1 <= limit <= MAX_AT_MOST:
            raise BadUserInput(f"The argument atMost is {limit}; it must be between 1 and {MAX_AT_MOST}.")
        count, looked_at_all = await self.page.count(info.context.resources.database, limit + 1)
        return BoundedCount(count=min(count, limit), exact=count <= limit and looked_at_all)

    @strawberry.field(
        description=f"Time up to which a search looked, if it stopped after {MAX_LOOKED:,} items (fewer if many lists"
        " are searched at once) before the page was full; null if it did not stop. Continue with the page's end cursor,"
        " or with this as `time.until`."
    )
    def searched_until(self) -> datetime | None:
        if self.page.stopped_at is None:
            return None
        at = id_time(self.page.stopped_at)
        return at if self.page.from_end else at + timedelta(milliseconds=1)
