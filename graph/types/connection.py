"""Relay connections: a page of a list as nodes and as edges. See `graph.pagination`."""

from typing import Any, Generic, TypeVar

import strawberry

from graph.pagination import Page, Probe
from graph.types.node import Node

NodeType = TypeVar("NodeType", bound=Node)


@strawberry.type(description="Position of a page within its list.")
class PageInfo:
    start_cursor: str | None = strawberry.field(
        description="Cursor of the first item on this page; null if the page is empty. With `last`, the place where a"
        " search stopped."
    )
    end_cursor: str | None = strawberry.field(
        description="Cursor of the last item on this page; null if the page is empty. With `first`, the place where a"
        " search stopped."
    )
    next: strawberry.Private[bool | Probe]
    previous: strawberry.Private[bool | Probe]

    @strawberry.field(description="Whether there are items after this page.")
    async def has_next_page(self) -> bool:
        return self.next if isinstance(self.next, bool) else await self.next()

    @strawberry.field(description="Whether there are items before this page.")
    async def has_previous_page(self) -> bool:
        return self.previous if isinstance(self.previous, bool) else await self.previous()


@strawberry.type(description="An item of a list, with its cursor.")
class Edge(Generic[NodeType]):
    cursor: str = strawberry.field(description="Cursor of this item. Pass it as `after` or `before`.")
    node: NodeType = strawberry.field(description="The item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[NodeType]):
    nodes: list[NodeType] = strawberry.field(description="The items on this page, without their cursors.")
    page: strawberry.Private[Page[Any]]

    @strawberry.field(description="The items on this page, with their cursors.")
    def edges(self) -> list[Edge[NodeType]]:
        return [Edge(cursor=self.page.cursor(node.id), node=node) for node in self.nodes]

    @strawberry.field(description="Position of this page within the list.")
    def page_info(self) -> PageInfo:
        start, end = (self.page.cursor(self.nodes[at].id) if self.nodes else None for at in (0, -1))
        if self.page.stopped_at is not None:  # a search goes on from where it stopped
            stopped = self.page.cursor(self.page.stopped_at)
            start, end = (stopped, end) if self.page.from_end else (start, stopped)
        return PageInfo(
            start_cursor=start,
            end_cursor=end,
            next=self.page.has_next,
            previous=self.page.has_previous,
        )
