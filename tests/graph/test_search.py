"""The log is searched: by outcome, status, tests, data, text and ids; the same filter follows, retries and cancels."""

from typing import Any

import pytest

from app.operations.run import run_due_operations
from graph import pagination
from tests.app.operations.desk import Desk
from tests.domain import Domain
from tests.graph.conftest import Api
from tests.graph.serving import served, socket
from tests.receiver import answer
from tests.world import World

LIST = """query($filter: DeliveryFilter, $first: Int, $after: String) {
  deliveries(filter: $filter, first: $first, after: $after) {
    nodes { id } searchedUntil totalCount { count exact } pageInfo { hasNextPage endCursor }
  }
}"""
EVENTS = """query($filter: EventFilter) {
  events(filter: $filter) { nodes { id } searchedUntil totalCount { count exact } }
}"""


async def three(domain: Domain) -> tuple[Desk, list[str], list[str]]:
    """Deliveries of three tickets, which are told apart by their data; their ids and those of their events."""
    desk = Desk(domain)
    await desk.webhook()
    events: list[str] = []
    for number, subject in enumerate(("Printer 100% broken", 'A "quoted" café', "lost_key of the ÉCOLE")):
        events += await desk.publish(id=f"tkt_{number}", subject=subject, number=number)
    rows = {row["event_id"]: row["id"] for row in await desk.deliveries()}
    return desk, [rows[event_id] for event_id in events], events


def data(path: str, equals: Any) -> dict[str, Any]:
    return {"data": [{"path": path, "equals": equals}]}


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        (data("ticket.id", "tkt_1"), [1]),
        (data("ticket.subject", 'A "quoted" café'), [1]),
        (data("ticket.number", 2), [2]),
        (data("ticket.number", 2.0), [2]),
        (data("ticket.number", "2"), []),
        (data("ticket.number", False), []),
        (data("ticket.nothing", ""), []),
        (data("ticket", "tkt_1"), []),
        ({"data": [{"path": "ticket.id", "equals": "tkt_1"}, {"path": "ticket.number", "equals": 2}]}, []),
        ({"data": []}, [2, 1, 0]),
        ({"search": "PRINTER"}, [0]),
        ({"search": "100%"}, [0]),
        ({"search": '"quoted"'}, [1]),
        ({"search": "t_k"}, [2]),
        ({"search": "CAFÉ"}, [1]),
        ({"search": "ÉCOLE"}, [2]),
        ({"search": "lost_key", "data": [{"path": "ticket.number", "equals": 0}]}, []),
    ],
)
async def test_deliveries_and_events_are_found_by_what_is_in_the_event(
    domain: Domain, api: Api, filter_: dict[str, Any], found: list[int]
) -> None:
    _, deliveries, events = await three(domain)

    of_deliveries = (await api.data(LIST, filter=filter_))["deliveries"]
    of_events = (await api.data(EVENTS, filter=filter_))["events"]

    assert [node["id"] for node in of_deliveries["nodes"]] == [deliveries[index] for index in found]
    assert [node["id"] for node in of_events["nodes"]] == [events[index] for index in found]
    for connection in (of_deliveries, of_events):
        assert connection["totalCount"] == {"count": len(found), "exact": True}
        assert connection["searchedUntil"] is None


async def test_a_search_for_an_id_finds_what_has_it(domain: Domain, api: Api) -> None:
    desk, deliveries, events = await three(domain)

    one = (await api.data(LIST, filter={"search": deliveries[1]}))["deliveries"]
    some = (await api.data(LIST, filter={"ids": [deliveries[0], deliveries[2], "dlv_nothing"]}))["deliveries"]
    of_event = (await api.data(EVENTS, filter={"search": events[2]}))["events"]
    of_its_event = (await api.data(LIST, filter={"search": events[2]}))["deliveries"]
    [webhook_id] = {row["webhook_id"] for row in await desk.deliveries()}
    of_its_webhook = (await api.data(LIST, filter={"search": webhook_id}))["deliveries"]

    assert [node["id"] for node in one["nodes"]] == [deliveries[1]]
    assert [node["id"] for node in some["nodes"]] == [deliveries[2], deliveries[0]]
    assert [node["id"] for node in of_event["nodes"]] == [events[2]]
    assert [node["id"] for node in of_its_event["nodes"]] == [deliveries[2]]
    assert [node["id"] for node in of_its_webhook["nodes"]] == deliveries[::-1]


@pytest.mark.parametrize(
    ("filter_", "words"),
    [
        (data("ticket..id", 1), "ticket..id"),
        (data("ticket.'); DROP", 1), "letters, digits"),
        (data("a." * 10 + "a", 1), "1 to 10 names"),
        (data("ticket.id", {"a": 1}), "an object or a list"),
        ({"data": [{"path": "a", "equals": 1}] * 11}, "at most 10"),
        ({"search": ""}, "0 characters"),
        ({"search": "a" * 501}, "501 characters"),
    ],
)
async def test_what_cannot_be_searched_is_an_error_that_says_what_can(
    api: Api, filter_: dict[str, Any], words: str
) -> None:
    for document in (LIST, EVENTS):
        error = await api.error(document, filter=filter_)

        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert words in error["message"]
    changed = await api.change("retryDeliveries", {"filter": filter_}, "matched userErrors { message path }")
    [user_error] = changed["userErrors"]
    assert words in user_error["message"]
    assert user_error["path"][:2] == ["filter", next(iter(filter_))]


async def test_deliveries_are_found_by_their_last_answer_and_whether_they_are_pings(world: World, live: Api) -> None:
    world.receiver.on("/bad", answer(503))
    await world.webhook("/good")
    await world.webhook("/bad", retry_delays_seconds=[])
    await world.webhook(url="http://127.0.0.1:2/", retry_delays_seconds=[])
    await world.publish()
    await world.until_status("SUCCEEDED", "FAILED", "FAILED")
    rows = {row["last_outcome"]: row["id"] for row in await world.deliveries()}
    good, bad, away = (rows[outcome] for outcome in ("SUCCEEDED", "HTTP_ERROR", "CONNECTION_ERROR"))

    for filter_, wanted in (
        ({"outcomes": ["HTTP_ERROR", "CONNECTION_ERROR"]}, {bad, away}),
        ({"outcomes": ["TIMEOUT"]}, set()),
        ({"outcomes": []}, set()),
        ({"responseStatus": {"from": 500, "to": 599}}, {bad}),
        ({"responseStatus": {"to": 299}}, {good}),
        ({"responseStatus": {"from": 200}}, {good, bad}),
        ({"includeTests": False}, {good, bad, away}),
    ):
        found = (await live.data(LIST, filter=filter_))["deliveries"]
        assert {node["id"] for node in found["nodes"]} == wanted, filter_
    await world.resources.database.execute("UPDATE delivery SET test = true WHERE id = $1", good)
    without_tests = (await live.data(LIST, filter={"includeTests": False}))["deliveries"]
    assert {node["id"] for node in without_tests["nodes"]} == {bad, away}


async def test_a_search_stops_somewhere_and_goes_on_from_there(
    domain: Domain, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(domain)
    await desk.webhook()
    for number in range(7):
        await desk.publish(id="tkt_wanted" if number in (0, 3) else "tkt_other")
    deliveries = [row["id"] for row in await desk.deliveries()]
    monkeypatch.setattr(pagination, "MAX_LOOKED", 3)
    wanted = data("ticket.id", "tkt_wanted")

    found: list[str] = []
    after, pages, untils = None, 0, []
    more = True
    while more:
        page = (await api.data(LIST, filter=wanted, first=2, after=after))["deliveries"]
        found += [node["id"] for node in page["nodes"]]
        more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]
        untils.append(page["searchedUntil"])
        pages += 1
    by_time: set[str] = set()
    until = None
    while True:
        page = (await api.data(LIST, filter={**wanted, "time": {"until": until}}))["deliveries"]
        by_time |= {node["id"] for node in page["nodes"]}
        if page["searchedUntil"] in (None, until):
            break
        until = page["searchedUntil"]

    assert found == [deliveries[3], deliveries[0]]
    assert pages == 3
    assert [until is None for until in untils] == [False, False, True]
    assert {deliveries[3], deliveries[0]} >= by_time >= {deliveries[3]}


async def test_the_lists_of_many_parents_share_what_a_search_looks_at(
    domain: Domain, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(domain)
    for _ in range(2):
        await desk.webhook()
    for number in range(4):
        await desk.publish(id=f"tkt_{number}")
    monkeypatch.setattr(pagination, "MAX_LOOKED", 6)
    monkeypatch.setattr(pagination, "MIN_LOOKED", 1)
    document = """
        query($filter: DeliveryFilter, $after: String) {
          webhooks { nodes { deliveries(filter: $filter, after: $after) {
            nodes { event { data } } searchedUntil totalCount { exact } pageInfo { endCursor hasNextPage }
          } } }
        }
    """

    first, second = (
        webhook["deliveries"]
        for webhook in (await api.data(document, filter=data("ticket.id", "tkt_0")))["webhooks"]["nodes"]
    )
    further = await api.data(document, filter=data("ticket.id", "tkt_0"), after=first["pageInfo"]["endCursor"])

    for stopped in (first, second):
        assert stopped["nodes"] == []  # the three newest of each are others
        assert stopped["searchedUntil"] is not None
        assert stopped["totalCount"]["exact"] is False
        assert stopped["pageInfo"]["hasNextPage"] is True
    found = [webhook["deliveries"]["nodes"] for webhook in further["webhooks"]["nodes"]]
    assert [node["event"]["data"]["ticket"]["id"] for nodes in found for node in nodes] == ["tkt_0"] * 2


async def test_a_count_stops_at_its_limit(domain: Domain, api: Api) -> None:
    await three(domain)
    document = "query($n: Int) { deliveries { totalCount(atMost: $n) { count exact } } }"

    counts = [(await api.data(document, n=limit))["deliveries"]["totalCount"] for limit in (2, 3, None)]
    error = await api.error(document, n=0)

    assert counts == [{"count": 2, "exact": False}, {"count": 3, "exact": True}, {"count": 3, "exact": True}]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_counts_are_of_the_parent_that_they_are_asked_of(domain: Domain, api: Api) -> None:
    _, _, events = await three(domain)
    document = "{ events { nodes { id deliveries { totalCount { count exact } } } } }"

    nodes = (await api.data(document))["events"]["nodes"]

    assert {node["id"]: node["deliveries"]["totalCount"]["count"] for node in nodes} == dict.fromkeys(events, 1)


@pytest.mark.parametrize("mutation", ["retryDeliveries", "cancelDeliveries"])
async def test_the_same_filter_says_what_is_retried_and_canceled(domain: Domain, api: Api, mutation: str) -> None:
    desk, deliveries, _ = await three(domain)
    await desk.become("RETRYING")
    asked = {"filter": {**data("ticket.number", 1), "ids": deliveries[:2]}}

    counted = await api.change(mutation, {**asked, "dryRun": True}, "matched userErrors { message }")
    begun = await api.change(mutation, asked, "matched operation { id } userErrors { message }")
    await run_due_operations(domain.resources, domain.resources.lease)

    changed = {row["id"] for row in await desk.deliveries() if row["status"] != "RETRYING"}
    assert counted == {"matched": 1, "userErrors": []}
    assert begun["matched"] == 1
    assert changed == {deliveries[1]}


async def test_the_same_filter_says_what_is_followed(world: World) -> None:
    await world.webhook()
    document = """subscription($filter: DeliveryFilter) {
      deliveryUpdates(filter: $filter) { updates { delivery { event { data } } } }
    }"""
    async with served(world.resources) as address, socket(address) as opened:
        await opened.introduce(world.key)
        await opened.subscribe(document, {"filter": data("ticket.id", "tkt_wanted")})
        await opened.next()
        for id_ in ("tkt_other", "tkt_wanted"):
            await world.publish(data={"ticket": {"id": id_, "subject": "s", "status": "open", "priority": "high"}})

        followed = (await opened.next())["deliveryUpdates"]["updates"]

    assert {update["delivery"]["event"]["data"]["ticket"]["id"] for update in followed} == {"tkt_wanted"}
