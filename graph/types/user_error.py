"""An expected no, as data."""

import strawberry

from app.errors import Problem
from graph.enums import UserErrorCode


@strawberry.type(description="Why a mutation did nothing.")
class UserError:
    message: str = strawberry.field(description="A sentence: which value, why not, and what would be right.")
    path: list[str] = strawberry.field(
        description='Where in the input, e.g. ["url"] or ["events", "3", "data", "ticket", "id"].'
    )
    code: UserErrorCode = strawberry.field(description="What kind of no it is, for programs.")

    @classmethod
    def from_problem(cls, problem: Problem) -> "UserError":
        return cls(message=problem.message, path=list(problem.path), code=problem.code)
