"""The tool about problems: failures of one webhook with one cause."""

from app.web.agents.asking import Asking
from app.web.agents.tool import PAGE, WEBHOOK_ID, Arguments, JsonObject, Tool, next_of, page_of, texts
from app.web.agents.tools.attempts import ATTEMPT, attempt

_STATUSES = ["OPEN", "ACKNOWLEDGED", "RESOLVED"]

PROBLEM = """
fragment P on Problem {
  id cause outcome responseStatus status failures openedAt lastSeenAt resolvedAt
  affected { count exact } webhook { id name } example { ...A }
}
"""

_LIST = (
    """
query($filter: ProblemFilter, $first: Int, $after: String) {
  problems(filter: $filter, first: $first, after: $after) {
    nodes { ...P }
    pageInfo { hasNextPage endCursor }
  }
}
"""
    + PROBLEM
    + ATTEMPT
)


def problem(found: JsonObject) -> JsonObject:
    """A problem, with what the receiver wrote in its example marked."""
    return found | {"example": found["example"] and attempt(found["example"])}


async def _list(asking: Asking, arguments: Arguments) -> JsonObject:
    filter_ = {
        "webhookId": arguments.get("webhookId"),
        "statuses": arguments.get("statuses", ["OPEN", "ACKNOWLEDGED"]),
    }
    found = (await asking.data(_LIST, {"filter": filter_, **page_of(arguments)}))["problems"]
    return {"problems": [problem(one) for one in found["nodes"]], "next": next_of(found)}


TOOLS = (
    Tool(
        name="list_problems",
        title="List problems",
        description="Lists problems: failures of one webhook with one cause, as one entry each, with the cause, how"
        " many deliveries it affects, since when, and an attempt as an example.",
        properties={
            "webhookId": WEBHOOK_ID,
            "statuses": texts("Only problems with one of these statuses; all but RESOLVED if omitted.", enum=_STATUSES),
            **PAGE,
        },
        run=_list,
    ),
)
