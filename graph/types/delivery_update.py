"""Updates of deliveries."""

from datetime import datetime

import strawberry

from app.clock import from_micros
from app.updates.update import Update
from graph.context import Info
from graph.enums import DeliveryStatus
from graph.rows import if_found
from graph.types.records import Attempt, Delivery


@strawberry.type(
    description="One change of one delivery. An update is seen at least once; cursors order the updates of a workspace."
)
class DeliveryUpdate:
    cursor: str = strawberry.field(description="Cursor of this update in the stream. Pass it as `after` to resume.")
    at: datetime = strawberry.field(description="Time of the change.")
    update: strawberry.Private[Update]

    @classmethod
    def of(cls, cursor: str, update: Update) -> "DeliveryUpdate":
        return cls(cursor=cursor, at=from_micros(update.at), update=update)

    @strawberry.field(description="Status that the change gave to the delivery, whatever it is by now.")
    def status(self) -> DeliveryStatus:
        return DeliveryStatus(self.update.status or "")

    @strawberry.field(description="The current state of the delivery, which may include later changes.")
    async def delivery(self, info: Info) -> Delivery:
        row = await info.context.loaders.deliveries.load(self.update.subject_id)
        assert row is not None  # it is announced after it is committed
        return Delivery.from_row(row)

    @strawberry.field(description="The attempt that caused the change; null if something else did.")
    async def attempt(self, info: Info) -> Attempt | None:
        if self.update.attempt_id is None:
            return None
        return if_found(Attempt.from_row, await info.context.loaders.attempts.load(self.update.attempt_id))


@strawberry.type(
    description="All updates since the previous message. If the stream is busy, messages carry more updates"
    " rather than come more often."
)
class DeliveryUpdates:
    updates: list[DeliveryUpdate] = strawberry.field(
        description="The updates, oldest first; the first message may have none."
    )
    cursor: str = strawberry.field(
        description="Cursor to resume from: pass it as `after`, to any server of the installation."
    )
    gap: bool = strawberry.field(
        description="True if updates may be missing before this message, because `after` was older than the updates"
        " that are kept or the client was too slow. Query `deliveries` to catch up."
    )
