"""The one tool that sends: what a webhook has not received, again, after a dry run that counts it."""

from datetime import timedelta
from typing import Any

from app.clock import rfc3339
from app.statuses import Scope
from app.web.agents.asking import Asking, Refused
from app.web.agents.tool import SINCE, UNTIL, WEBHOOK_ID, Arguments, JsonObject, Tool, texts

_COUNT = """
mutation($webhookId: ID!, $time: TimeRange!, $eventTypes: [String!]) {
  missed: replayEvents(input: {webhookId: $webhookId, time: $time, eventTypes: $eventTypes, dryRun: true}) {
    matched userErrors { message }
  }
  failed: retryDeliveries(
    input: {filter: {webhookId: $webhookId, time: $time, eventTypes: $eventTypes, statuses: [FAILED]}, dryRun: true}
  ) { matched userErrors { message } }
}
"""
_OPERATION = "operation { id status matched done } userErrors { message }"
_REPLAY = f"""
mutation($webhookId: ID!, $time: TimeRange!, $eventTypes: [String!]) {{
  replayEvents(input: {{webhookId: $webhookId, time: $time, eventTypes: $eventTypes}}) {{ {_OPERATION} }}
}}
"""
_RETRY = f"""
mutation($webhookId: ID!, $time: TimeRange!, $eventTypes: [String!]) {{
  retryDeliveries(
    input: {{filter: {{webhookId: $webhookId, time: $time, eventTypes: $eventTypes, statuses: [FAILED]}}}}
  ) {{ {_OPERATION} }}
}}
"""


async def _replay(asking: Asking, arguments: Arguments) -> JsonObject:
    until = arguments.get("until") or rfc3339(asking.now() + timedelta(milliseconds=1))
    asked: dict[str, Any] = {
        "webhookId": arguments["webhookId"],
        "time": {"since": arguments["since"], "until": until},
        "eventTypes": arguments.get("eventTypes"),
    }
    counted = await asking.data(_COUNT, asked)
    missed, failed = counted["missed"]["matched"], counted["failed"]["matched"]
    told: JsonObject = {"neverSent": missed, "failed": failed, "matched": missed + failed}
    if arguments.get("dryRun", True):
        return _counted(told, arguments, until)
    if arguments.get("expected") != missed + failed:
        raise Refused(
            f"{missed + failed} events match, but `expected` is {arguments.get('expected')}. Run it with dryRun first,"
            " and pass its `matched` as `expected`, so that as much is sent as was counted."
        )
    operations = []
    if missed:
        operations.append((await asking.data(_REPLAY, asked))["replayEvents"]["operation"])
    if failed:
        operations.append((await asking.data(_RETRY, asked))["retryDeliveries"]["operation"])
    return {**told, "operations": operations, "followUp": "show_operation tells how far each has come."}


def _counted(told: JsonObject, arguments: Arguments, until: str) -> JsonObject:
    """The result of a dry run, with the call that would do it."""
    if not told["matched"]:
        return {**told, "nothingToDo": "The webhook has received everything in that time, or still is being sent it."}
    call = {name: value for name, value in arguments.items() if name != "dryRun"}
    return {
        **told,
        "toSend": {
            "tool": "replay_missed",
            "arguments": {**call, "until": until, "dryRun": False, "expected": told["matched"]},
        },
    }


TOOLS = (
    Tool(
        name="replay_missed",
        title="Replay what a webhook missed",
        description="Sends a webhook what it has not received since a time: events that were never sent to it, and"
        " deliveries that failed for good. By default it only counts them (dryRun). To send, ask the person, then"
        " call it again with the arguments in `toSend`. Deliveries that are still being retried are left alone, and"
        " what succeeded is not repeated.",
        properties={
            "webhookId": WEBHOOK_ID,
            "since": SINCE,
            "until": UNTIL,
            "eventTypes": texts("Only these event types: names or patterns."),
            "dryRun": {"type": "boolean", "default": True, "description": "Whether to count only."},
            "expected": {"type": "integer", "description": "`matched` of the dry run; required if dryRun is false."},
        },
        required=("webhookId", "since"),
        scope=Scope.MANAGE,
        run=_replay,
    ),
)
