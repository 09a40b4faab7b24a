"""A client of a running server's GraphQL API. Reports errors as sentences."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import orjson

from app.cli.failures import Refused

TIMEOUT_SECONDS = 30.0
_PATH = "/graphql"
_LATER = frozenset({"RATE_LIMITED", "UNAVAILABLE"})


class Lost(Refused):
    """The server cannot be reached, or the connection was lost; a later retry may succeed."""


class TryLater(Refused):
    """The server is overloaded or the rate limit is exceeded; nothing was changed.

    Attributes:
        after_seconds: when to retry, if the server says so.
    """

    def __init__(self, message: str, after_seconds: float | None) -> None:
        super().__init__(message)
        self.after_seconds = after_seconds


class Api:
    """The API of one server, with one key. Use it in `async with`.

    Args:
        url: of the server or of its GraphQL endpoint, http or https.
        key: an API key or an access token.

    Raises:
        ValueError: it is not a URL, or the key cannot be sent in a header.
    """

    def __init__(self, url: str, key: str) -> None:
        self.endpoint = endpoint(url)
        if not (key.isascii() and key.isprintable()):
            raise ValueError("the key holds characters that no key has; copy it again.")
        self.headers = {"authorization": f"Bearer {key}"}
        # A proxy from the environment cannot reach this machine itself.
        self.trust_env = not _is_loopback(self.endpoint)
        self._client = httpx.AsyncClient(headers=self.headers, timeout=TIMEOUT_SECONDS, trust_env=self.trust_env)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    def url(self, path: str) -> str:
        """The URL of another endpoint of the server."""
        return self.endpoint.removesuffix(_PATH) + path

    async def ask(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Run a query or a mutation and return its `data`.

        Raises:
            Refused: the server does not answer, or refuses.
        """
        content = _content(document, variables)
        try:
            response = await self._client.post(self.endpoint, content=content, headers=_headers("application/json"))
        except httpx.HTTPError as error:
            raise _unreachable(self.endpoint, error) from None
        return _data(self.endpoint, response.status_code, response.content)

    async def feed(self, webhook_id: str, **parameters: int) -> dict[str, Any]:
        """A page of a webhook's feed, with the parameters of GET /feed.

        Raises:
            Refused: nobody answers, or the answer is no.
        """
        url = self.url(f"/feed/{webhook_id}")
        timeout = TIMEOUT_SECONDS + parameters.get("wait", 0)
        try:
            response = await self._client.get(url, params=parameters, timeout=timeout)
        except httpx.HTTPError as error:
            raise _unreachable(url, error) from None
        return _page(url, response.status_code, response.content)

    async def change(self, document: str, input_: Mapping[str, Any]) -> dict[str, Any]:
        """Run a mutation with one field that takes `input`, and return that field's payload.

        Raises:
            Refused: as for `ask`, or for the payload's userErrors.
        """
        data = await self.ask(document, {"input": input_})
        payload: dict[str, Any] = next(iter(data.values()))
        if errors := payload["userErrors"]:
            raise Refused("\n".join(_user_error(error) for error in errors))
        return payload

    async def follow(
        self, document: str, variables: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The `data` of each message of a subscription, over server-sent events.

        Raises:
            Refused: as for `ask`.
        """
        request = self._client.build_request(
            "POST",
            self.endpoint,
            content=_content(document, variables),
            headers=_headers("text/event-stream"),
            timeout=httpx.Timeout(TIMEOUT_SECONDS, read=None),
        )
        try:
            response = await self._client.send(request, stream=True)
            try:
                if not response.headers.get("content-type", "").startswith("text/event-stream"):
                    yield _data(self.endpoint, response.status_code, await response.aread())
                    return
                async for kind, text in _server_sent_events(response.aiter_lines()):
                    if kind == "complete":
                        return
                    yield _data(self.endpoint, response.status_code, text.encode())
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            raise _unreachable(self.endpoint, error) from None


def endpoint(url: str) -> str:
    """The GraphQL endpoint of a server.

    Raises:
        ValueError: it is not an http or https URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f'"{url}" is no URL of a server; write one such as http://127.0.0.1:8000.')
    path = parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path if path.endswith(_PATH) else path + _PATH}"


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _content(document: str, variables: Mapping[str, Any] | None) -> bytes:
    return orjson.dumps({"query": document, "variables": variables or {}})


def _headers(accept: str) -> dict[str, str]:
    return {"content-type": "application/json", "accept": accept}


def _data(url: str, status: int, content: bytes) -> dict[str, Any]:
    try:
        result = orjson.loads(content)
        errors, data = result.get("errors"), result.get("data")
    except (ValueError, AttributeError):
        raise Refused(f"{url} answered {status} with something that is not GraphQL. Is it the right URL?") from None
    if errors:
        raise refused(url, errors)
    if not isinstance(data, dict):
        raise Refused(f"{url} answered {status} without data. Is it the right URL?")
    return data


def _page(url: str, status: int, content: bytes) -> dict[str, Any]:
    try:
        page = orjson.loads(content)
        errors = page.get("errors")
    except (ValueError, AttributeError):
        raise Refused(f"{url} answered {status} with something that is no feed. Is it the right URL?") from None
    if errors or "items" not in page:
        raise refused(url, errors or [{}])
    found: dict[str, Any] = page
    return found


def refused(url: str, errors: Sequence[Mapping[str, Any]]) -> Refused:
    """The refusal that the `errors` of an answer mean."""
    message = "\n".join(_error(url, error) for error in errors)
    extensions = errors[0].get("extensions", {})
    if extensions.get("code") in _LATER:
        return TryLater(message, extensions.get("retryAfterSeconds"))
    return Refused(message)


def _error(url: str, error: Mapping[str, Any]) -> str:
    message = str(error.get("message", "The server gave no reason."))
    if error.get("extensions", {}).get("code") == "UNAUTHENTICATED":
        return (
            f"{url} refused the key: {message} Give a key of that server with --key, EEV_WEBHOOKS_KEY or a profile."
            " `eev-webhooks key create` creates one; run it on the machine of that server, with its settings."
        )
    return message


def _user_error(error: Mapping[str, Any]) -> str:
    return f"{error['message']} ({'.'.join(error['path'])})" if error["path"] else str(error["message"])


def _unreachable(url: str, error: httpx.HTTPError) -> Lost:
    never = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
    return lost(url, str(error) or type(error).__name__, connected=not never)


def lost(url: str, reason: str, *, connected: bool) -> Lost:
    """The failure of a connection, during the request or before it."""
    if not connected:
        return Lost(
            f"No server answers at {url} ({reason})."
            " Start one with `eev-webhooks serve`, or name another with --url or EEV_WEBHOOKS_URL."
        )
    return Lost(f"The connection to {url} was lost before the answer ({reason}). What was asked may have been done.")


async def _server_sent_events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, str]]:
    """Events with their data (HTML standard, 9.2.6); skips comments, which keep the connection alive."""
    kind, data = "message", list[str]()
    async for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield kind, "\n".join(data)
            kind, data = "message", []
        elif name == "event":
            kind = value
        elif name == "data":
            data.append(value)
