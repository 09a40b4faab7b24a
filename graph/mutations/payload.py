"""Turns expected refusals of the domain into `userErrors`."""

import functools
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Annotated, Any, TypeAlias, TypeVar

import strawberry

from app.database.errors import TransactionUndone
from app.encryption import NotDecrypted
from app.errors import Problem, Rejected, UserErrorCode
from graph.context import Info
from graph.types.user_error import UserError

InputType = TypeVar("InputType")
PayloadType = TypeVar("PayloadType", bound="Payload")

# How often a change is repeated that the database rolls back in favour of another one.
TRIES = 3

Input: TypeAlias = Annotated[InputType, strawberry.argument(description="Input of the mutation.")]


@strawberry.type
class Payload:
    user_errors: list[UserError] = strawberry.field(
        default_factory=list, description="Reasons the mutation was refused; empty if it succeeded."
    )


def mutation(description: str) -> Callable[[Callable[[Any, Info, InputType], Awaitable[PayloadType]]], Any]:
    """Create a field of Mutation from a resolver that returns its payload or raises.

    If the domain rejects the input, or something cannot be decrypted, the answer is a payload with only `userErrors`.
    Other errors pass on, except that a change whose transaction was rolled back is repeated.
    """

    def decorate(resolver: Callable[[Any, Info, InputType], Awaitable[PayloadType]]) -> Any:
        payload: type[PayloadType] = resolver.__annotations__["return"]

        async def told(self: Any, info: Info, input: InputType) -> PayloadType:
            try:
                return await resolver(self, info, input)
            except Rejected as rejection:
                return payload(user_errors=[UserError.from_problem(problem) for problem in rejection.problems])
            except NotDecrypted as error:
                problem = Problem(str(error), ("id",), UserErrorCode.CONFLICT)
                return payload(user_errors=[UserError.from_problem(problem)])

        @functools.wraps(resolver)
        async def answer(self: Any, info: Info, input: InputType) -> PayloadType:
            info.context.forget()  # an earlier mutation of the same request may have changed what was loaded
            for _ in range(TRIES - 1):
                with suppress(TransactionUndone):
                    return await told(self, info, input)
            return await told(self, info, input)

        return strawberry.mutation(answer, description=description)

    return decorate
