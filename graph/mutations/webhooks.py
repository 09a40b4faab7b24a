"""Mutations that create, change, pause, resume, delete and ping webhooks."""

import strawberry

from app.test_requests.ping import ping_webhook
from app.webhooks import lifecycle
from app.webhooks.upsert import upsert_webhook
from graph.context import Info
from graph.finding import find_attempt, find_delivery
from graph.inputs.webhooks import (
    CreateWebhookInput,
    PingWebhookInput,
    UpdateWebhookInput,
    UpsertWebhookInput,
    WebhookIdInput,
)
from graph.mutations.payload import Input, Payload, mutation
from graph.types.records import Attempt, Delivery, Webhook


@strawberry.type(description="Payload of `createWebhook`.")
class CreateWebhookPayload(Payload):
    webhook: Webhook | None = strawberry.field(default=None, description="The new webhook.")
    secret: str | None = strawberry.field(default=None, description="The signing secret, shown only this once.")
    warning: str | None = strawberry.field(
        default=None, description="A sentence if another webhook has the same name and URL; null otherwise."
    )


@strawberry.type(description="Payload of `upsertWebhook`.")
class UpsertWebhookPayload(Payload):
    webhook: Webhook | None = strawberry.field(default=None, description="The webhook as it is now.")
    secret: str | None = strawberry.field(
        default=None, description="The signing secret of a new webhook, shown only this once."
    )
    created: bool | None = strawberry.field(default=None, description="Whether the webhook is new.")


@strawberry.type(description="Payload of `updateWebhook`.")
class UpdateWebhookPayload(Payload):
    webhook: Webhook | None = strawberry.field(default=None, description="The webhook after the change.")


@strawberry.type(description="Payload of `deleteWebhook`.")
class DeleteWebhookPayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="ID of the deleted webhook.")


@strawberry.type(description="Payload of `pauseWebhook`.")
class PauseWebhookPayload(Payload):
    webhook: Webhook | None = strawberry.field(default=None, description="The webhook after the change.")


@strawberry.type(description="Payload of `resumeWebhook`.")
class ResumeWebhookPayload(Payload):
    webhook: Webhook | None = strawberry.field(default=None, description="The webhook after the change.")


@strawberry.type(description="Payload of `pingWebhook`.")
class PingWebhookPayload(Payload):
    delivery: Delivery | None = strawberry.field(default=None, description="The delivery of the test event.")
    attempt: Attempt | None = strawberry.field(
        default=None, description="The only attempt of that delivery, with its request and response."
    )


@strawberry.type
class WebhookMutations:
    @mutation("Creates a webhook that receives events published from now on. Needs MANAGE.")
    async def create_webhook(self, info: Info, input: Input[CreateWebhookInput]) -> CreateWebhookPayload:
        context = info.context
        created = await lifecycle.create_webhook(context.resources, context.caller, input.draft())
        return CreateWebhookPayload(
            webhook=Webhook.from_model(created.webhook), secret=created.secret, warning=created.warning
        )

    @mutation(
        "Creates the webhook with this external ID, or changes it to have these settings; safe to repeat. Needs MANAGE."
    )
    async def upsert_webhook(self, info: Info, input: Input[UpsertWebhookInput]) -> UpsertWebhookPayload:
        context = info.context
        done = await upsert_webhook(context.resources, context.caller, input.external_id, input.webhook.draft())
        return UpsertWebhookPayload(webhook=Webhook.from_model(done.webhook), secret=done.secret, created=done.created)

    @mutation("Changes a webhook. Waiting deliveries are sent with the new settings. Needs MANAGE.")
    async def update_webhook(self, info: Info, input: Input[UpdateWebhookInput]) -> UpdateWebhookPayload:
        context = info.context
        webhook = await lifecycle.update_webhook(
            context.resources, context.caller, input.id, input.changes(), input.if_updated_at
        )
        return UpdateWebhookPayload(webhook=Webhook.from_model(webhook))

    @mutation(
        "Deletes a webhook and cancels its waiting deliveries. Past deliveries can still be queried. Needs MANAGE."
    )
    async def delete_webhook(self, info: Info, input: Input[WebhookIdInput]) -> DeleteWebhookPayload:
        deleted_id = await lifecycle.delete_webhook(info.context.resources, info.context.caller, input.id)
        return DeleteWebhookPayload(deleted_id=strawberry.ID(deleted_id))

    @mutation("Pauses a webhook: its deliveries wait until it is resumed. Needs MANAGE.")
    async def pause_webhook(self, info: Info, input: Input[WebhookIdInput]) -> PauseWebhookPayload:
        webhook = await lifecycle.pause_webhook(info.context.resources, info.context.caller, input.id)
        return PauseWebhookPayload(webhook=Webhook.from_model(webhook))

    @mutation("Resumes a paused or disabled webhook, so that its deliveries are sent again. Needs MANAGE.")
    async def resume_webhook(self, info: Info, input: Input[WebhookIdInput]) -> ResumeWebhookPayload:
        webhook = await lifecycle.resume_webhook(info.context.resources, info.context.caller, input.id)
        return ResumeWebhookPayload(webhook=Webhook.from_model(webhook))

    @mutation(
        "Sends a test event to a webhook at once, regardless of pause, rate limit and retries, and"
        " returns the result. Needs MANAGE."
    )
    async def ping_webhook(self, info: Info, input: Input[PingWebhookInput]) -> PingWebhookPayload:
        context = info.context
        pinged = await ping_webhook(
            context.resources, context.resources.pipeline, context.caller, input.id, input.event_type
        )
        return PingWebhookPayload(
            delivery=await find_delivery(context, pinged.delivery_id),
            attempt=await find_attempt(context, pinged.attempt_id) if pinged.attempt_id else None,
        )
