"""Runs one execution for all followers of a workspace with the same document, variables and rights.

A follower starts with its own subscription, and gets the first message at once. It then joins an audience
(`graph.audience`), for which the subscription of the first follower continues. A message that covers exactly what a
follower lacks is sent unchanged. A follower at another position, because it joined late or was slow, catches up with a
separate subscription that ends at the audience's position. All followers see the same updates in the same order.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

from graphql import DocumentNode, FieldNode, VariableNode, Visitor, get_operation_ast, visit
from strawberry.types.execution import ExecutionResult

from app.access.caller import Caller
from app.access.narrowing import Narrowing
from app.database.errors import DatabaseUnavailable
from app.errors import AccessDenied
from app.statuses import Scope
from app.updates.cursor import format_cursor
from graph.audience import Audience, Message, Results, refusal
from graph.context import Context
from graph.stream_state import StreamState, Told

# What must be equal to share messages: workspace, rights, document, operation name, variables.
Key = tuple[str, Narrowing, frozenset[Scope], str, str | None, str]
Open = Callable[[Context], Awaitable[Results]]

# Event loops round their clocks to milliseconds.
_CLOCK_SECONDS = 0.002


def key_of(
    caller: Caller, document: DocumentNode, query: str, operation_name: str | None, variables: dict[str, Any] | None
) -> Key:
    """The key of an operation, without the variable that only sets the start position."""
    begins_by = _begins_by(document, operation_name)
    kept = {name: value for name, value in (variables or {}).items() if name != begins_by}
    return caller.workspace_id, caller.narrowing, caller.scopes, query, operation_name, json.dumps(kept, sort_keys=True)


def _begins_by(document: DocumentNode, operation_name: str | None) -> str | None:
    """The variable that is used only as the subscription's `after`."""
    operation = get_operation_ast(document, operation_name)
    fields = operation.selection_set.selections if operation else ()
    given = [
        argument.value.name.value
        for field in fields
        if isinstance(field, FieldNode)
        for argument in field.arguments or ()
        if argument.name.value == "after" and isinstance(argument.value, VariableNode)
    ]
    if len(given) != 1:
        return None
    uses = _Uses(given[0])
    visit(document, uses)
    return given[0] if uses.count == 2 else None  # its definition, and its use


class _Uses(Visitor):
    """Counts the uses of a variable."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.count = 0

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        """See `graphql.visit`."""
        self.count += node.name.value == self._name


class Sharing:
    """The audiences of one process."""

    def __init__(self) -> None:
        self._audiences: dict[Key, Audience] = {}

    async def follow(self, key: Key, context: Context, open_: Open) -> Results:
        """The results of a subscription, shared as soon as possible.

        Args:
            open_: starts the subscription in a context.
        """
        own = await open_(context)
        async with AsyncExitStack() as begun:
            begun.push_async_callback(own.aclose)
            async for result in own:
                yield result
                if told := context.stream.take():
                    break
            else:
                return
            async with self._member(key, context, own, told) as (audience, founded):
                if founded:
                    begun.pop_all()  # the audience continues it and closes it
                await begun.aclose()
                async with aclosing(_Follower(context, open_, audience, told).results()) as results:
                    async for result in results:
                        yield result

    @asynccontextmanager
    async def _member(
        self, key: Key, context: Context, own: Results, told: Told
    ) -> AsyncGenerator[tuple[Audience, bool], None]:
        """The audience, and whether it continues with `own`."""
        metrics = context.resources.metrics
        audience = self._audiences.get(key)
        founded = audience is None or audience.over
        if audience is None or audience.over:
            audience = self._audiences[key] = Audience(own, context.stream, told)
        metrics.told_along += not founded
        audience.members += 1
        try:
            yield audience, founded
        finally:
            audience.members -= 1
            if audience.members:
                metrics.told_along -= 1
            else:
                if self._audiences.get(key) is audience:
                    del self._audiences[key]
                await audience.close()


class _Follower:
    """A member of an audience, with its position."""

    def __init__(self, context: Context, open_: Open, audience: Audience, told: Told) -> None:
        self._context = context
        self._open = open_
        self._audience = audience
        self._clock = asyncio.get_running_loop().time
        self._pause_seconds = context.stream.pause_seconds
        self._position = told.end
        # The last message that it received; None while it is behind the audience.
        self._number = audience.latest.number if told.end >= audience.latest.told.end else None
        self._longest_pause = max(self._pause_seconds, context.stream.catch_up_seconds)
        self._due_at = told.at + self._pause_seconds - _CLOCK_SECONDS
        self._credentials = (context.token, context.source_address)
        self._ended = False

    async def results(self) -> Results:
        """The messages after the first one."""
        try:
            while not self._ended and (message := await self._next()) is not None:
                if self._fits(message):
                    if self._credentials not in message.admitted:
                        await self._admit(message)
                    self._stand_after(message)
                    yield self._told_to_this_one(message.result)
                else:
                    async with aclosing(self._catch_up(message)) as missed:
                        async for result in missed:
                            yield result
            if not self._ended and self._audience.last_words is not None:
                yield self._audience.last_words
        except (AccessDenied, DatabaseUnavailable) as error:
            yield self._told_to_this_one(refusal(error, self._audience.latest.result.extensions))

    def _told_to_this_one(self, result: ExecutionResult) -> ExecutionResult:
        """The shared result with what is left of the budget of this follower's own key."""
        cost = (result.extensions or {}).get("cost")
        if cost is None:
            return result
        return ExecutionResult(result.data, result.errors, self._context.cost_told(cost["requested"]))

    async def _next(self) -> Message | None:
        """The audience's latest message, once it has news and the interval has passed; None at the end."""
        while True:
            latest = self._audience.latest
            if not self._is_new(latest):
                if self._audience.over:
                    return None
                self._number = latest.number
                await self._audience.news()
            elif latest.told.at >= self._due_at or self._audience.over:
                return latest
            elif (seconds := self._due_at + self._longest_pause - self._clock()) > 0:
                # Together with the audience's next message, to be in step from then on.
                await self._audience.news(seconds)
            else:
                return latest

    def _is_new(self, message: Message) -> bool:
        return message.number != self._number and (message.told.gap or self._position < message.told.end)

    def _fits(self, message: Message) -> bool:
        """Whether a message covers exactly what this follower lacks."""
        if self._number is not None and message.number == self._number + 1 and message.told.gap:
            return True  # positions before and after a gap need not compare
        return message.start <= self._position < message.told.first

    def _stand_after(self, message: Message) -> None:
        in_step = message.told.at >= self._due_at
        self._due_at = 0.0 if in_step else self._clock() + self._longest_pause - _CLOCK_SECONDS
        self._position = message.told.end
        self._number = message.number

    async def _catch_up(self, message: Message) -> Results:
        """What this follower lacks up to the end of a message, by a separate subscription."""
        state = StreamState(after=format_cursor(self._position), until=message.told.end)
        own = await self._open(replace(self._context, stream=state))
        self._stand_after(message)
        async with aclosing(own):
            async for result in own:
                told = state.take()
                self._ended = told is None
                if told is not None:
                    self._position = told.end
                yield result

    async def _admit(self, message: Message) -> None:
        """Check the credentials for a message, once for all followers with the same credentials."""
        asked = message.asked.get(self._credentials)
        if asked is None:
            asked = message.asked[self._credentials] = asyncio.ensure_future(self._context.authenticate_again())
        if not asked.done():
            await asyncio.wait([asked])
        asked.result()
        message.admitted.add(self._credentials)
