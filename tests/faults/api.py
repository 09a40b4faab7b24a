"""What the suite changes over the API, asked until a server does it."""

import asyncio
from collections.abc import Sequence
from typing import Any

from tests.faults.client import Client
from tests.patience import PATIENCE_SECONDS

_CREATE_WEBHOOK = """
mutation($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id } userErrors { message } } }
"""
_UPDATE_WEBHOOK = "mutation($input: UpdateWebhookInput!) { updateWebhook(input: $input) { userErrors { message } } }"
_RESUME_WEBHOOK = "mutation($input: WebhookIdInput!) { resumeWebhook(input: $input) { userErrors { message } } }"
_CREATE_CONTACT = """
mutation($input: CreateContactInput!) { createContact(input: $input) { contact { id } userErrors { message } } }
"""
_DELETE_CONTACT = "mutation($input: ContactIdInput!) { deleteContact(input: $input) { userErrors { message } } }"
_PUBLISH = "mutation($input: PublishEventInput!) { publishEvent(input: $input) { userErrors { message } } }"
_EXAMPLES = "{ eventTypes { name example } }"


async def change(client: Client, document: str, **given: Any) -> dict[str, Any]:
    """The payload of a mutation.

    Raises:
        AssertionError: it was refused.
        TimeoutError: no server does it.
    """
    async with asyncio.timeout(PATIENCE_SECONDS):
        [payload] = (await client.insist(document, input=given)).values()
    assert not payload["userErrors"], payload["userErrors"]
    changed: dict[str, Any] = payload
    return changed


async def create_webhook(client: Client, name: str, url: str, types: Sequence[str], **more: Any) -> str:
    """The ID of a new webhook."""
    payload = await change(client, _CREATE_WEBHOOK, name=name, url=url, eventTypes=list(types), **more)
    return str(payload["webhook"]["id"])


async def move_webhook(client: Client, webhook_id: str, url: str) -> None:
    """Give a webhook another URL."""
    await change(client, _UPDATE_WEBHOOK, id=webhook_id, url=url)


async def resume_webhook(client: Client, webhook_id: str) -> None:
    """Resume a webhook, whatever its status."""
    await change(client, _RESUME_WEBHOOK, id=webhook_id)


async def create_contact(client: Client, url: str, events: Sequence[str]) -> str:
    """The ID of a new contact, a receiver of requests."""
    payload = await change(client, _CREATE_CONTACT, kind="WEBHOOK", target=url, events=list(events))
    return str(payload["contact"]["id"])


async def delete_contact(client: Client, contact_id: str) -> None:
    """Delete a contact."""
    await change(client, _DELETE_CONTACT, id=contact_id)


async def publish(client: Client, kind: str) -> None:
    """Publish the example of an event type."""
    examples = {known["name"]: known["example"] for known in (await client.insist(_EXAMPLES))["eventTypes"]}
    await change(client, _PUBLISH, type=kind, data=examples[kind])
