"""`eev-webhooks feed`: a webhook's feed on the command line, to its end or continuously."""

import json
import signal
from pathlib import Path

from tests.app.cli.conftest import Invoke
from tests.app.cli.installed import KEY, Running
from tests.app.cli.remotely import TICKET, output, remote, server

__all__ = ["remote", "server"]


def a_webhook(remote: Invoke, silent_port: int) -> str:
    made = output(
        remote("webhooks", "create", f"http://127.0.0.1:{silent_port}/", "--event-type", "ticket.*", "--json")
    )
    webhook_id: str = made["webhook"]["id"]
    remote("webhooks", "pause", webhook_id)
    return webhook_id


def publish(remote: Invoke) -> str:
    published = output(remote("publish", "ticket.created", "--data", json.dumps(TICKET), "--json"))
    event_id: str = published["event"]["id"]
    return event_id


def test_a_feed_is_printed_to_its_end_and_says_where_to_go_on(remote: Invoke, silent_port: int) -> None:
    webhook_id = a_webhook(remote, silent_port)
    ids = [publish(remote) for _ in range(3)]

    all_of_it = remote("feed", webhook_id)
    rest = remote("feed", webhook_id, "--after", "1", "--json")
    end = remote("feed", webhook_id, "--after", "3")

    assert all_of_it.stdout.splitlines() == [f"{n}  PENDING  {id_}  ticket.created" for n, id_ in enumerate(ids, 1)]
    assert all_of_it.stderr == "Next: --after 3\n"
    assert [json.loads(line)["event"]["id"] for line in rest.stdout.splitlines()] == ids[1:]
    assert (end.stdout, end.stderr, end.exit_code) == ("", "Next: --after 3\n", 0)


def test_following_a_feed_prints_events_as_they_are_published(
    remote: Invoke, server: str, silent_port: int, tmp_path: Path
) -> None:
    webhook_id = a_webhook(remote, silent_port)
    before = publish(remote)
    settings = {"EEV_WEBHOOKS_URL": server, "EEV_WEBHOOKS_KEY": KEY}

    with Running("feed", webhook_id, "--follow", "--json", directory=tmp_path, **settings) as feed:
        shown = [feed.object()["event"]["id"]]
        new = publish(remote)
        shown.append(feed.object()["event"]["id"])
        code = feed.stop(signal.SIGINT)

    assert shown == [before, new]
    assert (code, feed.errors.strip()) == (0, "Next: --after 2")


def test_a_feed_that_is_not_there_ends_with_1(remote: Invoke, server: str, silent_port: int) -> None:
    missing = remote("feed", "wh_01jd7k3m9pegxv0t5c8h2n4w6z", "--follow")
    silent = remote("feed", "wh_01jd7k3m9pegxv0t5c8h2n4w6z", "--url", f"http://127.0.0.1:{silent_port}")

    assert (missing.exit_code, silent.exit_code) == (1, 1)
    assert "No webhook has the id" in missing.stderr
    assert "No server answers" in silent.stderr
