"""The limiter of one process: whose requests count together, what a refusal says, and which observer is called."""

import pytest
from structlog.testing import capture_logs

from app.errors import RateLimited
from app.rates.bucket import Limit
from app.rates.limiter import Limiter
from tests.clock import FakeClock

LIMIT = Limit(per_second=5, burst=3)


def granted(limiter: Limiter, key_id: str, asked: int = 10) -> int:
    """How many of this many requests pass."""
    passed = 0
    for _ in range(asked):
        try:
            limiter.take(key_id)
        except RateLimited:
            continue
        passed += 1
    return passed


def test_every_key_has_a_bucket_of_its_own(clock: FakeClock) -> None:
    limiter = Limiter(LIMIT, clock)

    assert (granted(limiter, "key_a"), granted(limiter, "key_b")) == (3, 3)


def test_a_refusal_says_the_value_the_limit_and_when_to_come_back(clock: FakeClock) -> None:
    limiter = Limiter(Limit(per_second=1_000, burst=2_000), clock)
    granted(limiter, "key_a", 2_000)

    with pytest.raises(RateLimited) as refused:
        limiter.take("key_a")

    assert str(refused.value) == (
        "The API key would be 2,001 requests ahead of its 1,000 a second, but at most 2,000 are allowed."
        " Come back in 1 s."
    )
    assert refused.value.retry_after_seconds == pytest.approx(0.001)


def test_what_was_refused_does_not_count(clock: FakeClock) -> None:
    limiter = Limiter(LIMIT, clock)
    granted(limiter, "key_a", 1_000)

    clock.advance(0.21)

    assert granted(limiter, "key_a") == 1


def test_without_a_limit_everything_passes(clock: FakeClock) -> None:
    assert granted(Limiter(None, clock), "key_a", 10_000) == 10_000


def test_each_refusal_is_counted_and_a_key_is_logged_once_a_minute(clock: FakeClock) -> None:
    refusals: list[None] = []
    limiter = Limiter(LIMIT, clock, observe=lambda: refusals.append(None))

    with capture_logs() as log:
        granted(limiter, "key_a", 10)
        granted(limiter, "key_b", 4)
        clock.advance(60)
        granted(limiter, "key_a", 5)

    assert len(refusals) == 7 + 1 + 2
    assert [(line["event"], line["api_key_id"]) for line in log] == [
        ("key.rate_limited", "key_a"),
        ("key.rate_limited", "key_b"),
        ("key.rate_limited", "key_a"),
    ]


def test_the_most_recently_used_keys_are_remembered(clock: FakeClock) -> None:
    limiter = Limiter(LIMIT, clock, most=2)
    granted(limiter, "key_a")
    granted(limiter, "key_b")
    granted(limiter, "key_a")

    granted(limiter, "key_c")

    assert granted(limiter, "key_a") == 0
    assert granted(limiter, "key_b") == 3
