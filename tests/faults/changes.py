"""Compares how webhooks changed their state in a round with the alerts, problems and accounts that say so.

Pure: findings in, problems out. `tests.faults.patients` makes the changes.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from tests.faults.checks import WANTED
from tests.faults.journal import Request
from tests.faults.load import Published
from tests.faults.receiver import AILING, ALERTS, GONE
from tests.faults.truth import Row, path_of

Account = Mapping[str, int]


class Change(NamedTuple):
    """A change of state, or the alert about it.

    Attributes:
        mark: the delivery that is exhausted, or how far a failing webhook is on the way to being disabled.
    """

    type: str
    path: str
    mark: str = ""


@dataclass
class AtRest:
    """Everything has come to rest, and GONE is still DISABLED.

    Attributes:
        failed: the deliveries that FAILED.
        disabled: the paths of webhooks that the audit log says were disabled in this round, each as often.
        problems: the rows of problems that changed in this round.
        failures: number of failing attempts in this round, by path.
        accounts: what the API says of each webhook, by path.
        published: number of events of all rounds until now that each webhook selects, by path.
    """

    failed: Collection[str]
    disabled: Sequence[str]
    problems: Sequence[Row]
    failures: Mapping[str, int]
    accounts: Mapping[str, Account]
    published: Mapping[str, int]


@dataclass
class Changes:
    """What webhooks went through in a round.

    Attributes:
        alerts: the events of alerts of this round.
        accounts, published: as in `AtRest`, after GONE was mended.
        told: requests that reached the contact of this round.
        held: the paths of webhooks with requests in flight when a fault happened.
    """

    at_rest: AtRest
    alerts: Sequence[Row]
    accounts: Mapping[str, Account]
    published: Mapping[str, int]
    told: Sequence[Request]
    held: Collection[str] = field(default_factory=set)


def published_by_path(published: Iterable[Published], alerts: int) -> dict[str, int]:
    """How many of these events each webhook selects; all alerts go to ALERTS."""
    by_type = Counter(event.type for event in published)
    selected = {path: sum(by_type[kind] for kind in wanted) for path, wanted in WANTED.items()}
    return {**selected, ALERTS: alerts}


def untold(changes: Changes) -> list[Change]:
    """Changes of state without an alert."""
    return sorted((_happened(changes) - _alerted(changes)).elements())


def told_again(changes: Changes) -> list[Change]:
    """Alerts about a change that has an alert already, or never happened."""
    return sorted((_alerted(changes) - _happened(changes)).elements())


def miscounted(changes: Changes) -> list[str]:
    """A sentence for each account that does not add up to what was published, or does not say what is so."""
    return [
        *_unequal("at rest", changes.at_rest.accounts, changes.at_rest.published),
        *_unequal("mended", changes.accounts, changes.published),
        *(
            f"{path} is mended, and its account says {account}."
            for path, account in changes.accounts.items()
            if account["succeeded"] != account["matched"]
        ),
        *_of_gone(changes.at_rest),
    ]


def problems(changes: Changes) -> list[str]:
    """Everything that is wrong, as sentences."""
    return [
        *(f"There is no alert about {change}." for change in untold(changes)),
        *(f"There is an alert too many about {change}." for change in told_again(changes)),
        *miscounted(changes),
        *_wrong_problems(changes),
        *_wrongly_told(changes),
    ]


def _happened(changes: Changes) -> Counter[Change]:
    return Counter(
        [
            # Its run of failures began three of five days ago; the second attempt of each delivery succeeds.
            Change("webhook.failing", AILING, "50"),
            Change("webhook.recovered", AILING),
            Change("webhook.recovered", GONE),
            *(Change("webhook.disabled", path) for path in changes.at_rest.disabled),
            *(Change("delivery.exhausted", GONE, delivery_id) for delivery_id in changes.at_rest.failed),
        ]
    )


def _alerted(changes: Changes) -> Counter[Change]:
    return Counter(_change(alert["type"], orjson.loads(alert["body"])["data"]) for alert in changes.alerts)


def _change(kind: str, data: Mapping[str, Mapping[str, object]]) -> Change:
    marks = {"delivery.exhausted": ("delivery", "id"), "webhook.failing": ("failure", "percent")}
    part, name = marks.get(kind, ("webhook", ""))
    return Change(kind, str(data["webhook"]["name"]), str(data[part].get(name, "")))


def _unequal(when: str, accounts: Mapping[str, Account], published: Mapping[str, int]) -> Iterable[str]:
    for path, selected in published.items():
        account = accounts[path]
        parts = sum(number for name, number in account.items() if name != "matched")
        if not account["matched"] == parts == selected:
            yield f"{path} selects {selected} events, and {when} its account says {account}."


def _of_gone(at_rest: AtRest) -> Iterable[str]:
    account = at_rest.accounts[GONE]
    if account["failed"] != len(at_rest.failed):
        yield f"{len(at_rest.failed)} deliveries to {GONE} have failed, and its account says {account}."


def _wrong_problems(changes: Changes) -> Iterable[str]:
    # A process that held an attempt and continues later may record a failure after the success of another process, and
    # open the problem again.
    for path in {GONE, AILING} - (set(changes.held) - {GONE}):
        counted = sum(row["failures"] for row in changes.at_rest.problems if path_of(row) == path)
        if counted != changes.at_rest.failures.get(path, 0):
            failures = changes.at_rest.failures.get(path, 0)
            yield f"{failures} attempts at {path} have failed, and its problems count {counted}."


def _wrongly_told(changes: Changes) -> Iterable[str]:
    messages = {request.pair.event_id for request in changes.told}
    disabled = {alert["id"] for alert in changes.alerts if alert["type"] == "webhook.disabled"}
    if len(messages) != 1 or not messages <= disabled:
        yield f"The contact was sent {sorted(messages)} instead of one of {sorted(disabled)}."
