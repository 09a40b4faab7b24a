"""Problems from the command line: listed, shown, acknowledged and retried."""

import json
from typing import Any

from tests.app.cli.conftest import Invoke
from tests.app.cli.installed import KEY, Running
from tests.app.cli.remotely import SECRET, TICKET, output, remote, server

__all__ = ["remote", "server"]

NO_RETRY = '{"retryPolicy": {"delaysSeconds": []}}'


def a_problem(remote: Invoke, server: str, silent_port: int, tmp_path: Any) -> tuple[str, str]:
    """A webhook whose receiver does not listen, and its problem."""
    url = f"http://127.0.0.1:{silent_port}/"
    made = output(remote("webhooks", "create", url, "--secret", SECRET, "--event-type", "ticket.*", "--json"))
    webhook_id: str = made["webhook"]["id"]
    output(remote("webhooks", "update", webhook_id, "--settings", NO_RETRY, "--json"))
    settings = {"EEV_WEBHOOKS_URL": server, "EEV_WEBHOOKS_KEY": KEY}
    with Running("deliveries", "tail", "--webhook", webhook_id, "--json", directory=tmp_path, **settings) as tail:
        tail.error_line("Following")
        remote("publish", "ticket.created", "--data", json.dumps(TICKET))
        while tail.object()["delivery"]["status"] != "FAILED":
            pass
    [problem] = output(remote("problems", "list", "--webhook", webhook_id, "--json"))
    return webhook_id, problem["id"]


def test_a_problem_is_listed_shown_acknowledged_and_all_of_it_retried(
    remote: Invoke, server: str, silent_port: int, tmp_path: Any
) -> None:
    webhook_id, problem_id = a_problem(remote, server, silent_port, tmp_path)

    for_people = remote("problems", "list", "--webhook", webhook_id).stdout
    shown = remote("problems", "show", problem_id).stdout.splitlines()
    as_json = output(remote("problems", "show", problem_id, "--json"))
    acknowledged = remote("problems", "acknowledge", problem_id)
    still_listed = output(remote("problems", "list", "--webhook", webhook_id, "--json"))
    counted = remote("problems", "retry", problem_id, "--dry-run")
    retried = remote("problems", "retry", problem_id)

    assert problem_id in for_people
    assert shown[0] == f"Problem    {problem_id} OPEN"
    assert f"Cause      Connection refused by 127.0.0.1 port {silent_port}." in shown
    assert any(line.startswith("Attempt 1 (FIRST) at ") and "CONNECTION_ERROR" in line for line in shown)
    assert (as_json["affected"], as_json["failures"]) == ({"count": 1, "exact": True}, 1)
    assert acknowledged.stdout == f"{problem_id} is acknowledged.\n"
    assert [problem["status"] for problem in still_listed] == ["ACKNOWLEDGED"]
    assert counted.stdout == "1 deliveries would be retried.\n"
    assert retried.stdout.startswith("1 deliveries are being retried in the background by op_")


def test_a_problem_that_is_not_there_is_said_not_to_be(remote: Invoke) -> None:
    problem_id = "prb_01jd7k3m9pegxv0t5c8h2n4w6z"

    shown = remote("problems", "show", problem_id)
    retried = remote("problems", "retry", problem_id)
    of_another_kind = remote("problems", "show", "dlv_01jd7k3m9pegxv0t5c8h2n4w6z")

    assert (shown.exit_code, shown.stderr) == (1, f"No problem has the id {problem_id}.\n")
    assert (retried.exit_code, of_another_kind.exit_code) == (1, 2)
