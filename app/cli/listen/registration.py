"""Registers the local receiver as a webhook of a running server while it listens."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import typer

from app.cli.failures import Refused
from app.cli.remote import connected

_CREATE = """
mutation ($input: CreateWebhookInput!) {
  createWebhook(input: $input) { webhook { id } userErrors { message path } }
}
"""
_DELETE = "mutation ($input: WebhookIdInput!) { deleteWebhook(input: $input) { userErrors { message path } } }"
_SCHEMES = {"whsec": "HMAC_SHA256", "whsk": "ED25519"}


@dataclass(frozen=True, slots=True)
class Registration:
    """Where and for what to register."""

    server: str
    key: str
    event_types: Sequence[str]

    @asynccontextmanager
    async def registered(self, url: str, secret: str) -> AsyncIterator[str]:
        """A webhook for a receiver while the block runs; gives its ID.

        Raises:
            Refused: it cannot be created.
        """
        scheme = _SCHEMES.get(secret.partition("_")[0])
        if scheme is None:
            raise typer.BadParameter("a webhook cannot sign with a public key; give whsec_… or whsk_….")
        draft = {
            "name": f"Listener at {url}"[:100],
            "url": url,
            "eventTypes": list(self.event_types),
            "secret": secret,
            "signatureScheme": scheme,
        }
        async with connected(self.server, self.key) as api:
            webhook_id: str = (await api.change(_CREATE, draft))["webhook"]["id"]
            try:
                yield webhook_id
            finally:
                try:
                    await api.change(_DELETE, {"id": webhook_id})
                except Refused as error:
                    typer.echo(f"The webhook {webhook_id} could not be removed: {error}", err=True)
