"""Mutations of problems."""

import strawberry

from app.problems.acknowledge import acknowledge_problem
from graph.context import Info
from graph.finding import find_problem
from graph.inputs.problems import ProblemIdInput
from graph.mutations.payload import Input, Payload, mutation
from graph.types.problem import Problem


@strawberry.type(description="Payload of `acknowledgeProblem`.")
class AcknowledgeProblemPayload(Payload):
    problem: Problem | None = strawberry.field(default=None, description="The problem after the change.")


@strawberry.type
class ProblemMutations:
    @mutation(
        "Marks an open problem as acknowledged, so that others see that somebody looks into it. It stays so until a"
        " success resolves the problem. Needs MANAGE."
    )
    async def acknowledge_problem(self, info: Info, input: Input[ProblemIdInput]) -> AcknowledgeProblemPayload:
        await acknowledge_problem(info.context.resources, info.context.caller, input.id)
        return AcknowledgeProblemPayload(problem=await find_problem(info.context, input.id))
