"""Tools about webhooks: which there are, and why one is as it is."""

from app.web.agents.asking import Asking, Refused
from app.web.agents.tool import PAGE, SINCE, WEBHOOK_ID, Arguments, JsonObject, Tool, next_of, page_of, text, texts
from app.web.agents.tools.attempts import ATTEMPT, attempt
from app.web.agents.tools.deliveries import DELIVERY, delivery
from app.web.agents.tools.problems import PROBLEM, problem

_STATES = ["HEALTHY", "FAILING", "BREAKER_OPEN", "RATE_LIMITED", "PAUSED", "DISABLED", "IDLE"]

_LIST = """
query($filter: WebhookFilter, $first: Int, $after: String) {
  webhooks(filter: $filter, first: $first, after: $after) {
    nodes { id name url status eventTypes externalId health { state reason backlog failuresInARow } }
    pageInfo { hasNextPage endCursor }
  }
}
"""

_EXPLAIN = (
    """
query($id: ID!, $since: DateTime) {
  webhook(id: $id) {
    id name url status statusReason statusReasonCode statusChangedAt eventTypes filter timeoutSeconds
    rateLimitPerSecond maxInFlight
    health {
      state reason failuresInARow failingSince disablesAt nextProbeAt backlog oldestWaitingAt lastSuccessAt
      lastFailureAt lastFailure { ...A }
    }
    accounting(since: $since) { matched pending succeeded failed canceled missedWhileDisabled }
    stats(since: $since, buckets: 1) {
      since until attempts successRate latencyMs { p50 p99 } groups(by: OUTCOME) { key attempts }
    }
    deliveries(filter: {statuses: [FAILED, RETRYING]}, first: 3) { nodes { ...D } }
  }
  problems(filter: {webhookId: $id, statuses: [OPEN, ACKNOWLEDGED]}, first: 5) { nodes { ...P } }
}
"""
    + ATTEMPT
    + DELIVERY
    + PROBLEM
)


async def _list(asking: Asking, arguments: Arguments) -> JsonObject:
    filter_ = {name: arguments.get(name) for name in ("health", "search", "eventType")}
    found = (await asking.data(_LIST, {"filter": filter_, **page_of(arguments)}))["webhooks"]
    return {"webhooks": [_without_query(webhook) for webhook in found["nodes"]], "next": next_of(found)}


async def _explain(asking: Asking, arguments: Arguments) -> JsonObject:
    data = await asking.data(_EXPLAIN, {"id": arguments["id"], "since": arguments.get("since")})
    webhook = data["webhook"]
    if webhook is None:
        raise Refused(f"No webhook has the ID {arguments['id'][:64]!r}. `list_webhooks` lists those there are.")
    health = webhook.pop("health")
    last = health.pop("lastFailure")
    return {
        "state": health["state"],
        "reasonAndRemedy": health["reason"],
        "health": health,
        "lastFailure": last and attempt(last),
        "problems": [problem(one) for one in data["problems"]["nodes"]],
        "eventsByResult": webhook.pop("accounting"),
        "attempts": webhook.pop("stats"),
        "recentFailures": [delivery(one) for one in webhook.pop("deliveries")["nodes"]],
        "webhook": _without_query(webhook),
        "nextSteps": _next_steps(health["state"]),
    }


def _without_query(webhook: JsonObject) -> JsonObject:
    """The same without the query of its URL, which may hold a token that its caller may see and an agent need not."""
    return webhook | {"url": webhook["url"].partition("?")[0]}


def _next_steps(state: str) -> list[str]:
    if state in {"HEALTHY", "IDLE"}:
        return []
    steps = ["explain_delivery shows every attempt of one delivery."]
    if state in {"DISABLED", "PAUSED"}:
        steps.append("A person resumes the webhook, in the dashboard or by `resumeWebhook`; no tool here does.")
    return [*steps, "replay_missed counts what the webhook has not received since a time, and sends it again."]


TOOLS = (
    Tool(
        name="list_webhooks",
        title="List webhooks",
        description="Lists the webhooks of the workspace with their health: the state of each, and the reason. To find"
        " those that do not work, give health FAILING, BREAKER_OPEN, RATE_LIMITED and DISABLED.",
        properties={
            "health": texts("Only webhooks in one of these states.", enum=_STATES),
            "search": text("Only webhooks with this text in their name, URL or description."),
            "eventType": text("Only webhooks that receive this event type."),
            **PAGE,
        },
        run=_list,
    ),
    Tool(
        name="explain_webhook",
        title="Explain a webhook",
        description="Explains why a webhook works or fails: its state, the reason and the remedy, since when, when it"
        " will be disabled, the last failed attempt with the receiver's response, its events counted by result,"
        " outcomes of attempts, and its most recent failures.",
        properties={
            "id": WEBHOOK_ID,
            "since": SINCE
            | {"description": "Counts from this time on; by default all events, and attempts of 24 hours."},
        },
        required=("id",),
        run=_explain,
    ),
)
