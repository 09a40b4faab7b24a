"""Inputs about problems."""

import strawberry

from graph.enums import ProblemStatus
from graph.inputs.filters import ANY


@strawberry.input(description="Conditions on problems. A problem must meet all conditions that are given.")
class ProblemFilter:
    webhook_id: strawberry.ID | None = strawberry.field(description="Matches problems of this webhook.", default=None)
    statuses: list[ProblemStatus] | None = strawberry.field(
        description=f"Matches problems with one of these statuses. {ANY}", default=None
    )


@strawberry.input(description="Identifies a problem.")
class ProblemIdInput:
    id: strawberry.ID = strawberry.field(description="ID of the problem.")
