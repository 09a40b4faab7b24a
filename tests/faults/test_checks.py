"""The comparison finds what it exists for: each test breaks one thing in a round without faults."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from standardwebhooks import Webhook

from tests.clock import FakeClock
from tests.faults import checks
from tests.faults.checks import Found
from tests.faults.journal import Pair, Request
from tests.faults.load import Published
from tests.faults.receiver import ALERTS, FLAKY, GONE, QUICK

EVENT = "evt_1"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"id":"evt_1","type":"agent.response","timestamp":"2026-11-23T10:00:00Z","data":{}}'
CLOCK = FakeClock(datetime.now(UTC).replace(microsecond=0))
PAIR = Pair(EVENT, QUICK)

Break = Callable[[Found], None]


def request(path: str, **changes: Any) -> Request:
    signature = Webhook(SECRET).sign(EVENT, CLOCK.now(), BODY)
    arrived = Request(Pair(EVENT, path), 1.0, 1, str(int(CLOCK.now().timestamp())), signature, BODY, 200, 1.1, 1)
    return replace(arrived, **changes)


def attempt(path: str, **changes: Any) -> dict[str, Any]:
    headers = orjson.dumps([["webhook-timestamp", str(int(CLOCK.now().timestamp()))]]).decode()
    made = {"delivery_id": f"dlv{path}", "number": 1, "request_headers": headers, "response_status": 200}
    return made | {"event_id": EVENT, "url": f"http://receiver{path}", **changes}


def delivery(path: str) -> dict[str, Any]:
    done = {"status": "SUCCEEDED", "attempt_count": 1, "claimed_by": None, "next_attempt_at": None}
    return done | {"id": f"dlv{path}", "event_id": EVENT, "sequence": 1, "url": f"http://receiver{path}"}


@pytest.fixture(autouse=True)
def now() -> None:
    """Signatures use the present time, because the reference library refuses those that are five minutes old."""
    CLOCK.advance(datetime.now(UTC).replace(microsecond=0) - CLOCK.now())


@pytest.fixture
def found() -> Found:
    """A round in which one event was published, reached all webhooks that select it, and was followed."""
    paths = [QUICK, FLAKY, GONE]
    return Found(
        published=[Published("key-1", EVENT, "agent.response", 3, 1.0, 1)],
        events=[{"id": EVENT, "type": "agent.response", "body": BODY, "idempotency_key": "key-1"}],
        deliveries=[delivery(path) for path in paths],
        attempts=[attempt(path) for path in paths],
        requests=[request(path) for path in paths],
        secrets=dict.fromkeys(checks.WANTED, SECRET),
        held=set(),
        seen=[{f"dlv{path}": {"PENDING", "SUCCEEDED"} for path in paths}],
        accounts=[{"url": f"http://receiver{path}", "matched": 1, "accounted": 1, "kept": 1} for path in paths],
    )


def test_a_round_that_was_well_has_no_problems(found: Found) -> None:
    assert checks.problems(found) == []


def _never_arrived(found: Found) -> None:
    found.requests, found.attempts = found.requests[1:], found.attempts[1:]
    found.deliveries[0]["attempt_count"] = 0


def _two_events(found: Found) -> None:
    found.events = [*found.events, found.events[0] | {"id": "evt_2"}]


def _never_acknowledged(found: Found) -> None:
    found.events = [*found.events, {"id": "evt_2", "type": "x", "body": "", "idempotency_key": "key-2"}]


def _too_few_deliveries(found: Found) -> None:
    found.published = [replace(found.published[0], deliveries=1)]


def _no_row(found: Found) -> None:
    found.deliveries = found.deliveries[1:]


def _open(found: Found) -> None:
    found.deliveries[0]["status"] = "RETRYING"


def _held_for_ever(found: Found) -> None:
    found.deliveries[0]["claimed_by"] = "wrk_1"


def _miscounted(found: Found) -> None:
    found.deliveries[0]["attempt_count"] = 2


def _another_body(found: Found) -> None:
    found.requests = [request(QUICK, body=BODY.replace("{}", '{"a":1}')), *found.requests[1:]]


def _wrongly_signed(found: Found) -> None:
    found.secrets = {**found.secrets, QUICK: "whsec_" + "A" * 32}


def _to_nobody(found: Found) -> None:
    found.requests = [*found.requests, request("/slow")]


def _twice(found: Found) -> None:
    found.requests = [*found.requests, request(QUICK, attempt=2)]
    found.attempts = [*found.attempts, attempt(QUICK, number=2)]
    found.deliveries[0]["attempt_count"] = 2


def _unrecorded(found: Found) -> None:
    found.requests = [*found.requests, request(QUICK, attempt=2, status=None)]


def _invented(found: Found) -> None:
    found.attempts = [*found.attempts, attempt(QUICK, number=2)]
    found.deliveries[0]["attempt_count"] = 2


def _unseen(found: Found) -> None:
    found.seen = [{"dlv/quick": {"PENDING"}, "dlv/flaky": {"SUCCEEDED"}}]


def _a_hole(found: Found) -> None:
    found.accounts = [{"url": "http://receiver/quick", "matched": 3, "accounted": 2, "kept": 2}]


def _a_place_twice(found: Found) -> None:
    found.accounts = [{"url": "http://receiver/quick", "matched": 2, "accounted": 2, "kept": 3}]


def _another_place(found: Found) -> None:
    found.requests = [request(QUICK, sequence=2), *found.requests[1:]]


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (_a_hole, "was given 3 places, and has 2 in 2 rows"),
        (_a_place_twice, "was given 2 places, and has 2 in 3 rows"),
        (_another_place, "arrived with the place 2 instead of 1"),
        (_never_arrived, "acknowledged and never arrived"),
        (_two_events, "the rows say ['evt_1', 'evt_2']"),
        (_never_acknowledged, "was not acknowledged"),
        (_too_few_deliveries, "1 deliveries instead of 3"),
        (_no_row, "has 0 deliveries"),
        (_open, "is stuck"),
        (_held_for_ever, "is stuck"),
        (_miscounted, "has 1 attempts and counts 2"),
        (_another_body, "another body"),
        (_wrongly_signed, "does not verify"),
        (_to_nobody, "nobody published it"),
        (_twice, "was taken in 2 times"),
        (_unrecorded, "is not recorded as an attempt"),
        (_invented, "never arrived"),
        (_unseen, "Follower 1 did not see"),
    ],
)
def test_what_is_wrong_is_said(found: Found, break_it: Break, said: str) -> None:
    break_it(found)

    assert any(said in problem for problem in checks.problems(found)), checks.problems(found)


def test_a_webhook_that_is_disabled_may_miss_an_event_and_take_it_later(found: Found) -> None:
    found.published = [replace(found.published[0], deliveries=2)]

    assert checks.problems(found) == []


def test_an_alert_has_to_arrive_like_any_event(found: Found) -> None:
    found.alerts = [{"id": "evt_2", "type": "webhook.disabled", "body": "{}"}]

    assert checks.lost(found) == [Pair("evt_2", ALERTS)]


def test_holes_are_counted(found: Found) -> None:
    found.accounts = [{"url": "http://receiver/quick", "matched": 3, "accounted": 1, "kept": 1}]

    assert checks.holes(found) == 2


def test_one_late_delivery_in_twenty_is_said(found: Found) -> None:
    at_once = checks.slow(found)

    found.published = [replace(found.published[0], acknowledged_at=1.0 - 2 * checks.PROMPT_SECONDS)]

    assert at_once == []
    assert checks.slow(found) == ["One delivery in twenty arrived later than 20.0 s."]


def test_what_a_disabled_webhook_takes_later_is_not_late(found: Found) -> None:
    found.requests = [*found.requests[:2], request(GONE, at=1.0 + 2 * checks.PROMPT_SECONDS)]

    assert checks.slow(found) == []


def test_what_was_held_may_go_out_once_more_and_lack_one_attempt(found: Found) -> None:
    found.requests = [*found.requests, request(QUICK)]
    found.held = {PAIR}

    assert checks.problems(found) == []
    assert checks.doubles(found) == {PAIR: 1}


def test_but_not_twice_more(found: Found) -> None:
    found.requests = [*found.requests, request(QUICK), request(QUICK)]
    found.held = {PAIR}

    assert any("was taken in 3 times" in problem for problem in checks.problems(found))
