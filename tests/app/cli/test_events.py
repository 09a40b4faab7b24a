"""Files of events from the command line, and replays of what they published."""

import json
import os
import pty
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.cli import publishing
from app.cli.api import Lost, TryLater
from app.cli.failures import Refused
from app.cli.lines import Line
from app.cli.publishing import publish_all
from tests.app.cli.conftest import Invoke
from tests.app.cli.installed import KEY, PROGRAM, environment
from tests.app.cli.remotely import SECRET, TICKET, listener, output, remote, server

__all__ = ["listener", "remote", "server"]


def line(number: int, **fields: Any) -> str:
    data = {"ticket": {**TICKET["ticket"], "id": f"tkt_{number}"}}
    return json.dumps({"type": "ticket.created", "data": data, **fields}) + "\n"


def test_a_file_is_published_once_however_often_it_is_run(remote: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "once.ndjson"
    file.write_text("".join(line(number) for number in range(25)))
    command = ["events", "publish", "--file", str(file), "--batch", "10"]

    first = output(remote(*command, "--json"))
    file.write_text(file.read_text() + line(25))
    second = output(remote(*command, "--json"))
    for_people = remote(*command)

    assert first == {"events": 25, "duplicates": 0, "deliveries": 0}
    assert second == {"events": 26, "duplicates": 25, "deliveries": 0}
    assert for_people.stdout == "26 events are published, 26 of them before, with 0 deliveries.\n"


def test_people_see_how_far_it_is(server: str, tmp_path: Path) -> None:
    file = tmp_path / "many.ndjson"
    file.write_text("".join(line(number) for number in range(20)))
    ours, theirs = pty.openpty()
    settings = {"EEV_WEBHOOKS_URL": server, "EEV_WEBHOOKS_KEY": KEY, "TERM": "xterm"}
    command: list[str | Path] = [PROGRAM, "events", "publish", "--file", file, "--batch", "2"]

    ended = subprocess.run(
        command, env=environment(settings), cwd=tmp_path, stdout=subprocess.PIPE, stderr=theirs, check=True
    )
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)

    assert "Publishing" in shown
    assert f"/{file.stat().st_size / 1000:.1f} kB" in shown
    assert ended.stdout == b"20 events are published, with 0 deliveries.\n"


def test_the_same_file_under_another_prefix_is_published_again(remote: Invoke) -> None:
    command = ["events", "publish", "--file", "-", "--json"]

    first = output(remote(*command, given=line(1)))
    other = output(remote(*command, "--key-prefix", "another", given=line(1)))

    assert (first["duplicates"], other["duplicates"]) == (0, 0)


def test_a_line_that_is_refused_is_named_and_what_came_before_it_is_published(remote: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "wrong.ndjson"
    file.write_text(line(1) + line(2) + "\n" + line(3) + line(4, type="ticket.burnt"))
    command = ["events", "publish", "--file", str(file), "--batch", "2"]

    refused = remote(*command)
    file.write_text(file.read_text().replace("ticket.burnt", "ticket.created"))
    mended = output(remote(*command, "--json"))

    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith('Line 5: There is no event type "ticket.burnt".')
    assert "3 events are published, with 0 deliveries. Run it again to go on" in refused.stderr
    assert mended == {"events": 4, "duplicates": 3, "deliveries": 0}


def test_cloud_events_are_published_by_their_own_keys(remote: Invoke) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/cli", "type": "ticket.created", "data": TICKET}
    command = ["events", "publish", "--file", "-", "--json"]

    published = [output(remote(*command, "--key-prefix", prefix, given=json.dumps(event))) for prefix in ("a", "b")]

    assert [one["duplicates"] for one in published] == [0, 1]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{\n", "Line 1 is no JSON"),
        ("[]\n", "Line 1 is no JSON object"),
        ('{"type": 5}', "Line 1: type must be a string. (type)"),
    ],
)
def test_what_is_no_event_is_named(remote: Invoke, text: str, why: str) -> None:
    result = remote("events", "publish", "--file", "-", given=text)

    assert (result.exit_code, result.stdout) == (1, "")
    assert why in result.stderr


def test_a_file_that_is_not_there_is_wrong_usage(remote: Invoke) -> None:
    result = remote("events", "publish", "--file", "nowhere.ndjson", COLUMNS="500")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "nowhere.ndjson cannot be read" in result.stderr


class Unsteady:
    """A server that ends its stream with each of these errors, after one answer more each time."""

    def __init__(self, *errors: Refused) -> None:
        self.errors = list(errors)
        self.received: list[bytes] = []

    async def answers(self, body: AsyncIterator[bytes]) -> AsyncGenerator[dict[str, Any], None]:
        answered = 0
        async for text in body:
            for sent in text.splitlines():
                self.received.append(sent)
                if answered == 1 and self.errors:
                    raise self.errors.pop(0)
                answered += 1
                yield {"line": answered, "deliveryCount": 2, "duplicate": False}


def lines(count: int) -> Iterator[Line]:
    return iter([Line(number, f"{number}".encode(), 10) for number in range(count)])


async def test_a_stream_that_breaks_off_is_resumed_with_what_was_not_answered() -> None:
    server = Unsteady(TryLater("Too many requests.", 0.001), TryLater("Closing.", 0.001), Lost("Gone."))
    done: list[int] = []

    published = await publish_all(server.answers, lines(5), done.append, 2)

    assert (published.events, published.deliveries, done) == (5, 10, [10] * 5)
    assert server.received == [b"0", b"1", b"1", b"2", b"2", b"3", b"3", b"4"]


async def test_a_server_that_stays_overloaded_or_is_not_there_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "PATIENCE_SECONDS", 0.0015)

    async def refusing(error: Refused, _: AsyncIterator[bytes]) -> AsyncGenerator[dict[str, Any], None]:
        for each in (error,):
            raise each
        yield {}

    for error in (TryLater("Too many requests.", 0.001), Lost("No server answers.")):
        with pytest.raises(Refused, match=f"{error}\n0 events are published"):
            await publish_all(partial(refusing, error), lines(1), lambda _: None, 2)


def test_events_are_replayed_to_a_webhook_that_never_got_them(remote: Invoke, listener: str) -> None:
    output(remote("events", "publish", "--file", "-", "--json", given=line(100) + line(101)))
    made = output(remote("webhooks", "create", listener, "--event-type", "ticket.*", "--secret", SECRET, "--json"))
    command = ["replay", made["webhook"]["id"], "--since", "1h", "--event-type", "ticket.created"]

    counted = output(remote(*command, "--dry-run", "--json"))
    waited = output(remote(*command, "--wait", "--json"))
    again = remote(*command, "--dry-run")
    all_again = output(remote(*command, "--all", "--json"))

    assert counted["operation"] is None
    assert counted["matched"] >= 2
    assert waited["matched"] == counted["matched"]
    assert (waited["operation"]["status"], waited["operation"]["done"]) == ("COMPLETED", counted["matched"])
    assert again.stdout == "0 events would be sent.\n"
    assert all_again["operation"]["id"].startswith("op_")


def test_a_replay_to_nobody_is_refused(remote: Invoke) -> None:
    result = remote("replay", "wh_nobody", "--since", "1h")

    assert (result.exit_code, result.stdout) == (1, "")
    assert 'No webhook has the id "wh_nobody"' in result.stderr
