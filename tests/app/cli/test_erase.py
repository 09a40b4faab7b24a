"""`eev-webhooks erase`: what it would erase, and that it does."""

import json
from typing import Any

from tests.app.cli.conftest import Invoke
from tests.app.cli.remotely import TICKET, output, remote, server

__all__ = ["remote", "server"]


def publish(remote: Invoke, subject: str) -> str:
    data = {"ticket": {**TICKET["ticket"], "subject": subject}}
    published = output(remote("publish", "ticket.created", "--data", json.dumps(data), "--json"))
    event_id: str = published["event"]["id"]
    return event_id


def shown(remote: Invoke, event_id: str) -> Any:
    return output(remote("events", "show", event_id, "--json"))


def test_events_are_counted_and_then_erased(remote: Invoke) -> None:
    gone, stays = publish(remote, "Ada and her printer"), publish(remote, "Eve and her printer")

    counted = remote("erase", "--data", "ticket.subject=Ada and her printer", "--dry-run")
    before = shown(remote, gone)
    done = remote("erase", "--data", "ticket.subject=Ada and her printer", "--wait")

    assert (counted.exit_code, counted.stdout) == (0, "1 events would be erased.\n")
    assert "Ada and her printer" in str(before)
    assert (done.exit_code, done.stdout) == (0, "1 events are erased.\n"), done.stderr
    assert "Ada and her printer" not in str(shown(remote, gone))
    assert "Eve and her printer" in str(shown(remote, stays))


def test_what_is_asked_must_make_sense(remote: Invoke) -> None:
    nothing = remote("erase")
    no_condition = remote("erase", "--data", "ticket.subject")

    assert (nothing.exit_code, "Nothing says what to erase" in nothing.stderr) == (1, True)
    assert (no_condition.exit_code, "PATH=VALUE" in no_condition.stderr) == (2, True)
