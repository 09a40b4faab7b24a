"""Statistics over the API: of the workspace, of one webhook, and live."""

import pytest

from app.database.database import Statements
from app.stats import in_time
from app.stats.counts import Part, Subjects, count_parts
from app.stats.window import Window
from tests.app.stats.test_in_time import SlowFor
from tests.graph.conftest import Api
from tests.graph.serving import served, socket
from tests.world import World

STATS = """
since until deliveries succeeded failed pending attempts successRate latencyMs { p50 p95 p99 }
series { since succeeded failed attempts p95LatencyMs }
"""


async def test_deliveries_are_counted_for_the_workspace_and_for_each_webhook(world: World, live: Api) -> None:
    good = await world.webhook("/good")
    await world.webhook(url="http://127.0.0.1:2/", retry_delays_seconds=[])
    await world.publish()
    await world.until_status("SUCCEEDED", "FAILED")
    document = f"""query($id: ID!) {{
      all: stats {{ {STATS} }}
      one: stats(webhookId: $id, buckets: 1) {{ {STATS} }}
      webhook(id: $id) {{ stats(buckets: 1) {{ {STATS} }} }}
    }}"""

    data = await live.data(document, id=good.id)

    everything = data["all"]
    assert (everything["deliveries"], everything["succeeded"], everything["failed"]) == (2, 1, 1)
    assert (everything["attempts"], everything["pending"], everything["successRate"]) == (2, 0, 0.5)
    assert len(everything["series"]) == 24
    assert everything["latencyMs"]["p50"] <= everything["latencyMs"]["p99"]
    assert (data["one"]["deliveries"], data["one"]["successRate"], len(data["one"]["series"])) == (1, 1.0, 1)
    assert data["webhook"]["stats"]["deliveries"] == 1


async def test_one_request_has_all_charts_of_a_screen(world: World, live: Api) -> None:
    good = await world.webhook("/good")
    bad = await world.webhook(url="http://127.0.0.1:2/", retry_delays_seconds=[])
    await world.publish()
    await world.until_status("SUCCEEDED", "FAILED")
    group = "key deliveries succeeded failed attempts latencyMs { p50 p95 p99 }"
    document = f"""{{ stats {{
      series {{ since latencyMs {{ p50 p95 p99 }} }} withinMs(ms: 60000)
      types: groups(by: EVENT_TYPE) {{ {group} }} outcomes: groups(by: OUTCOME, first: 1) {{ {group} }}
      classes: groups(by: STATUS_CLASS) {{ {group} }} webhooks: groups(by: WEBHOOK) {{ {group} }}
    }} }}"""

    stats = (await live.data(document))["stats"]
    error = await live.error("{ stats { groups(by: WEBHOOK, first: 0) { key } } }")
    negative = await live.error("{ stats { withinMs(ms: -1) } }")

    assert stats["withinMs"] == 1
    assert [(one["key"], one["deliveries"], one["failed"]) for one in stats["types"]] == [("ticket.created", 2, 1)]
    assert [one["key"] for one in stats["outcomes"]] == ["CONNECTION_ERROR"]
    assert {one["key"] for one in stats["classes"]} == {"2xx", "NONE"}
    assert {one["key"]: one["succeeded"] for one in stats["webhooks"]} == {good.id: 1, bad.id: 0}
    assert all(one["latencyMs"]["p50"] > 0 for one in stats["webhooks"])
    assert "between 1 and 100" in error["message"]
    assert "0 or more" in negative["message"]


@pytest.mark.parametrize(
    ("selected", "attempts"),
    [
        ("deliveries series { succeeded failed }", False),
        ("deliveries attempts", True),
        ("series { ... on DeliveryStatsBucket { p95LatencyMs } }", True),
        ("median: latencyMs { p50 }", True),
        ("...Part } } } } fragment Part on DeliveryStats { ... { series { latencyMs { p99", True),
    ],
)
async def test_attempts_are_counted_for_a_page_only_if_they_are_asked_for(
    world: World, live: Api, monkeypatch: pytest.MonkeyPatch, selected: str, attempts: bool
) -> None:
    await world.webhook()
    asked = list[bool]()

    async def noted(database: Statements, subjects: Subjects, window: Window) -> list[list[Part]]:
        asked.append(subjects.attempts)
        return await count_parts(database, subjects, window)

    monkeypatch.setattr(in_time, "count_parts", noted)
    await live.data(f"{{ webhooks {{ nodes {{ stats {{ {selected} }} }} }} }}")

    assert asked == [attempts]


async def test_a_webhook_that_takes_too_long_does_not_null_the_page(
    world: World, live: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = await world.webhook("/slow"), await world.webhook("/quick")
    await world.publish()
    await world.until_status("SUCCEEDED", "SUCCEEDED")
    monkeypatch.setattr(in_time, "count_parts", SlowFor(slow.id))

    data = await live.data("{ webhooks { nodes { id name stats { complete deliveries succeeded successRate } } } }")

    of_webhook = {node["id"]: node["stats"] for node in data["webhooks"]["nodes"]}
    assert of_webhook[quick.id] == {"complete": True, "deliveries": 1, "succeeded": 1, "successRate": 1.0}
    assert of_webhook[slow.id] == {"complete": False, "deliveries": 0, "succeeded": 0, "successRate": None}


async def test_what_cannot_be_measured_is_said_with_what_could(live: Api, world: World) -> None:
    unknown = await live.error('{ stats(webhookId: "wh_nothing") { deliveries } }')
    backwards = await live.error(
        '{ stats(since: "2026-01-02T00:00:00Z", until: "2026-01-01T00:00:00Z") { deliveries } }'
    )
    buckets = await live.error("{ stats(buckets: 201) { deliveries } }")

    assert "wh_nothing" in unknown["message"]
    assert "later than since" in backwards["message"]
    assert "1 to 200" in buckets["message"]
    assert {error["extensions"]["code"] for error in (unknown, backwards, buckets)} == {"BAD_USER_INPUT"}


async def test_statistics_are_measured_live(world: World) -> None:
    document = f"subscription {{ deliveryStats(windowSeconds: 30) {{ {STATS} }} }}"
    await world.webhook()
    async with served(world.resources) as address, socket(address) as opened:
        await opened.introduce(world.key)
        await opened.subscribe(document)
        first = (await opened.next())["deliveryStats"]
        await world.publish()
        await world.until_status("SUCCEEDED")
        while (later := (await opened.next())["deliveryStats"])["attempts"] == 0:
            pass

    assert (first["deliveries"], first["attempts"], len(first["series"])) == (0, 0, 30)
    assert (later["deliveries"], later["succeeded"]) == (1, 1)


@pytest.mark.parametrize(
    "arguments",
    ["everySeconds: 0", "everySeconds: 3601", "windowSeconds: 0", "windowSeconds: 3601", 'webhookId: "wh_1"'],
)
async def test_live_statistics_that_cannot_be_measured_are_an_error(world: World, arguments: str) -> None:
    async with served(world.resources) as address, socket(address) as opened:
        await opened.introduce(world.key)
        await opened.subscribe(f"subscription {{ deliveryStats({arguments}) {{ deliveries }} }}")
        error = await opened.receive()

    assert error["type"] == "error"
    assert error["payload"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
