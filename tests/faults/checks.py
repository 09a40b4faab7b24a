"""Compares what was promised (acknowledged events), what was written (rows) and what arrived (the receiver's journal).

Pure: findings in, problems out. Has its own table of which webhook selects which event type.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

import orjson
from standardwebhooks import Webhook

from tests.faults.journal import Pair, Request
from tests.faults.load import Published
from tests.faults.receiver import AILING, ALERTS, FLAKY, GONE, QUICK, SLOW
from tests.faults.truth import Row, pair_of

# The event types that each webhook of the suite selects, independent of the product's own matching.
WANTED: Mapping[str, Collection[str]] = {
    QUICK: {"ticket.created", "ticket.assigned", "agent.response"},
    SLOW: {"ticket.created", "ticket.assigned"},
    FLAKY: {"ticket.created", "agent.response"},
    GONE: {"agent.response"},
    AILING: {"conversation.closed"},
}
# Published once in a round; all others continuously.
ONCE = WANTED[AILING]
# A first attempt begins within milliseconds, on a machine that is busy otherwise within this.
PROMPT_SECONDS = 10.0
EVENT_TYPES = sorted(set().union(*WANTED.values()))
USUAL = [kind for kind in EVENT_TYPES if kind not in ONCE]


@dataclass
class Found:
    """Everything to compare, of one round.

    Attributes:
        published: acknowledged events.
        alerts: the events of alerts, all of which go to ALERTS.
        requests: requests that reached the receiver, in order.
        secrets: of each webhook, by its path.
        accounts: of each webhook, the places given and the rows that account for them.
        held: deliveries in flight when a fault happened, which may be sent once more.
        seen: for each follower, the statuses in which it saw each delivery.
    """

    published: Sequence[Published]
    events: Sequence[Row]
    deliveries: Sequence[Row]
    attempts: Sequence[Row]
    requests: Sequence[Request]
    secrets: Mapping[str, str]
    held: Collection[Pair]
    seen: Sequence[Mapping[str, Collection[str]]] = field(default_factory=list)
    accounts: Sequence[Row] = ()
    alerts: Sequence[Row] = ()

    @cached_property
    def expected(self) -> set[Pair]:
        """The deliveries that must arrive."""
        published = {
            Pair(event.event_id, path)
            for event in self.published
            for path, wanted in WANTED.items()
            if event.type in wanted
        }
        return published | {Pair(alert["id"], ALERTS) for alert in self.alerts}

    @cached_property
    def by_pair(self) -> dict[Pair, list[Request]]:
        """The requests of each event to each webhook."""
        found: dict[Pair, list[Request]] = defaultdict(list)
        for request in self.requests:
            found[request.pair].append(request)
        return found


def lost(found: Found) -> list[Pair]:
    """Acknowledged events that never arrived."""
    return sorted(found.expected - {request.pair for request in found.requests})


def doubles(found: Found) -> Counter[Pair]:
    """How often each event was accepted again by a webhook that had accepted it already."""
    taken = Counter(request.pair for request in found.requests if request.succeeded)
    return Counter({pair: count - 1 for pair, count in taken.items() if count > 1})


def stuck(found: Found) -> list[Row]:
    """Deliveries that have not ended, or that somebody still holds."""
    return [row for row in found.deliveries if _is_stuck(row)]


def uncounted(found: Found) -> list[tuple[str, str, int, str]]:
    """Requests that arrived without a recorded attempt although nothing happened to their sender."""
    recorded = Counter(_attempt_mark(row) for row in found.attempts)
    arrived = Counter(_request_mark(request) for request in found.requests)
    return [mark for mark in (arrived - recorded).elements() if Pair(mark[0], mark[1]) not in found.held]


def slow(found: Found) -> list[str]:
    """A sentence if one delivery in twenty arrived late after its event was acknowledged. What GONE misses arrives when
    it is mended.
    """
    at = {event.event_id: event.acknowledged_at for event in found.published}
    delays = sorted(
        requests[0].at - at[pair.event_id]
        for pair, requests in found.by_pair.items()
        if pair.event_id in at and pair.path != GONE
    )
    late = delays[len(delays) * 95 // 100] if delays else 0.0
    return [f"One delivery in twenty arrived later than {late:.1f} s."] if late > PROMPT_SECONDS else []


def holes(found: Found) -> int:
    """Number of places that were given, and that no row accounts for."""
    return sum(row["matched"] - row["accounted"] for row in found.accounts)


def problems(found: Found) -> list[str]:
    """Everything that is wrong, as sentences."""
    return [
        *(f"{pair} was acknowledged and never arrived." for pair in lost(found)),
        *_wrong_events(found),
        *_wrong_deliveries(found),
        *_wrong_requests(found),
        *_unexplained_doubles(found),
        *_unrecorded(found),
        *_unseen(found),
        *_unaccounted(found),
        *_wrong_places(found),
    ]


def _wrong_events(found: Found) -> Iterable[str]:
    by_key = defaultdict(list)
    for row in found.events:
        by_key[row["idempotency_key"]].append(row["id"])
    for event in found.published:
        if by_key[event.key] != [event.event_id]:
            yield f"The key {event.key} was acknowledged as {event.event_id}, and the rows say {by_key[event.key]}."
        wanted = sum(event.type in types for types in WANTED.values())
        # What a webhook misses while it is DISABLED is no delivery.
        missed = event.type in WANTED[GONE]
        if event.deliveries not in {wanted, wanted - missed}:
            yield f"{event.event_id} ({event.type}) was said to have {event.deliveries} deliveries instead of {wanted}."
    for key in by_key.keys() - {event.key for event in found.published}:
        yield f"The key {key} is in the database and was not acknowledged, although its publisher repeated it."


def _wrong_deliveries(found: Found) -> Iterable[str]:
    rows = Counter(pair_of(row) for row in found.deliveries)
    for pair in found.expected ^ rows.keys():
        yield f"{pair} has {rows[pair]} deliveries."
    attempts = Counter(row["delivery_id"] for row in found.attempts)
    for row in found.deliveries:
        if _is_stuck(row):
            yield f"A delivery is stuck: {row}."
        if row["attempt_count"] != attempts[row["id"]]:
            yield f"A delivery has {attempts[row['id']]} attempts and counts {row['attempt_count']}: {row}."


def _wrong_requests(found: Found) -> Iterable[str]:
    bodies = {row["id"]: row["body"] for row in [*found.events, *found.alerts]}
    verifiers = {path: Webhook(secret) for path, secret in found.secrets.items()}
    for request in found.requests:
        if request.pair not in found.expected:
            yield f"{request.pair} arrived, and nobody published it."
        elif request.body != bodies[request.pair.event_id]:
            yield f"{request.pair} arrived with another body than the row's."
        elif not _verified(verifiers[request.pair.path], request):
            yield f"{request.pair} arrived with a signature that does not verify."


def _verified(verifier: Webhook, request: Request) -> bool:
    """By the reference library, which refuses to verify timestamps of other times: some faults are of clocks."""
    signed_at = datetime.fromtimestamp(int(request.timestamp), UTC)
    signature = verifier.sign(request.pair.event_id, signed_at, request.body)
    return signature in request.signature.split() and orjson.loads(request.body)["id"] == request.pair.event_id


def _unexplained_doubles(found: Found) -> Iterable[str]:
    for pair, count in doubles(found).items():
        if count > (pair in found.held):
            times = [f"{request.at:.3f} #{request.attempt} {request.status}" for request in found.by_pair[pair]]
            yield f"{pair} was taken in {count + 1} times (held: {pair in found.held}): {'; '.join(times)}."


def _unrecorded(found: Found) -> Iterable[str]:
    """Requests that arrived without a recorded attempt, and the reverse."""
    for mark in uncounted(found):
        yield f"A request arrived and is not recorded as an attempt: {mark}."
    arrived = Counter(_request_mark(request) for request in found.requests)
    answered = Counter(_attempt_mark(row) for row in found.attempts if row["response_status"] is not None)
    for mark in answered - arrived:
        yield f"An attempt is recorded with an answer, and never arrived: {mark}."


def _unaccounted(found: Found) -> Iterable[str]:
    for row in found.accounts:
        if not row["matched"] == row["accounted"] == row["kept"]:
            yield f"{row['url']} was given {row['matched']} places, and has {row['accounted']} in {row['kept']} rows."


def _wrong_places(found: Found) -> Iterable[str]:
    """Requests that carry another place than their delivery has."""
    places = {pair_of(row): row["sequence"] for row in found.deliveries}
    for request in found.requests:
        if request.pair in places and request.sequence != places[request.pair]:
            yield f"{request.pair} arrived with the place {request.sequence} instead of {places[request.pair]}."


def _is_stuck(row: Row) -> bool:
    return row["status"] != "SUCCEEDED" or row["claimed_by"] is not None or row["next_attempt_at"] is not None


def _request_mark(request: Request) -> tuple[str, str, int, str]:
    return (*request.pair, request.attempt, request.timestamp)


def _attempt_mark(row: Row) -> tuple[str, str, int, str]:
    """What identifies both an attempt and its request: event, webhook, number and the second of the signature."""
    headers = dict(orjson.loads(row["request_headers"]))
    return (*pair_of(row), row["number"], headers["webhook-timestamp"])


def _unseen(found: Found) -> Iterable[str]:
    for number, seen in enumerate(found.seen, 1):
        for row in found.deliveries:
            if row["status"] not in seen.get(row["id"], ()):
                yield f"Follower {number} did not see that {row['id']} {row['status']}, only {seen.get(row['id'])}."
