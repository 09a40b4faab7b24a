"""Calls the API as a publisher does, spending little itself."""

from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson

PUBLISH_EVENT = """mutation Publish($input: PublishEventInput!) {
  publishEvent(input: $input) { event { id } deliveryCount userErrors { message path } }
}"""
PUBLISH_EVENTS = """mutation Publish($input: PublishEventsInput!) {
  publishEvents(input: $input) { deliveryCount userErrors { message path } }
}"""
CREATE_WEBHOOK = """mutation Create($input: CreateWebhookInput!) {
  createWebhook(input: $input) { webhook { id } userErrors { message path } }
}"""


class Failed(Exception):
    """The API said no; the message is what it said."""


class Client:
    """One server's API with one key. Use it in `async with`."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url + "/graphql"
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        connector = aiohttp.TCPConnector(limit=0)
        self._session = aiohttp.ClientSession(connector=connector, headers=headers, cookie_jar=aiohttp.DummyCookieJar())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def ask(self, document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The `data` of an operation.

        Raises:
            Failed: there are errors.
        """
        return await self.send(request(document, variables))

    async def send(self, body: bytes) -> dict[str, Any]:
        """The `data` of an operation that is written out already.

        Raises:
            Failed: there are errors.
        """
        async with self._session.post(self._url, data=body) as response:
            answer = orjson.loads(await response.read())
        if answer.get("errors"):
            raise Failed(answer["errors"][0]["message"])
        data: dict[str, Any] = answer["data"]
        for payload in data.values():
            if isinstance(payload, dict) and payload.get("userErrors"):
                raise Failed(str(payload["userErrors"][0]))
        return data

    async def get(self, url: str) -> bytes:
        """The body of any page."""
        async with self._session.get(url) as response:
            return await response.read()


def request(document: str, variables: dict[str, Any] | None = None) -> bytes:
    """An operation as the body of a POST."""
    return orjson.dumps({"query": document, "variables": variables})
