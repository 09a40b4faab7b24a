"""A client of the API that never gives up: repeats failed requests, at any server, with the same idempotency key."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

# After this it asks again, possibly another server.
REQUEST_SECONDS = 30.0
REPEAT_SECONDS = 0.1


class Failed(Exception):
    """A server did not do what it was asked. `code` is extensions.code, or the failure below GraphQL."""

    def __init__(self, code: str, message: str, *, retryable: bool) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.retryable = retryable


@dataclass
class Client:
    """Asks any of several servers."""

    urls: Sequence[str]
    key: str
    http: aiohttp.ClientSession
    random: random.Random
    # Answers that no fault excuses: anything but "try again".
    surprises: list[str] = field(default_factory=list)

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """The data of an operation, from one server, asked once.

        Raises:
            Failed: there is none.
        """
        url = self.random.choice(self.urls)
        try:
            async with self.http.post(
                f"{url}/graphql",
                json={"query": document, "variables": variables},
                headers={"authorization": f"Bearer {self.key}"},
                timeout=aiohttp.ClientTimeout(REQUEST_SECONDS),
            ) as response:
                status, answer = response.status, await response.json()
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError) as error:
            raise Failed("UNREACHABLE", f"{url}: {error!r}", retryable=True) from None
        except (aiohttp.ClientError, ValueError) as error:
            raise Failed("NO_GRAPHQL", f"{url}: {error!r}", retryable=False) from None
        return self._data(status, answer)

    async def insist(self, document: str, **variables: Any) -> dict[str, Any]:
        """The same, asked until there is an answer."""
        while True:
            with suppress(Failed):
                return await self.ask(document, **variables)
            await asyncio.sleep(REPEAT_SECONDS)

    def _data(self, status: int, answer: dict[str, Any]) -> dict[str, Any]:
        if not answer.get("errors"):
            data: dict[str, Any] = answer["data"]
            return data
        error = answer["errors"][0]
        extensions = error.get("extensions", {})
        code = str(extensions.get("code"))
        failed = Failed(code, f"{status} {error['message']}", retryable=extensions.get("retryable") is True)
        if not (failed.code == "UNAVAILABLE" and failed.retryable):
            self.surprises.append(str(failed))
        raise failed
