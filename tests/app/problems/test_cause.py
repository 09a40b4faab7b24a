"""Failures that differ only in details have one cause, and other failures have others."""

import pytest

from app.problems.cause import MAX_CHARACTERS, cause_of
from app.statuses import AttemptOutcome

WEBHOOK = "wh_01kkntq2cnev98tny1ecvc36yx"


def of_error(error: str, outcome: AttemptOutcome = AttemptOutcome.CONNECTION_ERROR) -> str:
    return cause_of(WEBHOOK, outcome, None, error).key


@pytest.mark.parametrize(
    ("error", "other"),
    [
        ("Connection refused by 203.0.113.7 port 443.", "Connection refused by 2001:db8::17 port 8443."),
        (
            "Connection refused by 203.0.113.7 port 443.",
            "Connection refused by 203.0.113.7 and 203.0.113.8 and 2001:db8::1 port 443.",
        ),
        (
            "The receiver did not answer within 5 s (connected after 0.3 s).",
            "The receiver did not answer within 10 s (connected after 2.7 s).",
        ),
        (
            "The connection ended in the middle of the answer (12 bytes of body).",
            "The connection ended in the middle of the answer (4711 bytes of body).",
        ),
        (
            "The answer cannot be read: its header x-trace-a81f has no value.",
            "The answer cannot be read: its header x-other has no value.",
        ),
        (
            "The address 10.0.0.7 is blocked: it is private (10.0.0.0/8).",
            "The address 10.0.0.8 is blocked: it is private (10.0.0.0/8); ::1 is blocked: it is loopback (::1/128).",
        ),
        (
            "The receiver closed the connection without an answer.\nx",
            "The receiver closed the connection without an answer.\ny",
        ),
    ],
)
def test_details_make_no_other_cause(error: str, other: str) -> None:
    assert of_error(error) == of_error(other)


@pytest.mark.parametrize(
    ("error", "other"),
    [
        ("Connection refused by 203.0.113.7 port 443.", "There is no route to 203.0.113.7 port 443."),
        (
            "TLS: the certificate of example.com was refused: certificate has expired.",
            "TLS: the certificate of example.com was refused: self-signed certificate.",
        ),
    ],
)
def test_another_kind_of_error_is_another_cause(error: str, other: str) -> None:
    assert of_error(error) != of_error(other)


def test_webhook_outcome_and_status_distinguish_causes() -> None:
    error = "The receiver closed the connection without an answer."
    causes = [
        cause_of(WEBHOOK, AttemptOutcome.HTTP_ERROR, 500, None),
        cause_of(WEBHOOK, AttemptOutcome.HTTP_ERROR, 503, None),
        cause_of(WEBHOOK, AttemptOutcome.CONNECTION_ERROR, None, error),
        cause_of(WEBHOOK, AttemptOutcome.CONNECTION_ERROR, 200, error),
        cause_of(WEBHOOK, AttemptOutcome.TIMEOUT, None, error),
        cause_of(WEBHOOK[:-1] + "z", AttemptOutcome.HTTP_ERROR, 500, None),
    ]

    assert len({cause.key for cause in causes}) == len(causes)


def test_a_cause_reads_as_a_sentence_of_one_line() -> None:
    known = cause_of(WEBHOOK, AttemptOutcome.HTTP_ERROR, 503, None)
    unknown = cause_of(WEBHOOK, AttemptOutcome.HTTP_ERROR, 599, None)
    error = cause_of(WEBHOOK, AttemptOutcome.TIMEOUT, None, "No answer within 5 s.\nMore of it.")
    long = cause_of(WEBHOOK, AttemptOutcome.TIMEOUT, None, "x" * 10_000)

    assert known.text == "The receiver answered 503 Service Unavailable."
    assert unknown.text == "The receiver answered 599."
    assert error.text == "No answer within 5 s."
    assert len(long.text) == MAX_CHARACTERS
