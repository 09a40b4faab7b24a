"""What of a publisher's trace context is kept: valid headers, by www.w3.org/TR/trace-context."""

import pytest

from app.trace_context import TraceContext, parse_trace_context, unpacked

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN_ID = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE_ID}-{SPAN_ID}-01"


def test_a_valid_traceparent_is_kept_with_its_parts() -> None:
    trace = parse_trace_context([TRACEPARENT], [])

    assert trace == TraceContext(TRACEPARENT)
    assert (trace.trace_id, trace.span_id, trace.sampled) == (TRACE_ID, SPAN_ID, True)
    assert trace.headers == (("traceparent", TRACEPARENT),)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (f" \t{TRACEPARENT} ", TRACEPARENT),
        (f"00-{TRACE_ID}-{SPAN_ID}-00", f"00-{TRACE_ID}-{SPAN_ID}-00"),
        # flags that no version knows yet are not passed on
        (f"00-{TRACE_ID}-{SPAN_ID}-ff", f"00-{TRACE_ID}-{SPAN_ID}-03"),
        # a later version is read as far as it is known, and written as 00
        (f"cc-{TRACE_ID}-{SPAN_ID}-01-what-the-future-brings", TRACEPARENT),
        (f"01-{TRACE_ID}-{SPAN_ID}-01", TRACEPARENT),
    ],
)
def test_what_is_kept_is_of_version_00(given: str, kept: str) -> None:
    trace = parse_trace_context([given], [])

    assert trace is not None
    assert trace.traceparent == kept


@pytest.mark.parametrize(
    "given",
    [
        [],
        [""],
        ["garbage"],
        [TRACEPARENT, TRACEPARENT],
        [TRACEPARENT.upper()],
        [f"{TRACEPARENT}-more"],
        [f"{TRACEPARENT}\r\nwebhook-signature: v1,forged"],
        [f"{TRACEPARENT}\n"],
        [f"ff-{TRACE_ID}-{SPAN_ID}-01"],
        [f"0-{TRACE_ID}-{SPAN_ID}-01"],
        [f"00-{'0' * 32}-{SPAN_ID}-01"],
        [f"00-{TRACE_ID}-{'0' * 16}-01"],
        [f"00-{TRACE_ID[:-1]}-{SPAN_ID}-01"],
        [f"00-{TRACE_ID}-{SPAN_ID}-1"],
        [f"cc-{TRACE_ID}-{SPAN_ID}-01.what"],
    ],
)
def test_a_malformed_traceparent_counts_as_none(given: list[str]) -> None:
    assert parse_trace_context(given, ["vendor=1"]) is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (["vendor=1"], "vendor=1"),
        (["a=1, b=2", "c@d=3"], "a=1,b=2,c@d=3"),
        (["a=1,,b=2"], "a=1,b=2"),
        (["a=with space inside"], "a=with space inside"),
        # malformed ones are dropped, the traceparent is not
        (["a=1,a=2"], ""),
        (["no value"], ""),
        (["A=1"], ""),
        (["a=1\r\nevil: 1"], ""),
        (["a=é"], ""),
        ([",".join(f"k{number}=1" for number in range(33))], ""),
    ],
)
def test_a_tracestate_is_kept_if_it_is_valid(given: list[str], kept: str) -> None:
    trace = parse_trace_context([TRACEPARENT], given)

    assert trace is not None
    assert trace.tracestate == kept


def test_a_tracestate_that_is_too_long_loses_long_members_and_then_the_last_ones() -> None:
    short = [f"k{number}={'y' * 100}" for number in range(5)]

    trace = parse_trace_context([TRACEPARENT], [",".join([f"long={'x' * 200}", *short])])

    assert trace is not None
    assert trace.tracestate == ",".join(short[:4])


@pytest.mark.parametrize(
    "trace",
    [
        TraceContext(TRACEPARENT),
        TraceContext(TRACEPARENT, "a=with space,b=2"),
        TraceContext(TRACEPARENT, from_caller=False),
        TraceContext(TRACEPARENT, "a=1", from_caller=False),
    ],
)
def test_it_is_read_as_it_was_written(trace: TraceContext) -> None:
    assert unpacked(trace.packed()) == trace
