"""One stream of events to POST /events of a server: lines go out while the answers to earlier ones come in.

It needs a client that does both at once, as aiohttp does; the rest of the command line uses httpx.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import aiohttp
import orjson

from app.cli.api import TIMEOUT_SECONDS, Api, Lost, lost, refused
from app.cli.failures import Refused

# An answer with everything that is wrong with an event of the largest size.
_MAX_ANSWER_BYTES = 16 * 1024 * 1024


async def answers(api: Api, body: AsyncIterator[bytes]) -> AsyncGenerator[dict[str, Any], None]:
    """The answers to a stream of lines, as they come. Close the generator to end the stream.

    Raises:
        Lost: the server cannot be reached, or the connection was lost.
        TryLater: the server ended the stream for now; the lines without an answer were not published, or may be sent
            again.
        Refused: it refuses, and would again.
    """
    url = api.url("/events")
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=TIMEOUT_SECONDS)
    headers = {**api.headers, "content-type": "application/x-ndjson"}
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=api.trust_env, read_bufsize=_MAX_ANSWER_BYTES) as session,
            session.post(url, data=body, headers=headers) as response,
        ):
            if response.status != 200:
                raise _refusal(url, response.status, await response.read())
            async for line in response.content:
                answer = orjson.loads(line)
                if "line" not in answer:
                    raise refused(url, answer["errors"])
                yield answer
    except aiohttp.ClientConnectorError as error:
        raise lost(url, str(error), connected=False) from None
    except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
        raise lost(url, str(error) or type(error).__name__, connected=True) from None


def _refusal(url: str, status: int, content: bytes) -> Refused:
    try:
        return refused(url, orjson.loads(content)["errors"])
    except (ValueError, KeyError, TypeError):
        if status >= 500:
            return Lost(f"{url} answered {status}.")
        return Refused(f"{url} answered {status} with something that is no answer to events. Is it the right URL?")
