"""Changes of webhooks and operations."""

from datetime import datetime

import strawberry

from app.clock import from_micros
from app.updates.update import Update
from graph.context import Info
from graph.enums import ChangeKind
from graph.types.operation import Operation
from graph.types.records import Webhook

_CURSOR = "Cursor to resume from: pass it as `after`, to any server of the installation."
_GAP = (
    "True if changes may be missing before this message, because `after` was older than the changes that are kept or"
    " the client was too slow. Query {} to catch up."
)


@strawberry.type(
    description="One change of one webhook. A change is seen at least once; cursors order the changes of a workspace."
)
class WebhookChange:
    cursor: str = strawberry.field(description="Cursor of this change in the stream. Pass it as `after` to resume.")
    at: datetime = strawberry.field(description="Time of the change.")
    kind: ChangeKind = strawberry.field(description="What happened to the webhook.")
    webhook_id: strawberry.ID = strawberry.field(description="ID of the webhook.")

    @classmethod
    def of(cls, cursor: str, update: Update) -> "WebhookChange":
        return cls(
            cursor=cursor,
            at=from_micros(update.at),
            kind=ChangeKind(update.status or ChangeKind.UPDATED),
            webhook_id=strawberry.ID(update.subject_id),
        )

    @strawberry.field(
        description="The current state of the webhook, which may include later changes; null if it is deleted."
    )
    async def webhook(self, info: Info) -> Webhook | None:
        model = await info.context.loaders.webhooks.load(self.webhook_id)
        return None if model is None or model.deleted_at is not None else Webhook.from_model(model)


@strawberry.type(description="All changes of webhooks since the previous message.")
class WebhookChanges:
    updates: list[WebhookChange] = strawberry.field(
        description="The changes, oldest first; the first message may have none."
    )
    cursor: str = strawberry.field(description=_CURSOR)
    gap: bool = strawberry.field(description=_GAP.format("`webhooks`"))


@strawberry.type(description="All operations that changed since the previous message.")
class OperationChanges:
    operations: list[Operation] = strawberry.field(
        description="The operations in their current state, each once; the first message may have none."
    )
    cursor: str = strawberry.field(description=_CURSOR)
    gap: bool = strawberry.field(description=_GAP.format("`operations`"))
