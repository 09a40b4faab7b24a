"""Making, changing, pausing and deleting webhooks, and pinging them."""

import strawberry

from app.delivery.ping import ping_webhook
from app.webhooks import register
from graph.context import Info
from graph.inputs.webhooks import CreateWebhookInput, PingWebhookInput, UpdateWebhookInput, WebhookIdInput
from graph.mutations.payload import Input, Payload, mutation
from graph.types.attempt import Attempt
from graph.types.delivery import Delivery
from graph.types.webhook import Webhook


@strawberry.type(description="What became of createWebhook.")
class CreateWebhookPayload(Payload):
    webhook: Webhook | None = strawberry.field(default=None, description="The webhook.")
    secret: str | None = strawberry.field(default=None, description="Its signing secret, shown this once.")


@strawberry.type(description="What became of updateWebhook.")
class UpdateWebhookPayload(Payload):
    webhook: Webhook | None = strawberry.field(default=None, description="The webhook as it is now.")


@strawberry.type(description="What became of deleteWebhook.")
class DeleteWebhookPayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="The id it had.")


@strawberry.type(description="What became of pauseWebhook.")
class PauseWebhookPayload(Payload):
    webhook: Webhook | None = strawberry.field(default=None, description="The webhook as it is now.")


@strawberry.type(description="What became of resumeWebhook.")
class ResumeWebhookPayload(Payload):
    webhook: Webhook | None = strawberry.field(default=None, description="The webhook as it is now.")


@strawberry.type(description="What became of pingWebhook.")
class PingWebhookPayload(Payload):
    delivery: Delivery | None = strawberry.field(default=None, description="The ping's delivery.")
    attempt: Attempt | None = strawberry.field(
        default=None, description="Its one attempt: what was sent and came back."
    )


@strawberry.type
class WebhookMutations:
    @mutation("Makes a webhook. It gets what is published from now on. Needs MANAGE.")
    async def create_webhook(self, info: Info, input: Input[CreateWebhookInput]) -> CreateWebhookPayload:
        context = info.context
        created = await register.create_webhook(context.resources, context.caller, input.draft())
        return CreateWebhookPayload(webhook=Webhook.from_model(created.webhook), secret=created.secret)

    @mutation("Changes a webhook. Deliveries that wait go out as it is then. Needs MANAGE.")
    async def update_webhook(self, info: Info, input: Input[UpdateWebhookInput]) -> UpdateWebhookPayload:
        context = info.context
        webhook = await register.update_webhook(context.resources, context.caller, input.id, input.changes())
        return UpdateWebhookPayload(webhook=Webhook.from_model(webhook))

    @mutation("Deletes a webhook and cancels what waits for it. What was sent can still be queried. Needs MANAGE.")
    async def delete_webhook(self, info: Info, input: Input[WebhookIdInput]) -> DeleteWebhookPayload:
        deleted_id = await register.delete_webhook(info.context.resources, info.context.caller, input.id)
        return DeleteWebhookPayload(deleted_id=strawberry.ID(deleted_id))

    @mutation("Keeps a webhook's deliveries waiting until it is resumed. Needs MANAGE.")
    async def pause_webhook(self, info: Info, input: Input[WebhookIdInput]) -> PauseWebhookPayload:
        webhook = await register.pause_webhook(info.context.resources, info.context.caller, input.id)
        return PauseWebhookPayload(webhook=Webhook.from_model(webhook))

    @mutation("Lets a paused or disabled webhook's deliveries go out again. Needs MANAGE.")
    async def resume_webhook(self, info: Info, input: Input[WebhookIdInput]) -> ResumeWebhookPayload:
        webhook = await register.resume_webhook(info.context.resources, info.context.caller, input.id)
        return ResumeWebhookPayload(webhook=Webhook.from_model(webhook))

    @mutation(
        "Sends a test event to a webhook now, past pause, rate limit and retries, and answers with what came back."
        " Needs MANAGE."
    )
    async def ping_webhook(self, info: Info, input: Input[PingWebhookInput]) -> PingWebhookPayload:
        context, loaders = info.context, info.context.loaders
        pinged = await ping_webhook(context.resources, context.caller, input.id, input.event_type)
        return PingWebhookPayload(
            delivery=await loaders.deliveries.load(pinged.delivery_id),
            attempt=await loaders.attempts.load(pinged.attempt_id) if pinged.attempt_id else None,
        )
