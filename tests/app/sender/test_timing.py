"""The stored durations of an attempt's parts are the measured ones."""

from hypothesis import given
from hypothesis import strategies as st

from app.sender.exchange import Exchange
from app.sender.timing import Timing, timing_of, unpacked

parts = st.none() | st.integers(0, 10**8)


@given(st.builds(Timing, parts, parts, parts, parts, parts, st.booleans()))
def test_a_timing_is_read_as_it_was_packed_and_fits_its_column(timing: Timing) -> None:
    assert unpacked(timing.packed()) == timing
    assert len(timing.packed()) <= 80


def test_nothing_is_known_of_an_attempt_whose_parts_were_not_measured() -> None:
    assert unpacked(None) == Timing(None, None, None, None, None, connection_reused=False)


def test_each_part_ends_where_the_next_begins() -> None:
    exchange = Exchange("example.com", 443, tls=True, timeout_seconds=1, started=1.0)
    exchange.resolving, exchange.resolved, exchange.connected = 1.0, 1.001, 1.003
    exchange.secured, exchange.sent, exchange.headers_came = 1.006, 1.007, 1.012

    assert timing_of(exchange) == Timing(1_000, 2_000, 3_000, 1_000, 5_000, connection_reused=False)


def test_a_reused_connection_was_neither_resolved_nor_opened() -> None:
    exchange = Exchange("example.com", 443, tls=True, timeout_seconds=1, started=1.0)
    exchange.kept_connection, exchange.sent, exchange.headers_came = True, 1.001, 1.002

    assert timing_of(exchange) == Timing(None, None, None, 1_000, 1_000, connection_reused=True)


def test_a_part_that_did_not_end_is_left_out() -> None:
    exchange = Exchange("example.com", 80, tls=False, timeout_seconds=1, started=1.0)
    exchange.resolving = 1.0

    assert timing_of(exchange) == Timing()
