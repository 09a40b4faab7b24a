"""The comparison of changes with alerts, problems and accounts finds what it exists for: each test breaks one thing."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from tests.faults import changes
from tests.faults.changes import AtRest, Changes
from tests.faults.journal import Pair, Request
from tests.faults.receiver import AILING, ALERTS, CONTACT, GONE

Break = Callable[[Changes], None]


def alert(number: int, kind: str, path: str, **data: Any) -> dict[str, Any]:
    body = {"type": kind, "data": {"webhook": {"id": f"wh{path}", "name": path}, **data}}
    return {"id": f"evt_{number}", "type": kind, "body": orjson.dumps(body).decode()}


def message(event_id: str) -> Request:
    return Request(Pair(event_id, CONTACT), 1.0, 1, "1", "", "", 200, 1.1)


def account(**parts: int) -> dict[str, int]:
    known = dict.fromkeys(["pending", "succeeded", "failed", "canceled", "missedWhileDisabled"], 0) | parts
    return {"matched": sum(known.values()), **known}


@pytest.fixture
def found() -> Changes:
    """GONE refused one event and missed two; AILING refused one. There were alerts about all of it."""
    return Changes(
        at_rest=AtRest(
            failed=["dlv_1"],
            disabled=[GONE],
            problems=[{"url": f"http://receiver{path}", "failures": 1} for path in (GONE, AILING)],
            failures={GONE: 1, AILING: 1},
            accounts={
                GONE: account(failed=1, missedWhileDisabled=2),
                AILING: account(succeeded=1),
                ALERTS: account(succeeded=4),
            },
            published={GONE: 3, AILING: 1, ALERTS: 4},
        ),
        alerts=[
            alert(1, "webhook.failing", AILING, failure={"percent": 50}),
            alert(2, "webhook.recovered", AILING),
            alert(3, "webhook.disabled", GONE),
            alert(4, "delivery.exhausted", GONE, delivery={"id": "dlv_1"}),
            alert(5, "webhook.recovered", GONE),
        ],
        accounts={GONE: account(succeeded=3), AILING: account(succeeded=1), ALERTS: account(succeeded=5)},
        published={GONE: 3, AILING: 1, ALERTS: 5},
        told=[message("evt_3")],
    )


def test_a_round_that_was_well_has_no_problems(found: Changes) -> None:
    assert changes.problems(found) == []


def _not_told(found: Changes) -> None:
    found.alerts = found.alerts[:-1]


def _told_twice(found: Changes) -> None:
    found.alerts = [*found.alerts, found.alerts[2]]


def _told_of_another_delivery(found: Changes) -> None:
    found.alerts = [*found.alerts, alert(6, "delivery.exhausted", GONE, delivery={"id": "dlv_2"})]


def _one_event_is_not_accounted_for(found: Changes) -> None:
    found.at_rest.accounts = {**found.at_rest.accounts, GONE: account(failed=1, missedWhileDisabled=1)}


def _parts_do_not_add_up(found: Changes) -> None:
    found.accounts = {**found.accounts, GONE: account(succeeded=3) | {"succeeded": 2}}


def _still_missing(found: Changes) -> None:
    found.accounts = {**found.accounts, GONE: account(succeeded=2, missedWhileDisabled=1)}


def _a_failure_accounted_for_otherwise(found: Changes) -> None:
    found.at_rest.accounts = {**found.at_rest.accounts, GONE: account(failed=0, missedWhileDisabled=3)}


def _a_failure_not_counted(found: Changes) -> None:
    found.at_rest.failures = {GONE: 2, AILING: 1}


def _two_messages_in_an_hour(found: Changes) -> None:
    found.told = [message("evt_3"), message("evt_4")]


def _no_message(found: Changes) -> None:
    found.told = []


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (_not_told, "no alert about Change(type='webhook.recovered', path='/gone'"),
        (_told_twice, "an alert too many about Change(type='webhook.disabled'"),
        (_told_of_another_delivery, "an alert too many about Change(type='delivery.exhausted'"),
        (_one_event_is_not_accounted_for, "/gone selects 3 events, and at rest its account says"),
        (_parts_do_not_add_up, "/gone selects 3 events, and mended its account says"),
        (_still_missing, "/gone is mended, and its account says"),
        (_a_failure_accounted_for_otherwise, "1 deliveries to /gone have failed, and its account says"),
        (_a_failure_not_counted, "2 attempts at /gone have failed, and its problems count 1"),
        (_two_messages_in_an_hour, "The contact was sent ['evt_3', 'evt_4']"),
        (_no_message, "The contact was sent []"),
    ],
)
def test_what_is_wrong_is_said(found: Changes, break_it: Break, said: str) -> None:
    break_it(found)

    assert any(said in problem for problem in changes.problems(found)), changes.problems(found)


def test_a_message_that_was_sent_twice_is_one_message(found: Changes) -> None:
    found.told = [message("evt_3"), message("evt_3")]

    assert changes.problems(found) == []


def test_a_failure_that_a_frozen_process_records_later_may_open_a_problem_again(found: Changes) -> None:
    found.at_rest.failures, found.held = {GONE: 1, AILING: 2}, {AILING}

    assert changes.problems(found) == []
