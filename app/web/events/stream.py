"""NDJSON over POST /events: lines are published as they arrive, and each is answered with a line, in their order.

The lines that have arrived share a commit. Nothing more is read while it is under way, while the key has no requests
left, or while the client does not read its answers: a stream of any length takes little memory. A line that is refused
concerns no other. What concerns all of them (the database, the credentials, the end of the server) ends the stream
with a line of `errors` without a number; the client sends the lines that have no answer again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from app.access.caller import Caller
from app.errors import AccessDenied, RateLimited, Rejected, Unavailable
from app.rates.limiter import Limiter
from app.resources import Resources
from app.web.event_streams import NDJSON
from app.web.events.lines import Line, Lines
from app.web.events.submitted import Submitted, drafts_of, of_line, receipt
from app.web.json_answers import REFUSALS, problems
from app.web.request_deadlines import MORE_TIME
from graph.credentials import credential
from graph.errors import BadUserInput, formatted
from graph.http import address_of, encode

Result = TypeVar("Result")

# How many lines share a commit at most.
MAX_LINES = 500
_HEADERS = [
    (b"content-type", NDJSON.encode()),
    (b"x-accel-buffering", b"no"),  # Nginx passes answers on one by one
]


class EventStream:
    """The response to a stream, which reads the request as it answers it.

    Args:
        cost: of publishing the lines of a commit.
    """

    def __init__(self, resources: Resources, request: Request, caller: Caller, cost: int) -> None:
        self._resources = resources
        self._credentials = credential(request), address_of(request)
        self._headers = request.headers
        self._caller = caller
        self._cost = cost
        self._seconds = resources.settings.request_body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        lines = Lines(receive, self._resources.settings.max_request_bytes)
        more_time = scope.get(MORE_TIME, lambda _: None)
        last = b""
        with self._resources.open_streams.held(*self._credentials) as denied:
            closing = asyncio.ensure_future(scope["app"].state.closing.wait())
            try:
                await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
                await _write(send, b"")  # so that the client sees at once that the stream is open
                await self._answer(lines, send, Waiting(denied, closing, more_time))
            except ClientDisconnect:
                return
            except REFUSALS as error:
                last = _line({"errors": [formatted(error)]})
            finally:
                closing.cancel()
        await _write(send, last, more=False)

    async def _answer(self, lines: Lines, send: Send, waiting: "Waiting") -> None:
        rates = self._resources.rates
        while (arrived := await waiting.for_lines(lines, self._seconds)) is not None:
            for first in range(0, len(arrived), MAX_LINES):
                if self._caller.api_key_id is not None:
                    await waiting.for_tokens(rates.requests, self._caller.api_key_id, 1)
                    await waiting.for_tokens(rates.cost, self._caller.api_key_id, self._cost)
                await _write(send, await self._publish(arrived[first : first + MAX_LINES]))

    async def _publish(self, lines: Sequence[Line]) -> bytes:
        """Publish the lines that can be, in one commit, and return the answer to each."""
        answers: dict[int, Mapping[str, object]] = {}
        submitted = dict[int, Submitted]()
        for line in lines:
            try:
                submitted[line.number] = of_line(line.text)
            except Rejected as error:
                answers[line.number] = {"line": line.number, "errors": problems(error)}
        while submitted:
            try:
                drafts = drafts_of(submitted.values(), self._headers)
                published = await self._resources.publisher.publish(self._caller, drafts, batch=True)
            except Rejected as error:
                # Nothing was published. The next try is without these lines.
                for number, refused in _refused(list(submitted), submitted, error).items():
                    answers[number] = {"line": number, "errors": problems(refused)}
                    del submitted[number]
            else:
                for number, event in zip(submitted, published.events, strict=True):
                    answers[number] = {"line": number, **receipt(event)}
                break
        return b"".join([_line(answers[line.number]) for line in lines])


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a stream waits for: each wait ends when the credentials do (`denied`), or the server (`closing`).

    `more_time` puts off the deadline of the body, in seconds from now.
    """

    denied: asyncio.Future[AccessDenied]
    closing: asyncio.Future[Any]
    more_time: Callable[[float], object]

    async def for_lines(self, lines: Lines, seconds: float) -> list[Line] | None:
        """The lines that arrive next.

        Raises:
            AccessDenied: the credentials are no longer valid.
            BadUserInput: no line ended within `seconds`, or one is too long.
            ClientDisconnect: the client has gone.
            Unavailable: the server closes.
        """
        return await self._first(lines.arrived(), seconds, f"No line of the stream ended within {seconds:g} s.")

    async def for_tokens(self, limiter: Limiter, key_id: str, amount: int) -> None:
        """Take tokens of a key, once they are there.

        Raises:
            AccessDenied: the credentials are no longer valid.
            Unavailable: the server closes.
        """
        while True:
            try:
                limiter.take(key_id, amount)
            except RateLimited as error:
                pause = error.retry_after_seconds
                await self._first(asyncio.sleep(pause), 2 * pause + 1, "The rate of the key leaves no request.")
            else:
                return

    async def _first(self, work: Awaitable[Result], seconds: float, too_late: str) -> Result:
        # Longer than this wait and the next commit: only a client that does not read its answers comes so far.
        self.more_time(2 * seconds + 60)
        task = asyncio.ensure_future(work)
        try:
            waiting: list[asyncio.Future[Any]] = [task, self.denied, self.closing]
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if self.denied.done():
                raise self.denied.result()
            if self.closing.done():
                raise Unavailable("The server closes. Send the lines that have no answer again.")
            if not task.done():
                raise BadUserInput(too_late)
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait([task])


def _refused(numbers: Sequence[int], submitted: Mapping[int, Submitted], error: Rejected) -> dict[int, Rejected]:
    """What is wrong with each refused line, by its number."""
    found: dict[int, list[Any]] = {}
    for problem in error.problems:
        _, index, *rest = problem.path  # a batch's problems begin with "events" and the index
        number = numbers[int(index)]
        own = submitted[number].own(replace(problem, path=tuple(rest)))
        found.setdefault(number, []).append(own)
    return {number: Rejected(own) for number, own in found.items()}


def _line(content: Mapping[str, object]) -> bytes:
    return encode(content) + b"\n"


async def _write(send: Send, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})
