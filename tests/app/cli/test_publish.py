"""Publishing on a running server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.app.cli.conftest import Invoke
from tests.app.cli.installed import KEY, Running, serving, url_of

DATA = {"ticket": {"id": "tkt_1", "subject": "The printer is on fire", "status": "open", "priority": "urgent"}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server for all tests in this module."""
    with serving(tmp_path_factory.mktemp("server")) as started:
        yield url_of(started)


@pytest.fixture
def publish(invoke: Invoke, server: str) -> Invoke:
    """Publish with the key and the server of the environment."""

    def run(*arguments: str, given: str | None = None, **environment: str) -> Any:
        settings = {"EEV_WEBHOOKS_URL": server, "EEV_WEBHOOKS_KEY": KEY, **environment}
        return invoke("publish", *arguments, given=given, **settings)

    return run


def data(result: Any) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_without_data_the_example_of_the_type_is_published(publish: Invoke) -> None:
    result = publish("ticket.created")

    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("evt_")
    assert result.stdout.endswith("(ticket.created) is published, with 0 deliveries.\n")


def test_scripts_get_the_event_as_json(publish: Invoke) -> None:
    keys = ["--idempotency-key", "json-1", "--ordering-key", "tkt_1"]
    result = data(publish("ticket.created", "--occurred-at", "2026-11-23T11:00:00+01:00", *keys, "--json"))

    assert result | {"event": result["event"] | {"id": ""}} == {
        "event": {
            "id": "",
            "type": "ticket.created",
            "occurredAt": "2026-11-23T10:00:00.000Z",
            "idempotencyKey": "json-1",
            "orderingKey": "tkt_1",
        },
        "deliveryCount": 0,
        "duplicate": False,
    }


def test_data_comes_from_the_command_a_file_or_stdin(publish: Invoke, tmp_path: Path) -> None:
    text = json.dumps(DATA)
    (tmp_path / "ticket.json").write_text(text)

    # The same key with other data would be a conflict, so all three are identical.
    key = ["--idempotency-key", "same", "--occurred-at", "2026-11-23T10:00:00Z", "--json"]
    first = data(publish("ticket.created", "--data", text, *key))
    second = data(publish("ticket.created", "--data", f"@{tmp_path / 'ticket.json'}", *key))
    third = data(publish("ticket.created", "--data", "-", *key, given=text))

    assert [result["duplicate"] for result in (first, second, third)] == [False, True, True]
    assert first["event"] == second["event"] == third["event"]


def test_people_read_that_nothing_new_was_published(publish: Invoke) -> None:
    key = ["--idempotency-key", "again", "--data", json.dumps(DATA)]
    publish("ticket.created", *key)

    result = publish("ticket.created", *key)

    assert result.exit_code == 0
    assert "was published before with this key" in result.stdout


def test_a_key_that_was_used_for_something_else_is_refused(publish: Invoke) -> None:
    publish("ticket.created", "--idempotency-key", "taken", "--data", json.dumps(DATA))

    result = publish("ticket.updated", "--idempotency-key", "taken", "--data", json.dumps(DATA))

    assert (result.exit_code, result.stdout) == (1, "")
    assert "taken" in result.stderr


def test_data_that_is_wrong_is_reported_with_its_place(publish: Invoke) -> None:
    result = publish("ticket.created", "--data", json.dumps({"ticket": {**DATA["ticket"], "priority": 5}}))

    assert (result.exit_code, result.stdout) == (1, "")
    assert "data.ticket.priority" in result.stderr


def test_null_is_data_and_not_the_example(publish: Invoke) -> None:
    result = publish("ticket.created", "--data", "null")

    assert (result.exit_code, result.stdout) == (1, "")


def test_a_type_that_is_not_there_is_named(publish: Invoke) -> None:
    result = publish("ticket.burnt")

    assert result.exit_code == 1
    assert result.stderr.startswith('There is no event type "ticket.burnt". Did you mean "ticket.')


def test_a_refused_key_is_reported_with_the_server_and_where_to_get_a_key(publish: Invoke, server: str) -> None:
    result = publish("ticket.created", EEV_WEBHOOKS_KEY="wrong")

    assert result.exit_code == 1
    assert result.stderr.startswith(f"{server}/graphql refused the key: ")
    assert "`eev-webhooks key create` creates one; run it on the machine of that server" in result.stderr


def test_a_server_that_speaks_something_else_is_reported(publish: Invoke, tmp_path: Path) -> None:
    with Running("listen", "--port", "0", "--json", directory=tmp_path) as other:
        result = publish("ticket.created", "--url", other.object()["url"])

    assert result.exit_code == 1
    assert "answered 401 with something that is not GraphQL" in result.stderr


def test_the_endpoint_itself_is_an_address_too(publish: Invoke, server: str) -> None:
    assert publish("ticket.created", "--url", f"{server}/graphql/").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--key", ""], "give an API key"),
        (["--key", "schlüssel"], "holds characters that no key has"),
        (["--url", "localhost:8000"], "is no URL of a server"),
        (["--data", "{"], "this is no JSON"),
        (["--data", "@nowhere.json"], "nowhere.json cannot be read"),
        (["--occurred-at", "2026-11-23T10:00:00"], "is not a time; give a date"),
    ],
)
def test_wrong_usage_is_reported_before_anything_is_sent(publish: Invoke, arguments: list[str], why: str) -> None:
    result = publish("ticket.created", *arguments, COLUMNS="500")

    assert (result.exit_code, result.stdout) == (2, "")
    assert why in " ".join(result.stderr.split())
