"""Calls the API as a publisher does, at little cost."""

from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import orjson

from bench.wire import Pool

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
    """The API refused; the message is its answer."""


class Client:
    """One server's API with one key. Use it in `async with`."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._pools: dict[str, Pool] = {}
        self._head, self._events_head = (
            (
                f"POST {path} HTTP/1.1\r\nhost: {urlsplit(url).netloc}\r\nauthorization: Bearer {key}\r\n"
                f"content-type: application/{kind}\r\ncontent-length: "
            ).encode()
            for path, kind in (("/graphql", "json"), ("/events", "cloudevents+json"))
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in self._pools.values():
            pool.close()

    async def ask(self, document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The `data` of an operation.

        Raises:
            Failed: there are errors.
        """
        return await self.send(request(document, variables))

    async def send(self, body: bytes) -> dict[str, Any]:
        """The `data` of an operation that is serialised already.

        Raises:
            Failed: there are errors.
        """
        text = await self._pool(self._url).ask(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
        answer = orjson.loads(text)
        if answer.get("errors"):
            raise Failed(answer["errors"][0]["message"])
        data: dict[str, Any] = answer["data"]
        for payload in data.values():
            if isinstance(payload, dict) and payload.get("userErrors"):
                raise Failed(str(payload["userErrors"][0]))
        return data

    async def send_event(self, body: bytes) -> dict[str, Any]:
        """The answer to a CloudEvent.

        Raises:
            Failed: it was refused.
        """
        text = await self._pool(self._url).ask(b"%b%d\r\n\r\n%b" % (self._events_head, len(body), body))
        answer: dict[str, Any] = orjson.loads(text)
        if "errors" in answer:
            raise Failed(str(answer["errors"][0]))
        return answer

    async def get(self, url: str) -> bytes:
        """The body of any page."""
        parts = urlsplit(url)
        return await self._pool(f"{parts.scheme}://{parts.netloc}").ask(
            f"GET {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\n\r\n".encode()
        )

    def _pool(self, origin: str) -> Pool:
        return self._pools.setdefault(origin, Pool(origin))


def request(document: str, variables: dict[str, Any] | None = None) -> bytes:
    """An operation as the body of a POST."""
    return orjson.dumps({"query": document, "variables": variables})
