"""How deliveries look in a terminal, and as JSON."""

import json
from io import StringIO

import pytest
from rich.console import Console

from app.cli.listen.misbehaviour import Answer
from app.cli.listen.requests import Request
from app.cli.listen.show import MAX_SHOWN_CHARACTERS, as_json, print_delivery, printable
from app.cli.listen.verdict import Judge, Verdict
from tests.app.cli.listen.signed import BODY, SECRET, headers
from tests.clock import START


def judged(sent: dict[str, str], body: bytes = BODY, path: str = "/hook") -> Verdict:
    return Judge([SECRET]).judge(Request("POST", path, sent, body, keep_alive=True), START)


def printed(verdict: Verdict, answer: Answer | None = None, *, with_body: bool = True) -> str:
    file = StringIO()
    print_delivery(Console(file=file, width=80), verdict, answer or Answer(), with_body=with_body)
    return file.getvalue()


def test_a_delivery_is_one_line_and_its_payload() -> None:
    line, *payload = printed(judged(headers(at=START))).splitlines()

    assert line.endswith("  POST /hook  ticket.created  evt_1  attempt 1  ✓ verified  → 200")
    assert json.loads("\n".join(payload)) == json.loads(BODY)
    assert len(payload) > 5


def test_a_quiet_one_is_one_line() -> None:
    [line] = printed(judged(headers(at=START)), with_body=False).splitlines()

    assert "✓ verified" in line


def test_what_is_not_verified_says_why() -> None:
    [line, body] = printed(judged({}, b"hello"), Answer(status=401)).splitlines()

    assert line.endswith("no event type  no webhook-id  attempt ?  ✗ The header webhook-id is missing.  → 401")
    assert body == "hello"


def test_a_double_is_marked() -> None:
    judge = Judge([SECRET])
    requests = [Request("POST", "/", headers(at=START), BODY, keep_alive=True)] * 3

    lines = [printed(judge.judge(request, START), with_body=False) for request in requests]

    assert ["seen once before" in line for line in lines] == [False, True, False]
    assert "seen 2 times before" in lines[2]


@pytest.mark.parametrize("odd", ["\x1b[31m", "\x9b31m", "\r", "\x00", "\u202e", "\ud800"])
def test_nothing_that_comes_can_control_the_terminal(odd: str) -> None:
    shown = printable(f"a{odd}b\nc")

    assert odd[0] not in shown
    assert shown.startswith("a\\")
    assert shown.endswith("b\nc")


def test_what_a_request_holds_is_shown_as_it_is_but_harmless() -> None:
    body = json.dumps({"type": "a\x1b[31m[bold]b"}, ensure_ascii=False).replace("\\u001b", "\x1b").encode()
    hostile = printed(judged({"webhook-attempt": "\x9b1"}, body, "/[red]\x1b[2J"))

    assert "\x1b" not in hostile
    assert "\x9b" not in hostile
    assert "POST /[red]\\x1b[2J" in hostile


def test_a_long_body_is_cut_and_says_so() -> None:
    shown = printed(judged({}, b"x" * (MAX_SHOWN_CHARACTERS + 5)))

    assert shown.count("x") == MAX_SHOWN_CHARACTERS + shown.partition("\n")[0].count("x")
    assert shown.endswith("\n… and 5 characters more; --json shows all.\n")


def test_scripts_get_everything() -> None:
    sent = headers(at=START)

    assert json.loads(as_json(judged(sent), Answer())) == {
        "kind": "delivery",
        "at": "2026-03-14T09:26:53.589Z",
        "method": "POST",
        "path": "/hook",
        "eventType": "ticket.created",
        "webhookId": "evt_1",
        "attempt": "1",
        "verified": True,
        "reason": None,
        "timesBefore": 0,
        "answer": "200",
        "headers": sent,
        "payload": json.loads(BODY),
        "body": None,
    }


def test_scripts_get_a_body_that_is_no_json_as_text() -> None:
    shown = json.loads(as_json(judged({}, b"hello \xff"), Answer(status=401)))

    assert (shown["verified"], shown["payload"], shown["body"]) == (False, None, "hello \ufffd")
