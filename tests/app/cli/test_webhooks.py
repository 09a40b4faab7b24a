"""Webhooks from the command line."""

import json
from pathlib import Path

import pytest

from tests.app.cli.conftest import Invoke
from tests.app.cli.remotely import SECRET, listener, output, remote, server

__all__ = ["listener", "remote", "server"]


def created(remote: Invoke, url: str, *options: str) -> str:
    webhook_id: str = output(remote("webhooks", "create", url, *options, "--json"))["webhook"]["id"]
    return webhook_id


def test_a_webhook_is_made_listed_pinged_and_its_secret_rotated(remote: Invoke, listener: str) -> None:
    options = ["--event-type", "ticket.*", "--event-type", "agent.error", "--name", "Desk", "--secret", SECRET]

    made = output(remote("webhooks", "create", listener, *options, "--filter", "data.ticket.id != ''", "--json"))
    found = output(remote("webhooks", "list", "--search", "desk", "--json"))
    pinged = output(remote("webhooks", "ping", made["webhook"]["id"], "--event-type", "ticket.resolved", "--json"))
    rotated = output(remote("webhooks", "rotate", made["webhook"]["id"], "--overlap-seconds", "60", "--json"))

    assert (made["webhook"]["eventTypes"], made["secret"]) == (["ticket.*", "agent.error"], SECRET)
    assert [webhook["id"] for webhook in found] == [made["webhook"]["id"]]
    assert pinged["delivery"]["event"]["type"] == "ticket.resolved"
    assert (pinged["attempt"]["outcome"], pinged["attempt"]["response"]["status"]) == ("SUCCEEDED", 200)
    assert rotated["secret"] not in {None, SECRET}
    assert [secret["status"] for secret in rotated["webhook"]["secrets"]] == ["CURRENT", "EXPIRING"]


def test_people_read_the_same_as_sentences_and_a_table(remote: Invoke, listener: str) -> None:
    made = remote("webhooks", "create", listener, "--secret", SECRET)
    webhook_id = made.stdout.split()[1]

    listed = remote("webhooks", "list", "--limit", "1")
    pinged = remote("webhooks", "ping", webhook_id)
    rotated = remote("webhooks", "rotate", webhook_id)

    assert made.stdout.startswith(f"Webhook    {webhook_id} (127.0.0.1) for *\nSecret     {SECRET}\n")
    assert webhook_id in listed.stdout
    assert pinged.stdout.startswith("SUCCEEDED after ")
    assert pinged.stdout.endswith("ms: answered 200\n")
    assert f"The old secret, which ends in {SECRET[-4:]}, continues to sign until 20" in rotated.stdout


def test_a_webhook_that_looks_like_another_one_is_made_with_a_warning(remote: Invoke, silent_port: int) -> None:
    twice = ("webhooks", "create", f"http://127.0.0.1:{silent_port}/twice")

    first = remote(*twice)
    second = remote(*twice)
    third = output(remote(*twice, "--json"))

    assert (first.exit_code, first.stderr) == (0, "")
    assert second.exit_code == 0
    assert second.stderr.startswith("Warning: The webhook wh_")
    assert third["warning"] == second.stderr.removeprefix("Warning: ").rstrip("\n")


def test_a_ping_that_fails_says_why_and_ends_with_1(remote: Invoke, silent_port: int) -> None:
    webhook_id = created(remote, f"http://127.0.0.1:{silent_port}/")

    for_people = remote("webhooks", "ping", webhook_id)
    for_scripts = remote("webhooks", "ping", webhook_id, "--json")

    assert (for_people.exit_code, for_scripts.exit_code) == (1, 1)
    assert for_people.stdout.startswith("CONNECTION_ERROR after ")
    assert "refused" in for_people.stdout
    assert json.loads(for_scripts.stdout)["attempt"]["outcome"] == "CONNECTION_ERROR"


def test_lists_are_read_to_their_limit_and_by_status(remote: Invoke, silent_port: int) -> None:
    made = [created(remote, f"http://127.0.0.1:{silent_port}/{number}", "--name", "Many") for number in range(3)]

    two = output(remote("webhooks", "list", "--search", "Many", "--limit", "2", "--json"))
    active = output(remote("webhooks", "list", "--search", "Many", "--status", "active", "--json"))
    paused = output(remote("webhooks", "list", "--search", "Many", "--status", "PAUSED", "--json"))

    assert [webhook["id"] for webhook in two] == made[:0:-1]
    assert [webhook["id"] for webhook in active] == made[::-1]
    assert paused == []


def test_every_other_setting_comes_as_json_or_from_a_file(remote: Invoke, silent_port: int, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{silent_port}/"
    (tmp_path / "settings.json").write_text('{"timeoutSeconds": 0, "metadata": {"team": "desk"}}')

    refused = remote("webhooks", "create", url, "--settings", f"@{tmp_path / 'settings.json'}")
    made = remote("webhooks", "create", url, "--settings", '{"timeoutSeconds": 5}', "--json")

    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr == "The timeout is 0; it must be 1 to 60 seconds. (timeoutSeconds)\n"
    assert output(made)["webhook"]["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["list", "--status", "BROKEN"], "BROKEN is not one of ACTIVE, PAUSED, DISABLED."),
        (["ping", "evt_1"], "evt_1 is not a webhook's id; those begin with wh_."),
        (["rotate", "dlv_1"], "dlv_1 is not a webhook's id; those begin with wh_."),
        (["list", "--limit", "0"], "'--limit'"),
        (["create", "http://127.0.0.1/", "--settings", "{"], "this is no JSON"),
        (["create", "http://127.0.0.1/", "--settings", "[]"], "no JSON object of settings"),
        (["create", "http://127.0.0.1/", "--settings", "@nowhere.json"], "nowhere.json cannot be read"),
        (["ping", "wh_1", "--key", ""], "give an API key"),
    ],
)
def test_wrong_usage_is_reported_before_anything_is_sent(remote: Invoke, arguments: list[str], why: str) -> None:
    result = remote("webhooks", *arguments, COLUMNS="500")

    assert (result.exit_code, result.stdout) == (2, "")
    assert why in " ".join(result.stderr.split())


def test_what_the_server_refuses_ends_with_1(remote: Invoke) -> None:
    result = remote("webhooks", "rotate", "wh_nobody")

    assert (result.exit_code, result.stdout) == (1, "")
    assert 'No webhook has the id "wh_nobody"' in result.stderr
