"""The tool that says how far background work has come."""

from app.web.agents.asking import Asking, Refused
from app.web.agents.tool import Arguments, JsonObject, Tool, text

_SHOW = "query($id: ID!) { operation(id: $id) { id kindCode status matched done createdAt completedAt } }"


async def _show(asking: Asking, arguments: Arguments) -> JsonObject:
    operation = (await asking.data(_SHOW, {"id": arguments["id"]}))["operation"]
    if operation is None:
        raise Refused(f"No operation has the ID {arguments['id'][:64]!r}.")
    return {"operation": operation}


TOOLS = (
    Tool(
        name="show_operation",
        title="Show an operation",
        description="Shows how far a replay or retry in the background has come.",
        properties={"id": text("ID of the operation: op_….")},
        required=("id",),
        run=_show,
    ),
)
