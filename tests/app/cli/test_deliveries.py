"""Deliveries from the command line: listed, retried, and followed live."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.app.cli.conftest import Invoke
from tests.app.cli.installed import KEY, Running, serving, url_of
from tests.app.cli.remotely import SECRET, TICKET, listener, output, remote, server
from tests.server import free_port

__all__ = ["listener", "remote", "server"]

NO_RETRY = ["--settings", '{"retryPolicy": {"delaysSeconds": []}}']


@pytest.fixture
def webhook_id(remote: Invoke, listener: str) -> str:
    """A webhook for tickets with a working receiver."""
    made = output(remote("webhooks", "create", listener, "--secret", SECRET, "--event-type", "ticket.*", "--json"))
    found: str = made["webhook"]["id"]
    return found


def publish(remote: Invoke) -> str:
    published = output(remote("publish", "ticket.created", "--data", json.dumps(TICKET), "--json"))
    event_id: str = published["event"]["id"]
    return event_id


def tailing(directory: Path, url: str, *options: str) -> Running:
    settings = {"EEV_WEBHOOKS_URL": url, "EEV_WEBHOOKS_KEY": KEY}
    return Running("deliveries", "tail", "--json", *options, directory=directory, **settings)


def until(tail: Running, status: str, event_id: str) -> dict[str, Any]:
    """The update of the attempt that led to it, because the creation's update may show the delivery in that status
    already.
    """
    while True:
        update = tail.object()
        delivery = update["delivery"]
        if update["attempt"] and (delivery["event"]["id"], delivery["status"]) == (event_id, status):
            return update


def test_deliveries_are_shown_live_and_again_from_a_cursor(
    remote: Invoke, webhook_id: str, server: str, tmp_path: Path
) -> None:
    with tailing(tmp_path, server, "--webhook", webhook_id) as tail:
        tail.error_line("Following")
        before = until(tail, "SUCCEEDED", publish(remote))
        event_id = publish(remote)
        update = until(tail, "SUCCEEDED", event_id)
        code = tail.stop(signal.SIGINT)
    options = ["--webhook", webhook_id, "--status", "SUCCEEDED", "--after", before["cursor"]]
    with tailing(tmp_path, server, *options) as again:
        repeated = again.object()

    assert code == 0
    assert update["delivery"]["webhook"]["id"] == webhook_id
    assert (update["attempt"]["number"], update["attempt"]["response"]) == (1, {"status": 200})
    assert repeated["delivery"] == update["delivery"]


def test_people_read_a_line_an_update(remote: Invoke, webhook_id: str, server: str, tmp_path: Path) -> None:
    settings = {"EEV_WEBHOOKS_URL": server, "EEV_WEBHOOKS_KEY": KEY}
    with Running("deliveries", "tail", "--webhook", webhook_id, directory=tmp_path, **settings) as tail:
        tail.error_line("Following")
        publish(remote)
        line = tail.line()
        while "SUCCEEDED" not in line:
            line = tail.line()

    assert " ticket.created to 127.0.0.1: SUCCEEDED, attempt 1 answered 200 after " in line


def test_a_tail_misses_nothing_while_its_server_is_away(
    invoke: Invoke, listener: str, redis_url: str, tmp_path: Path
) -> None:
    port = str(free_port())
    address = f"http://127.0.0.1:{port}"
    settings = {"PORT": port, "UPDATES_URL": redis_url}

    def remote(*arguments: str) -> Any:
        return invoke(*arguments, EEV_WEBHOOKS_URL=address, EEV_WEBHOOKS_KEY=KEY)

    with serving(tmp_path, **settings) as first:
        url_of(first)
        output(remote("webhooks", "create", listener, "--secret", SECRET, "--json"))
        tail = tailing(tmp_path, address)
        with tail:
            tail.error_line("Following")
            until(tail, "SUCCEEDED", publish(remote))
            first.stop()
            tail.error_line("Connecting again")
            with serving(tmp_path, **settings) as second:
                url_of(second)
                until(tail, "SUCCEEDED", publish(remote))

    assert "missed" not in tail.errors


def test_a_tail_without_a_server_ends_with_1(remote: Invoke, silent_port: int) -> None:
    result = remote("deliveries", "tail", "--url", f"http://127.0.0.1:{silent_port}")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "No server answers" in result.stderr


def test_deliveries_are_listed_by_what_they_are(remote: Invoke, silent_port: int) -> None:
    url = f"http://127.0.0.1:{silent_port}/"
    made = output(remote("webhooks", "create", url, "--name", "Away", *NO_RETRY, "--json"))
    which = ["--webhook", made["webhook"]["id"]]
    event_id = publish(remote)

    found = output(remote("deliveries", "list", *which, "--event", event_id, "--since", "1h", "--json"))
    none = output(remote("deliveries", "list", *which, "--until", "2026-01-01T00:00:00Z", "--json"))
    table = remote("deliveries", "list", *which, "--event-type", "ticket.*", "--limit", "1")

    assert [(delivery["event"]["id"], delivery["webhook"]["name"]) for delivery in found] == [(event_id, "Away")]
    assert none == []
    assert f"ticket.created {event_id}" in table.stdout


def failed(remote: Invoke, url: str) -> tuple[str, str]:
    """A webhook whose only delivery has failed, and the delivery."""
    webhook = output(remote("webhooks", "create", url, *NO_RETRY, "--json"))["webhook"]["id"]
    publish(remote)
    found: list[Any] = []
    while not found:
        found = output(remote("deliveries", "list", "--webhook", webhook, "--status", "FAILED", "--json"))
    return webhook, found[0]["id"]


def test_one_delivery_is_retried_or_many_by_what_they_are(remote: Invoke, silent_port: int) -> None:
    webhook, delivery = failed(remote, f"http://127.0.0.1:{silent_port}/")

    counted = output(remote("deliveries", "retry", "--webhook", webhook, "--dry-run", "--json"))
    counted_for_people = remote("deliveries", "retry", "--webhook", webhook, "--dry-run")
    many = output(remote("deliveries", "retry", "--webhook", webhook, "--status", "FAILED", "--since", "1h", "--json"))
    one = output(remote("deliveries", "retry", delivery, "--json"))
    one_for_people = remote("deliveries", "retry", delivery)

    assert counted == {"matched": 1, "operation": None}
    assert counted_for_people.stdout == "1 deliveries would be retried.\n"
    assert many["matched"] == 1
    assert many["operation"]["id"].startswith("op_")
    assert one["id"] == delivery
    assert one_for_people.stdout == f"{delivery} is being retried.\n"


def test_what_cannot_be_retried_is_said_of_each(remote: Invoke) -> None:
    result = remote("deliveries", "retry", "dlv_one", "dlv_two")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("No delivery has the id") == 2
    assert result.stderr.endswith("0 of 2 are being retried.\n")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["retry"], "Name deliveries by ID, or select them"),
        (["retry", "dlv_1", "--status", "FAILED"], "either IDs or options"),
        (["retry", "dlv_1", "--dry-run"], "--dry-run counts"),
        (["retry", "dlv_1", "evt_2"], "evt_2 is not a delivery's id; those begin with dlv_."),
        (["list", "--webhook", "evt_1"], "evt_1 is not a webhook's id; those begin with wh_."),
        (["list", "--event", "wh_1"], "wh_1 is not an event's id; those begin with evt_."),
        (["tail", "--webhook", "evt_1"], "evt_1 is not a webhook's id; those begin with wh_."),
        (["list", "--since", "yesterday"], '"yesterday" is not a time; give a date'),
        (["list", "--since", "2026-11-23T10:00:00"], "a time with its offset"),
        (["list", "--since", "99999999999d"], "is not a time"),
        (["tail", "--status", "BROKEN"], "BROKEN is not one of PENDING, RETRYING, SUCCEEDED, FAILED, CANCELED."),
    ],
)
def test_wrong_usage_is_reported_before_anything_is_sent(remote: Invoke, arguments: list[str], why: str) -> None:
    result = remote("deliveries", *arguments, COLUMNS="500")

    assert (result.exit_code, result.stdout) == (2, "")
    assert why in " ".join(result.stderr.split())
