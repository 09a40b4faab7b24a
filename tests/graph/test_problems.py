"""Problems over the API: listed by status and webhook, shown with what they affect, acknowledged, retried."""

from typing import Any

from app.problems.affected import MAX_AFFECTED
from app.statuses import Scope
from tests.app.operations.desk import Desk
from tests.domain import Domain
from tests.graph.conftest import Api
from tests.graph.serving import served, socket, until_followed
from tests.receiver import answer
from tests.world import World

ERRORS = "userErrors { path code message }"
RETRIED = f"matched operation {{ id }} {ERRORS}"
PROBLEM = """
query($id: ID!) {
  problem(id: $id) {
    id cause outcome responseStatus status failures openedAt lastSeenAt resolvedAt
    webhook { id } affected { count exact } example { id outcome delivery { id } }
    deliveries(first: 5) { nodes { id status } totalCount { count } }
  }
  node(id: $id) { __typename id }
}
"""
LIST = "query($filter: ProblemFilter) { problems(filter: $filter) { nodes { id } edges { node { id } } } }"


async def listed(api: Api, **filter_: Any) -> list[str]:
    problems = (await api.data(LIST, filter=filter_))["problems"]
    assert [edge["node"] for edge in problems["edges"]] == problems["nodes"]
    return [node["id"] for node in problems["nodes"]]


async def test_a_problem_shows_what_fails_why_and_an_example(world: World, live: Api) -> None:
    world.receiver.on("/", answer(503))
    webhook = await world.webhook(retry_delays_seconds=[])
    await world.publish()
    await world.publish()
    deliveries = await world.until_status("FAILED", "FAILED")
    [problem_id] = await listed(live)

    shown = await live.data(PROBLEM, id=problem_id)
    problem = shown["problem"]

    assert problem["cause"] == "The receiver answered 503 Service Unavailable."
    assert (problem["outcome"], problem["responseStatus"], problem["status"]) == ("HTTP_ERROR", 503, "OPEN")
    assert (problem["failures"], problem["resolvedAt"], problem["webhook"]) == (2, None, {"id": webhook.id})
    assert problem["openedAt"] <= problem["lastSeenAt"]
    assert problem["affected"] == {"count": 2, "exact": True}
    assert problem["deliveries"]["totalCount"] == {"count": 2}
    assert [node["id"] for node in problem["deliveries"]["nodes"]] == [row["id"] for row in deliveries[::-1]]
    assert problem["example"]["delivery"]["id"] in {row["id"] for row in deliveries}
    assert shown["node"] == {"__typename": "Problem", "id": problem_id}


async def test_all_that_a_problem_affects_is_retried_instead_of_a_filter(world: World, live: Api) -> None:
    world.receiver.on("/", answer(500))
    await world.webhook(retry_delays_seconds=[])
    await world.publish()
    await world.publish()
    await world.until_status("FAILED", "FAILED")
    [problem_id] = await listed(live)
    world.receiver.on("/", answer(200))

    counted = await live.change("retryDeliveries", {"problemId": problem_id, "dryRun": True}, RETRIED)
    begun = await live.change("retryDeliveries", {"problemId": problem_id}, RETRIED)
    await world.until_status("SUCCEEDED", "SUCCEEDED")
    problem = (await live.data(PROBLEM, id=problem_id))["problem"]

    assert (counted["matched"], counted["operation"]) == (2, None)
    assert (begun["matched"], begun["userErrors"]) == (2, [])
    assert (problem["status"], problem["affected"]["count"]) == ("RESOLVED", 0)
    assert problem["resolvedAt"] >= problem["lastSeenAt"]


async def test_a_disabled_webhook_is_resumed_before_all_of_a_problem_is_retried(world: World, live: Api) -> None:
    world.receiver.on("/", answer(410))
    webhook = await world.webhook()
    await world.publish()
    await world.until_status("FAILED")
    [problem_id] = await listed(live)

    refused = await live.change("retryDeliveries", {"problemId": problem_id}, RETRIED)

    assert refused["operation"] is None
    assert refused["userErrors"] == [
        {
            "path": ["problemId"],
            "code": "CONFLICT",
            "message": f"The webhook {webhook.id} is DISABLED, so nothing is sent to it. Once its receiver works,"
            " resume the webhook (resumeWebhook, or on the dashboard), then try again.",
        }
    ]


async def test_problems_are_listed_by_webhook_and_status(domain: Domain, api: Api) -> None:
    desk = Desk(domain)
    first, second = await desk.webhook(), await desk.webhook()
    open_ = await desk.problem(first)
    resolved = await desk.problem(first, key="other", status="RESOLVED")
    acknowledged = await desk.problem(second, status="ACKNOWLEDGED")

    assert await listed(api) == [acknowledged, resolved, open_]
    assert await listed(api, webhookId=first) == [resolved, open_]
    assert await listed(api, statuses=["OPEN", "ACKNOWLEDGED"]) == [acknowledged, open_]
    assert await listed(api, webhookId=first, statuses=["OPEN"]) == [open_]
    assert await listed(api, statuses=[]) == []
    assert await listed(api, webhookId="wh_nobody") == []


async def test_a_problem_is_acknowledged_once_and_followers_are_told(world: World, live: Api) -> None:
    world.receiver.on("/", answer(500))
    webhook = await world.webhook()
    await world.publish()
    await world.until_status("RETRYING")
    [problem_id] = await listed(live)

    async with served(world.resources) as address, socket(address) as opened:
        await opened.introduce(world.key)
        await opened.subscribe("subscription { webhookUpdates { id } }")
        await until_followed(world.resources)
        first = await live.change("acknowledgeProblem", {"id": problem_id}, f"problem {{ id status }} {ERRORS}")
        told = (await opened.next())["webhookUpdates"]
    second = await live.change("acknowledgeProblem", {"id": problem_id}, f"problem {{ id status }} {ERRORS}")
    changes = '{ auditLog(filter: {actions: "problem.acknowledged"}) { nodes { subjectId changes } } }'
    entries = await live.data(changes)

    assert first == second == {"problem": {"id": problem_id, "status": "ACKNOWLEDGED"}, "userErrors": []}
    assert told == {"id": webhook.id}
    assert entries["auditLog"]["nodes"] == [{"subjectId": problem_id, "changes": {"status": ["OPEN", "ACKNOWLEDGED"]}}]


async def test_a_resolved_problem_cannot_be_acknowledged(domain: Domain, api: Api) -> None:
    desk = Desk(domain)
    problem_id = await desk.problem(await desk.webhook(), status="RESOLVED")

    refused = await api.change("acknowledgeProblem", {"id": problem_id}, f"problem {{ id }} {ERRORS}")

    assert refused["problem"] is None
    assert [error["code"] for error in refused["userErrors"]] == ["CONFLICT"]


async def test_a_key_that_only_changes_sees_the_problem_it_acknowledges_and_nothing_it_leads_to(
    domain: Domain, api: Api
) -> None:
    desk = Desk(domain)
    problem_id = await desk.problem(await desk.webhook())
    changing = await api.with_key(domain.caller, Scope.MANAGE)
    reading = await api.with_key(domain.caller, Scope.READ)
    document = "mutation($input: ProblemIdInput!) { acknowledgeProblem(input: $input) { problem { id %s } } }"

    refused = await reading.error(document % "", input={"id": problem_id})
    too_far = [
        await changing.error(document % f"{field} {{ __typename }}", input={"id": problem_id})
        for field in ("example", "deliveries")
    ]
    done = await changing.data(document % "status webhook { id }", input={"id": problem_id})

    assert [error["extensions"]["code"] for error in (refused, *too_far)] == ["FORBIDDEN"] * 3
    assert done["acknowledgeProblem"]["problem"]["status"] == "ACKNOWLEDGED"


async def test_a_token_for_other_event_types_sees_the_problem_without_deliveries_and_cannot_acknowledge_it(
    domain: Domain, api: Api
) -> None:
    desk = Desk(domain)
    webhook_id = await desk.webhook()
    await desk.publish()
    await desk.become("FAILED")
    problem_id = await desk.problem(webhook_id)
    made = await api.change("createAccessToken", {"scopes": ["READ", "MANAGE"], "eventTypes": ["agent.*"]}, "token")
    token = Api(api.resources, api.http, made["token"])

    problem = (await token.data(PROBLEM, id=problem_id))["problem"]
    refused = await token.change("acknowledgeProblem", {"id": problem_id}, f"problem {{ id }} {ERRORS}")

    assert (problem["affected"]["count"], problem["deliveries"]["nodes"], problem["example"]) == (0, [], None)
    assert [error["code"] for error in refused["userErrors"]] == ["CONFLICT"]


async def test_affected_deliveries_are_counted_up_to_a_limit(domain: Domain, api: Api) -> None:
    desk = Desk(domain)
    webhook_id = await desk.webhook()
    await desk.publish()
    problem_id = await desk.problem(webhook_id)
    [delivery] = await desk.deliveries()
    few = (await api.data(PROBLEM, id=problem_id))["problem"]["affected"]
    await _copy(domain, delivery["id"], MAX_AFFECTED)

    many = (await api.data(PROBLEM, id=problem_id))["problem"]["affected"]

    assert few == {"count": 1, "exact": True}
    assert many == {"count": MAX_AFFECTED, "exact": False}


async def _copy(domain: Domain, delivery_id: str, times: int) -> None:
    """Copies of a delivery, as plain rows for events that are not there."""
    columns = "workspace_id, webhook_id, event_type, test, status, trigger, created_at, problem_key"
    numbers = "WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < $2)"
    await domain.resources.database.execute(
        f"{numbers} INSERT INTO delivery (id, event_id, attempt_count, retries_used, {columns})"
        f" SELECT 'dlv_' || counted.n, 'evt_' || counted.n, 1, 0, {columns} FROM delivery CROSS JOIN counted"
        " WHERE id = $1",
        delivery_id,
        times,
    )
