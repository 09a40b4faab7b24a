"""Expected refusals, as data."""

import strawberry

from app.errors import Problem
from graph.enums import UserErrorCode


@strawberry.type(description="A reason the mutation was refused.")
class UserError:
    message: str = strawberry.field(
        description="A sentence that names the value, what is wrong with it and what would be accepted."
    )
    path: list[str] = strawberry.field(
        description='Path of the value within the input, e.g. ["url"] or ["events", "3", "data", "ticket", "id"].'
    )
    code: UserErrorCode = strawberry.field(description="Kind of error, which a program can check.")

    @classmethod
    def from_problem(cls, problem: Problem) -> "UserError":
        return cls(message=problem.message, path=list(problem.path), code=problem.code)
