"""Deliveries as they change."""

from datetime import datetime

import strawberry

from app.clock import from_micros
from app.updates.update import Update
from graph.context import Info
from graph.types.attempt import Attempt
from graph.types.delivery import Delivery


@strawberry.type(
    description="One change of one delivery. Seen at least once; the cursor orders them within a workspace."
)
class DeliveryUpdate:
    cursor: str = strawberry.field(description="Where in the stream it stands; can be handed back as `after`.")
    at: datetime = strawberry.field(description="When it changed.")
    update: strawberry.Private[Update]

    @classmethod
    def of(cls, cursor: str, update: Update) -> "DeliveryUpdate":
        return cls(cursor=cursor, at=from_micros(update.at), update=update)

    @strawberry.field(description="The delivery as it is now, which may be further than this change.")
    async def delivery(self, info: Info) -> Delivery:
        delivery = await info.context.loaders.deliveries.load(self.update.subject_id)
        assert delivery is not None  # it is announced after it is committed
        return delivery

    @strawberry.field(description="The attempt that changed it; null where something else did.")
    async def attempt(self, info: Info) -> Attempt | None:
        attempt_id = self.update.attempt_id
        return None if attempt_id is None else await info.context.loaders.attempts.load(attempt_id)


@strawberry.type(
    description="Everything since the last message: a busy stream comes in bigger messages, not in more of them."
)
class DeliveryUpdates:
    updates: list[DeliveryUpdate] = strawberry.field(
        description="What changed, oldest first; the first message may have none."
    )
    cursor: str = strawberry.field(
        description="Hand it back as `after` to go on where you left off, on any server of the installation."
    )
    gap: bool = strawberry.field(
        description="True where something may be missing before this message, because `after` was older than what is"
        " kept, or the client was too slow: query deliveries to catch up."
    )
