"""A webhook's state, decided from facts and, for lists, in SQL: both agree."""

from collections.abc import Iterator
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.clock import Micros, to_micros
from app.database.batch import Columns
from app.delivery.unreadable import REASON
from app.ids import ATTEMPT, DELIVERY, WEBHOOK, new_id
from app.statuses import AttemptOutcome, HealthState, WebhookStatus, WebhookStatusReason
from app.webhooks.health.reason import reason_of
from app.webhooks.health.state import UNREADABLE, Facts, state_of, state_sql
from tests.clock import START
from tests.domain import Domain

NOW = to_micros(START)
THRESHOLD = 10
EARLIER, LATER = Micros(NOW - 1_000_000), Micros(NOW + 1_000_000)
WELL = Facts(True, WebhookStatus.ACTIVE, None, None, 0, None, None, None, None, None, 0, True)

moments = st.none() | st.integers(NOW - 10**9, NOW + 10**9).map(Micros)
all_facts = st.builds(
    Facts,
    kept=st.booleans(),
    status=st.sampled_from(WebhookStatus),
    status_reason=st.none() | st.just("The receiver answered 410 Gone."),
    status_reason_code=st.none() | st.sampled_from(WebhookStatusReason),
    failures=st.integers(0, 30),
    failing_since=moments,
    held_until=moments,
    next_slot_at=moments,
    last_failure_status=st.none() | st.sampled_from([200, 404, 429, 503]),
    next_due_at=moments,
    backlog=st.integers(0, 10_000),
    attempted=st.booleans(),
)


def state(**changed: Any) -> HealthState:
    return state_of(WELL._replace(**changed), NOW, THRESHOLD)


@given(all_facts)
def test_what_is_sent_nowhere_says_so_first(facts: Facts) -> None:
    found = state_of(facts, NOW, THRESHOLD)

    if not facts.kept or facts.status is WebhookStatus.DISABLED:
        assert found is HealthState.DISABLED
    elif facts.status is WebhookStatus.PAUSED:
        assert found is HealthState.PAUSED
    else:
        assert found not in {HealthState.DISABLED, HealthState.PAUSED}


@given(all_facts, st.integers(1, 30))
def test_the_breaker_is_open_exactly_from_its_threshold(facts: Facts, threshold: int) -> None:
    sends = facts._replace(kept=True, status=WebhookStatus.ACTIVE, status_reason_code=None)

    assert (state_of(sends, NOW, threshold) is HealthState.BREAKER_OPEN) == (facts.failures >= threshold)


@given(all_facts)
def test_only_a_webhook_without_failures_is_healthy_or_idle(facts: Facts) -> None:
    if state_of(facts, NOW, THRESHOLD) in {HealthState.HEALTHY, HealthState.IDLE}:
        assert facts.failures == 0


@given(all_facts, st.sampled_from(sorted(UNREADABLE)))
def test_a_webhook_that_the_server_cannot_read_is_never_healthy(facts: Facts, code: WebhookStatusReason) -> None:
    sends = facts._replace(kept=True, status=WebhookStatus.ACTIVE, status_reason_code=code, backlog=3)

    found = state_of(sends, NOW, THRESHOLD)

    assert found is HealthState.FAILING
    reason = reason_of(found, sends._replace(status_reason="The webhook's secrets cannot be decrypted."), None, None)
    assert reason == "The webhook's secrets cannot be decrypted. 3 deliveries wait."


@given(all_facts, st.none() | st.just("Answered 503 Service Unavailable."), moments)
def test_the_reason_is_sentences_with_something_to_do(facts: Facts, error: str | None, disables_at: Micros) -> None:
    if facts.status_reason_code in UNREADABLE and facts.status is WebhookStatus.ACTIVE:
        facts = facts._replace(status_reason=REASON)
    reason = reason_of(state_of(facts, NOW, THRESHOLD), facts, error, disables_at)

    remedies = (
        "esume the webhook",
        "Raise",
        "epair",
        "Publish",
        "Create a new one",
        "replace the webhook",
        "Nothing needs to be done",
    )
    assert any(remedy in reason for remedy in remedies), reason
    assert reason[0].isupper()
    assert reason.endswith(".")
    assert "None" not in reason


def test_a_webhook_to_which_nothing_was_sent_is_idle_until_something_waits_for_it() -> None:
    assert state(attempted=False) is HealthState.IDLE
    assert state(attempted=False, backlog=1) is HealthState.HEALTHY


def test_a_webhook_is_rate_limited_while_due_deliveries_wait_for_its_next_slot() -> None:
    assert state(next_slot_at=LATER, next_due_at=EARLIER) is HealthState.RATE_LIMITED
    assert state(next_slot_at=LATER, next_due_at=LATER) is HealthState.HEALTHY
    assert state(next_slot_at=EARLIER, next_due_at=EARLIER) is HealthState.HEALTHY


def test_a_receiver_that_answers_429_limits_the_rate_for_as_long_as_it_is_left_alone() -> None:
    put_off = {"failures": 1, "last_failure_status": 429}

    assert state(**put_off, held_until=LATER) is HealthState.RATE_LIMITED
    assert state(**put_off, held_until=EARLIER) is HealthState.FAILING
    assert state(failures=1, last_failure_status=503, held_until=LATER) is HealthState.FAILING


def every_kind() -> Iterator[Facts]:
    """Facts in which each condition of the decision is met and not met, with every other."""
    for status, code, failures, held, slot, answer, due, attempted in product(
        (WebhookStatus.ACTIVE, WebhookStatus.PAUSED, WebhookStatus.DISABLED),
        (None, *sorted(UNREADABLE)),
        (0, 1, THRESHOLD - 1, THRESHOLD),
        (None, EARLIER, NOW, LATER),
        (None, EARLIER, NOW, LATER),
        (None, 429, 503),
        (None, EARLIER, NOW, LATER),
        (True, False),
    ):
        yield WELL._replace(
            status=status,
            status_reason_code=code,
            failures=failures,
            held_until=held,
            next_slot_at=slot,
            last_failure_status=answer,
            next_due_at=due,
            backlog=0 if due is None else 1,
            attempted=attempted or answer is not None,
        )


WEBHOOKS: Columns = (
    ("id", "text"),
    ("status", "text"),
    ("code", "text"),
    ("failures", "bigint"),
    ("held_until", "bigint"),
    ("slot", "bigint"),
    ("failure_id", "text"),
)
DUE: Columns = (("id", "text"), ("webhook_id", "text"), ("due", "bigint"))
ATTEMPTS: Columns = (("id", "text"), ("webhook_id", "text"), ("status", "bigint"))


async def test_lists_decide_in_sql_as_the_facts_do(domain: Domain) -> None:
    kinds = {new_id(WEBHOOK, START): facts for facts in every_kind()}
    attempts = {id_: new_id(ATTEMPT, START) for id_, facts in kinds.items() if facts.attempted}
    database, workspace_id = domain.resources.database, domain.caller.workspace_id
    await database.fetch_rows(
        "INSERT INTO webhook (id, workspace_id, name, url, event_types, method, timeout_seconds, verify_ssl,"
        " ip_allowlist, headers, authentication_kind, signature_scheme, retry_delays_seconds, max_in_flight, status,"
        " status_changed_at, metadata, created_at, updated_at, consecutive_failures, held_until, next_slot_at,"
        " rate_limit_per_second, last_failure_id, status_reason_code)"
        f" SELECT id, '{workspace_id}', 'n', 'https://example.com/', '[]', 'POST', 30, true, '[]', '', 'NONE',"
        " 'HMAC_SHA256', '[]', 10, status, 0, '{{}}', 0, 0, failures, held_until, slot, 1, failure_id, code"
        " FROM {rows} AS new",
        WEBHOOKS,
        [
            (
                *(id_, facts.status, facts.status_reason_code),
                *(facts.failures, facts.held_until, facts.next_slot_at, attempts.get(id_)),
            )
            for id_, facts in kinds.items()
        ],
    )
    await database.fetch_rows(
        "INSERT INTO delivery (id, workspace_id, event_id, webhook_id, event_type, test, status, trigger,"
        f" attempt_count, retries_used, created_at, next_attempt_at) SELECT id, '{workspace_id}', id, webhook_id,"
        " 'ticket.created', false, 'PENDING', 'FIRST', 0, 0, 0, due FROM {rows} AS new",
        DUE,
        [(new_id(DELIVERY, START), id_, facts.next_due_at) for id_, facts in kinds.items() if facts.backlog],
    )
    await database.fetch_rows(
        "INSERT INTO attempt (id, workspace_id, delivery_id, webhook_id, worker_id, number, trigger, started_at,"
        " duration_us, outcome, request_method, request_url, request_headers, response_status, response_truncated)"
        f" SELECT id, '{workspace_id}', 'dlv', webhook_id, 'wrk', 1, 'FIRST', 0, 1, '{AttemptOutcome.HTTP_ERROR}',"
        " 'POST', 'https://example.com', '[]', status, false FROM {rows} AS new",
        ATTEMPTS,
        [(attempts[id_], id_, facts.last_failure_status) for id_, facts in kinds.items() if facts.attempted],
    )

    expression, values = state_sql(NOW, THRESHOLD)
    for number in range(1, len(values) + 1):
        expression = expression.replace("?", f"${number}", 1)
    rows = await database.fetch(f"SELECT id, {expression} AS state FROM webhook", *values)

    found = {row["id"]: row["state"] for row in rows}
    assert found == {id_: state_of(facts, NOW, THRESHOLD) for id_, facts in kinds.items()}
    assert set(found.values()) == set(HealthState)
