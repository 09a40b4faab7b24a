"""One delivery, webhook, event, event type or operation from the command line: shown, changed, canceled."""

import json
import subprocess
from typing import Any

import pytest

from tests.app.cli.conftest import Invoke
from tests.app.cli.remotely import SECRET, TICKET, listener, output, remote, server

__all__ = ["listener", "remote", "server"]


def a_webhook(remote: Invoke, url: str, *options: str) -> str:
    made = output(remote("webhooks", "create", url, "--secret", SECRET, "--event-type", "ticket.*", *options, "--json"))
    webhook_id: str = made["webhook"]["id"]
    return webhook_id


def deliveries_of(remote: Invoke, webhook_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = output(remote("deliveries", "list", "--webhook", webhook_id, "--json"))
    return found


def publish(remote: Invoke) -> str:
    published = output(remote("publish", "ticket.created", "--data", json.dumps(TICKET), "--json"))
    event_id: str = published["event"]["id"]
    return event_id


def test_a_delivery_is_shown_as_it_went_over_the_wire_and_can_be_sent_again_by_curl(
    remote: Invoke, listener: str
) -> None:
    webhook_id = a_webhook(remote, listener)
    pinged = output(remote("webhooks", "ping", webhook_id, "--json"))["delivery"]["id"]

    shown = output(remote("deliveries", "show", pinged, "--json"))
    for_people = remote("deliveries", "show", pinged).stdout.splitlines()
    curl = remote("deliveries", "show", pinged, "--curl").stdout
    again = subprocess.run(["sh", "-c", curl], capture_output=True, text=True, check=True)

    [attempt] = shown["attempts"]
    assert (attempt["request"]["method"], attempt["response"]["status"]) == ("POST", 200)
    assert for_people[0] == f"Delivery   {pinged} SUCCEEDED"
    assert any(line.startswith("Attempt 1 (TEST) at ") and "SUCCEEDED after" in line for line in for_people)
    assert f"> POST {listener}" in for_people
    assert any(line.startswith("> webhook-signature: v1,") for line in for_people)
    assert f"> {attempt['request']['body']}" in for_people
    assert "< 200" in for_people
    assert again.stdout.startswith("HTTP/1.1 200 ")  # the receiver verified it


def test_a_waiting_delivery_is_canceled_and_one_that_is_not_says_why(remote: Invoke, silent_port: int) -> None:
    webhook_id = a_webhook(remote, f"http://127.0.0.1:{silent_port}/")
    remote("webhooks", "pause", webhook_id)
    publish(remote)
    [delivery] = deliveries_of(remote, webhook_id)

    canceled = remote("deliveries", "cancel", delivery["id"])
    both = remote("deliveries", "cancel", delivery["id"], "dlv_nobody")
    no_request = remote("deliveries", "show", delivery["id"], "--curl")

    assert (canceled.exit_code, canceled.stdout) == (0, f"{delivery['id']} is canceled.\n")
    assert deliveries_of(remote, webhook_id)[0]["status"] == "CANCELED"
    assert both.exit_code == 1
    assert 'No delivery has the id "dlv_nobody"' in both.stderr
    assert no_request.stderr == f"{delivery['id']} has no attempt yet, so there is no request.\n"


def test_a_webhook_is_shown_changed_paused_resumed_and_deleted(remote: Invoke, silent_port: int) -> None:
    webhook_id = a_webhook(remote, f"http://127.0.0.1:{silent_port}/", "--filter", "data.ticket.id != ''")

    changed = output(
        remote("webhooks", "update", webhook_id, "--name", "Renamed", "--filter", "", "--event-type", "*", "--json")
    )
    more = output(remote("webhooks", "update", webhook_id, "--settings", '{"timeoutSeconds": 7}', "--json"))
    paused = remote("webhooks", "pause", webhook_id)
    shown = remote("webhooks", "show", webhook_id)
    resumed = output(remote("webhooks", "resume", webhook_id, "--json"))
    deleted = remote("webhooks", "delete", webhook_id)
    gone = remote("webhooks", "show", webhook_id)
    nothing = remote("webhooks", "update", webhook_id)

    assert (changed["name"], changed["filter"], changed["eventTypes"]) == ("Renamed", None, ["*"])
    assert (more["name"], more["timeoutSeconds"]) == ("Renamed", 7)
    assert paused.stdout == f"{webhook_id} (Renamed) is PAUSED.\n"
    assert any(line.split() == ["name", "Renamed"] for line in shown.stdout.splitlines())
    assert any(line.split() == ["status", "PAUSED"] for line in shown.stdout.splitlines())
    assert resumed["status"] == "ACTIVE"
    assert deleted.stdout == f"{webhook_id} is deleted.\n"
    assert (gone.exit_code, gone.stderr) == (1, f"No webhook has the id {webhook_id}.\n")
    assert nothing.exit_code == 2


def test_an_event_is_listed_and_shown_with_its_body_and_deliveries(remote: Invoke, listener: str) -> None:
    webhook_id = a_webhook(remote, listener)
    event_id = publish(remote)

    listed = output(remote("events", "list", "--event-type", "ticket.*", "--limit", "1", "--json"))
    shown = output(remote("events", "show", event_id, "--json"))
    for_people = remote("events", "show", event_id).stdout

    assert [event["id"] for event in listed] == [event_id]
    assert json.loads(shown["body"])["data"] == TICKET
    assert webhook_id in {delivery["webhook"]["id"] for delivery in shown["deliveries"]}
    assert shown["body"] in for_people


def test_an_event_type_is_listed_and_shown_and_a_misspelt_one_is_answered_with_the_nearest(remote: Invoke) -> None:
    listed = output(remote("event-types", "list", "--json"))
    shown = output(remote("event-types", "show", "ticket.created", "--json"))
    misspelt = [remote("event-types", "show", "ticket.craeted"), remote("publish", "ticket.craeted")]

    assert "ticket.created" in {event_type["name"] for event_type in listed}
    assert shown["example"]["ticket"]["id"]
    assert [result.exit_code for result in misspelt] == [1, 1]
    assert all('Did you mean "ticket.created"' in result.stderr for result in misspelt)


def test_a_misspelt_event_type_of_a_ping_is_answered_with_the_nearest(remote: Invoke, silent_port: int) -> None:
    webhook_id = a_webhook(remote, f"http://127.0.0.1:{silent_port}/")

    result = remote("webhooks", "ping", webhook_id, "--event-type", "ticket.craeted")

    assert result.exit_code == 1
    assert 'Did you mean "ticket.created"' in result.stderr


def test_a_webhook_is_tested_with_what_is_stored_and_what_is_not_saved(
    remote: Invoke, listener: str, silent_port: int
) -> None:
    webhook_id = a_webhook(remote, listener)
    event_id = publish(remote)

    tested = output(remote("webhooks", "test", webhook_id, "--event", event_id, "--json"))
    for_people = remote("webhooks", "test", webhook_id, "--event-type", "ticket.created")
    elsewhere = remote("webhooks", "test", webhook_id, "--changes", f'{{"url": "http://127.0.0.1:{silent_port}/"}}')
    misspelt = remote("webhooks", "test", webhook_id, "--event-type", "ticket.craeted")

    assert (tested["ok"], tested["response"]["status"]) == (True, 200)
    assert event_id in tested["request"]["body"]
    assert all(line.startswith("ok  ") for line in for_people.stdout.splitlines())
    assert (for_people.exit_code, elsewhere.exit_code) == (0, 1)
    assert "FAIL  " in elsewhere.stdout
    assert 'Did you mean "ticket.created"' in misspelt.stderr


def test_operations_are_listed_and_one_that_is_over_cannot_be_canceled(remote: Invoke, silent_port: int) -> None:
    webhook_id = a_webhook(remote, f"http://127.0.0.1:{silent_port}/")
    remote("webhooks", "pause", webhook_id)
    publish(remote)
    remote("deliveries", "cancel", deliveries_of(remote, webhook_id)[0]["id"])
    begun = output(remote("deliveries", "retry", "--webhook", webhook_id, "--status", "CANCELED", "--json"))

    listed = output(remote("operations", "list", "--json"))
    table = remote("operations", "list").stdout
    canceled = remote("operations", "cancel", begun["operation"]["id"])

    assert begun["operation"]["id"] in {operation["id"] for operation in listed}
    assert begun["operation"]["id"] in table
    assert canceled.exit_code == 0 or "already" in canceled.stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["deliveries", "show", "evt_1"], "evt_1 is not a delivery's id; those begin with dlv_."),
        (["deliveries", "cancel", "dlv_1", "wh_1"], "wh_1 is not a delivery's id; those begin with dlv_."),
        (["webhooks", "delete", "dlv_1"], "dlv_1 is not a webhook's id; those begin with wh_."),
        (["events", "show", "dlv_1"], "dlv_1 is not an event's id; those begin with evt_."),
        (["operations", "cancel", "dlv_1"], "dlv_1 is not an operation's id; those begin with op_."),
    ],
)
def test_an_id_of_another_kind_is_wrong_usage(remote: Invoke, arguments: list[str], why: str) -> None:
    result = remote(*arguments, COLUMNS="500")

    assert (result.exit_code, result.stdout) == (2, "")
    assert why in " ".join(result.stderr.split())
