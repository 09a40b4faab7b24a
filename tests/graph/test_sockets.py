"""graphql-transport-ws on a real server: authentication, refusals, and how subscriptions run and end."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.access.known_keys import KEPT
from app.statuses import Scope
from tests.domain import Domain
from tests.graph.conftest import Api, a_key, on_sqlite_only
from tests.graph.serving import Socket, served, socket, stream, until_followed
from tests.world import open_world

WATCH = "subscription { webhookUpdates { id name status } }"
DRAFT = {"name": "Desk", "url": "http://127.0.0.1:2/", "eventTypes": ["*"]}


@pytest.fixture
async def address(api: Api) -> AsyncIterator[str]:
    async with served(api.resources) as address:
        yield address


@pytest.fixture
async def admitted(address: str, api: Api) -> AsyncIterator[Socket]:
    async with socket(address) as opened:
        await opened.introduce(api.key)
        yield opened


@on_sqlite_only
@pytest.mark.parametrize("payload", [None, {}, {"Authorization": ""}, {"Authorization": None}, {"token": "eev_x"}])
async def test_a_socket_without_a_key_is_closed_with_4401(address: str, payload: Any) -> None:
    async with socket(address) as opened:
        await opened.send({"type": "connection_init", "payload": payload})

        assert (await opened.closed())[0] == 4401


@on_sqlite_only
async def test_connection_init_may_come_without_any_payload(address: str) -> None:
    async with socket(address) as opened:
        await opened.send({"type": "connection_init"})

        assert (await opened.closed())[0] == 4401


@on_sqlite_only
@pytest.mark.parametrize(
    "given", ["Bearer eev_wrong", "eev_wrong", "Basic YTpi", 5, ["Bearer"], {}, "Bearer " + "x" * 2000]
)
@pytest.mark.parametrize("field", ["Authorization", "authorization"])
async def test_a_socket_with_a_wrong_key_is_closed_with_4403(address: str, field: str, given: Any) -> None:
    async with socket(address) as opened:
        await opened.send({"type": "connection_init", "payload": {field: given}})

        assert (await opened.closed())[0] == 4403


@on_sqlite_only
async def test_an_operation_before_connection_init_is_closed_with_4401(address: str) -> None:
    async with socket(address) as opened:
        await opened.subscribe(WATCH)

        assert (await opened.closed())[0] == 4401


@on_sqlite_only
async def test_a_second_connection_init_is_closed_with_4429(admitted: Socket) -> None:
    await admitted.send({"type": "connection_init"})

    assert (await admitted.closed())[0] == 4429


@on_sqlite_only
async def test_a_protocol_that_is_not_spoken_is_closed_with_4406(address: str) -> None:
    async with socket(address, protocol="graphql-ws") as opened:
        assert (await opened.closed())[0] == 4406


@on_sqlite_only
async def test_a_page_of_another_site_cannot_open_a_socket(address: str) -> None:
    with pytest.raises(Exception, match="403"):
        async with socket(address, origin="https://evil.example"):
            pass


@on_sqlite_only
@pytest.mark.parametrize(
    "message",
    [
        "no json",
        b"\x00",
        "[]",
        "5",
        "{}",
        {"type": 5},
        {"type": "nonsense"},
        {"type": "subscribe"},
        {"type": "subscribe", "id": 5, "payload": {"query": "{ a }"}},
        {"type": "subscribe", "id": {}, "payload": {"query": "{ a }"}},
        {"type": "subscribe", "id": "", "payload": {"query": "{ a }"}},
        {"type": "subscribe", "id": "1", "payload": None},
        {"type": "subscribe", "id": "1", "payload": []},
        {"type": "subscribe", "id": "1", "payload": {"query": 5}},
        {"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": []}},
        {"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "operationName": {}}},
        {"type": "complete"},
        {"type": "complete", "id": []},
        "é" * 5000,
    ],
)
async def test_an_invalid_message_closes_the_socket_with_4400(admitted: Socket, message: Any) -> None:
    await admitted.send(message)

    assert (await admitted.closed())[0] == 4400


@on_sqlite_only
async def test_a_ping_is_answered_and_what_is_not_there_may_be_completed(admitted: Socket) -> None:
    await admitted.send({"type": "complete", "id": "never began"})
    await admitted.send({"type": "ping"})

    assert await admitted.receive() == {"type": "pong"}


async def test_queries_and_mutations_run_on_a_socket_too(admitted: Socket) -> None:
    await admitted.subscribe("{ viewer { scopes } }")
    query = [await admitted.receive() for _ in range(2)]
    await admitted.subscribe(
        'mutation { pauseWebhook(input: {id: "wh_nothing"}) { webhook { id } userErrors { code } } }', id="2"
    )
    mutation = [await admitted.receive() for _ in range(2)]

    assert query[0]["payload"]["data"] == {"viewer": {"scopes": [scope.value for scope in Scope]}}
    assert query[0]["payload"]["extensions"]["cost"]["requested"] == 2
    assert mutation[0]["payload"]["data"]["pauseWebhook"]["userErrors"] == [{"code": "NOT_FOUND"}]
    assert [query[1], mutation[1]] == [{"id": "1", "type": "complete"}, {"id": "2", "type": "complete"}]


async def test_what_one_operation_loaded_another_of_the_same_socket_loads_again(admitted: Socket, api: Api) -> None:
    webhook = (await api.change("createWebhook", DRAFT, "webhook { id }"))["webhook"]
    document = "query($id: ID!) { webhook(id: $id) { name } }"

    await admitted.subscribe(document, webhook, id="1")
    before = await admitted.next("1")
    await admitted.receive()
    await api.change("updateWebhook", webhook | {"name": "Renamed"}, "webhook { id }")
    await admitted.subscribe(document, webhook, id="2")
    after = await admitted.next("2")

    assert (before["webhook"]["name"], after["webhook"]["name"]) == ("Desk", "Renamed")


@on_sqlite_only
@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("subscription {", "BAD_USER_INPUT"),
        ("subscription { nonsense }", "BAD_USER_INPUT"),
        ("subscription { " + "a" * 300 + "! }", "BAD_USER_INPUT"),
        ('subscription { deliveryUpdates(after: "bogus") { cursor } }', "BAD_USER_INPUT"),
        ("subscription { deliveryStats(everySeconds: 3601) { until } }", "BAD_USER_INPUT"),
        ("subscription { deliveryUpdates(maxPerSecond: 0) { cursor } }", "BAD_USER_INPUT"),
        ('subscription { webhookUpdates(webhookId: "wh_nothing") { id } }', "BAD_USER_INPUT"),
        ("query { __typename " + "__typename " * 2500 + "}", "QUERY_TOO_COMPLEX"),
        ("fragment F on Query { viewer { scopes } }", "BAD_USER_INPUT"),
    ],
)
async def test_an_operation_that_cannot_begin_is_an_error_with_a_code_and_others_go_on(
    admitted: Socket, document: str, code: str
) -> None:
    await admitted.subscribe(document)
    error = await admitted.receive()
    await admitted.subscribe("{ viewer { scopes } }", id="2")

    assert (error["type"], error["id"], error["payload"][0]["extensions"]["code"]) == ("error", "1", code)
    assert "viewer" in await admitted.next("2")


async def test_the_number_of_concurrent_operations_is_limited(api: Api, domain: Domain, address: str) -> None:
    limit = api.resources.settings.max_operations_per_socket
    async with socket(address) as opened:
        await opened.introduce(api.key)
        for number in range(limit):
            await opened.subscribe(WATCH, id=str(number))
        await opened.subscribe(WATCH, id="one too many")
        error = await opened.receive()
        await opened.send({"type": "complete", "id": "0"})
        await opened.subscribe("{ viewer { scopes } }", id="again")

        assert error["id"] == "one too many"
        assert f"at most {limit}" in error["payload"][0]["message"]
        assert error["payload"][0]["extensions"] == {"code": "QUERY_TOO_COMPLEX"}
        assert "viewer" in await opened.next("again")


@on_sqlite_only
async def test_an_id_that_is_in_use_closes_the_socket_with_4409(admitted: Socket) -> None:
    await admitted.subscribe(WATCH)
    await admitted.subscribe(WATCH)

    assert (await admitted.closed())[0] == 4409


async def test_a_subscription_needs_the_scope_to_read(address: str, api: Api, domain: Domain) -> None:
    publisher = await api.with_key(domain.caller, Scope.PUBLISH)
    async with socket(address) as opened:
        await opened.introduce(publisher.key)
        await opened.subscribe(WATCH)
        error = await opened.receive()

    assert error["payload"][0]["extensions"] == {"code": "FORBIDDEN"}


async def test_a_webhook_is_seen_again_at_each_change(admitted: Socket, api: Api) -> None:
    webhook = (await api.change("createWebhook", DRAFT, "webhook { id }"))["webhook"]
    other = (await api.change("createWebhook", DRAFT, "webhook { id }"))["webhook"]
    await admitted.subscribe("subscription($id: ID) { webhookUpdates(webhookId: $id) { id status } }", webhook)
    await until_followed(api.resources)

    seen = []
    for mutation in ("pauseWebhook", "resumeWebhook", "deleteWebhook"):
        await api.change(mutation, other, "userErrors { code }")
        await api.change(mutation, webhook, "userErrors { code }")
        seen.append((await admitted.next())["webhookUpdates"])

    assert [webhook | {"status": status} for status in ("PAUSED", "ACTIVE", "DISABLED")] == seen


async def test_another_workspaces_changes_are_not_seen(address: str, api: Api, stranger: Api) -> None:
    async with socket(address) as opened:
        await opened.introduce(stranger.key)
        await opened.subscribe(WATCH)
        await until_followed(api.resources)
        await api.change("createWebhook", DRAFT | {"name": "Ours"}, "webhook { id }")
        await stranger.change("createWebhook", DRAFT | {"name": "Theirs"}, "webhook { id }")

        assert (await opened.next())["webhookUpdates"]["name"] == "Theirs"


async def test_another_workspaces_webhook_is_one_that_never_existed(admitted: Socket, stranger: Api) -> None:
    webhook = (await stranger.change("createWebhook", DRAFT, "webhook { id }"))["webhook"]
    document = "subscription($id: ID) { webhookUpdates(webhookId: $id) { id } }"

    await admitted.subscribe(document, webhook)
    error = await admitted.receive()

    assert error["type"] == "error"
    assert error["payload"][0]["message"] == f"The argument webhookId is {webhook['id']}, but no webhook has this id."


async def test_who_leaves_follows_no_longer(address: str, api: Api) -> None:
    async with socket(address) as opened:
        await opened.introduce(api.key)
        await opened.subscribe(WATCH, id="1")
        await opened.subscribe("subscription { deliveryUpdates { cursor } }", id="2")
        await until_followed(api.resources, 2)
        await opened.send({"type": "complete", "id": "1"})
        await until_followed(api.resources, 1)

    await until_followed(api.resources, 0)


async def test_an_update_closes_a_socket_whose_key_was_revoked(address: str, api: Api, domain: Domain) -> None:
    administrator = await api.with_key(domain.caller)
    [key, _] = (await api.data("{ apiKeys(last: 2) { nodes { id } } }"))["apiKeys"]["nodes"][::-1]
    async with socket(address) as opened:
        await opened.introduce(api.key)
        await opened.subscribe(WATCH, id="1")
        await until_followed(api.resources)

        await administrator.change("revokeApiKey", key, "userErrors { code }")
        await administrator.change("createWebhook", DRAFT, "webhook { id }")
        first = await opened.first()
        closed = await opened.closed()

    assert first == 4403  # `complete` would say to the client that there is nothing more to come
    assert closed == (4403, "The API key is not valid.")
    await until_followed(api.resources, 0)


@pytest.mark.parametrize("subscribed", [True, False])
async def test_a_key_that_another_process_revokes_closes_a_socket_on_which_nothing_happens(
    address: str, api: Api, domain: Domain, subscribed: bool
) -> None:
    async with socket(address) as opened, socket(address) as other:
        for each, key in ((opened, api.key), (other, await a_key(domain))):
            await each.introduce(key)
            if subscribed:
                await each.subscribe(WATCH)
        await until_followed(api.resources, 2 * subscribed)

        await domain.rows("UPDATE api_key SET revoked_at = 1 WHERE hint = $1 RETURNING id", api.key[-4:])
        domain.clock.advance(KEPT)
        await api.resources.open_streams.check()
        closed = await opened.closed()
        await until_followed(api.resources, subscribed)
        await other.send({"type": "ping"})
        answer = await other.receive()

    assert closed == (4403, "The API key is not valid.")
    assert answer == {"type": "pong"}


async def test_a_socket_is_closed_when_its_access_token_expires(address: str, api: Api, domain: Domain) -> None:
    token = (await api.change("createAccessToken", {"scopes": ["READ"], "expiresInSeconds": 60}, "token"))["token"]
    async with socket(address) as opened:
        await opened.introduce(token)
        await opened.subscribe(WATCH)
        await until_followed(api.resources)

        domain.clock.advance(60)
        await api.resources.open_streams.check()
        code, reason = await opened.closed()

    assert code == 4403
    assert reason.startswith("The access token expired at")


async def test_an_access_token_opens_a_socket_and_its_end_is_that_of_its_subscriptions(
    address: str, api: Api, domain: Domain
) -> None:
    token = (await api.change("createAccessToken", {"scopes": ["READ"], "expiresInSeconds": 60}, "token"))["token"]
    async with socket(address) as opened:
        await opened.introduce(token)
        await opened.subscribe(WATCH)
        await until_followed(api.resources)
        await api.change("createWebhook", DRAFT, "webhook { id }")
        seen = await opened.next()

        domain.clock.advance(60)
        await api.change("createWebhook", DRAFT, "webhook { id }")
        first = await opened.first()
        code, reason = await opened.closed()

    assert seen["webhookUpdates"]["name"] == "Desk"
    assert (first, code) == (4403, 4403)
    assert reason.startswith("The access token expired at")


async def test_an_operation_of_a_revoked_key_is_not_begun(address: str, api: Api, domain: Domain) -> None:
    async with socket(address) as opened:
        await opened.introduce(api.key)
        await domain.rows("UPDATE api_key SET revoked_at = 1 WHERE hint = $1 RETURNING id", api.key[-4:])
        domain.clock.advance(KEPT)
        await opened.subscribe(WATCH)

        assert await opened.first() == 4403


async def test_a_stream_ends_with_what_a_socket_is_closed_with(address: str, api: Api, domain: Domain) -> None:
    token = (await api.change("createAccessToken", {"scopes": ["READ"], "expiresInSeconds": 60}, "token"))["token"]
    async with socket(address) as opened, stream(address, token, WATCH) as streaming:
        await opened.introduce(token)
        await opened.subscribe(WATCH)
        await until_followed(api.resources, 2)

        domain.clock.advance(60)
        await api.resources.open_streams.check()
        code, reason = await opened.closed()
        kind, last = await streaming.next()
        end = await streaming.next()

    [error] = last["errors"]
    assert (code, kind, end) == (4403, "next", ("complete", None))
    assert error == {"message": reason, "extensions": {"code": "UNAUTHENTICATED"}}


async def test_a_server_that_stops_lets_sockets_go(api: Api) -> None:
    async with served(api.resources) as address, socket(address) as opened:
        await opened.introduce(api.key)
        await opened.subscribe(WATCH)
        await until_followed(api.resources)

    await until_followed(api.resources, 0)


@on_sqlite_only
@pytest.mark.parametrize("wanted", [False, True])
async def test_messages_are_compressed_only_where_the_setting_says_so(
    database_url: str, tmp_path: Path, wanted: bool
) -> None:
    async with (
        open_world(database_url, tmp_path, works=False, socket_compression=wanted) as world,
        served(world.resources) as address,
        socket(address, compression="deflate") as opened,
    ):
        response = opened.connection.response

    assert response is not None
    assert ("permessage-deflate" in response.headers.get("Sec-WebSocket-Extensions", "")) is wanted


async def test_a_socket_that_breaks_while_messages_are_sent_to_it_is_nothing_to_report(
    address: str, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as logs, caplog.at_level(logging.DEBUG):
        for abort in (True, False):
            async with socket(address) as opened:
                await opened.introduce(api.key)
                for number in range(10):
                    await opened.subscribe(WATCH, id=str(number))
                await until_followed(api.resources, 10)
                changes = [api.change("createWebhook", DRAFT, "webhook { id }") for _ in range(5)]
                changing = asyncio.gather(*changes)
                await opened.receive()
                if abort:
                    opened.connection.transport.abort()
                else:
                    await opened.connection.close(1001)
                await changing
                await until_followed(api.resources, 0)

    above_debug = [record.getMessage() for record in caplog.records if record.levelno > logging.INFO]
    assert above_debug == []
    assert [log for log in logs if log["log_level"] != "debug"] == []
