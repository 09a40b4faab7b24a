from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.sender.exchange import Exchange
from app.sender.outcome import Answered, Unreachable
from app.sender.request import build_request
from app.statuses import AttemptOutcome
from app.test_requests.connection_steps import ConnectionStepName, steps_of
from tests.certificates import client_context

CERTIFICATE = client_context().get_ca_certs(binary_form=True)[0]  # expires a day after it was made
NOW = datetime.now(UTC)  # later, however long making it took
RESOLVE, CONNECT, TLS, REQUEST, RESPONSE = ConnectionStepName


def a_request(url: str = "https://example.com/hook") -> httpx.Request:
    return build_request("PUT", url, [], b"{}", timeout_seconds=5)


def an_exchange(**noted: object) -> Exchange:
    """All steps done, a tenth of a second each, by default."""
    given = {
        "started": 1.0,
        "resolving": 1.0,
        "resolved": 1.1,
        "addresses": ("203.0.113.9", "2001:db8::9"),
        "connected": 1.2,
        "secured": 1.3,
        "tls_version": "TLSv1.3",
        "certificate": CERTIFICATE,
        "sent": 1.4,
        "ended": 1.5,
        "remote_address": "203.0.113.9",
        **noted,
    }
    return Exchange("example.com", 443, True, 5, **given)  # type: ignore[arg-type]


def answered(status: int = 200, body: str = "ok", *, truncated: bool = False) -> Answered:
    return Answered(status, (), body, truncated, 1.0, "203.0.113.9")


def unreachable(outcome: AttemptOutcome = AttemptOutcome.TIMEOUT, error: str = "Too late.") -> Unreachable:
    return Unreachable(outcome, error, 1.0, None)


def test_every_step_is_reported_with_its_duration() -> None:
    steps = steps_of(a_request(), an_exchange(), answered(), NOW)

    assert [step.name for step in steps] == [RESOLVE, CONNECT, TLS, REQUEST, RESPONSE]
    assert all(step.ok for step in steps)
    assert [round(step.duration_ms) for step in steps] == [100, 100, 100, 100, 100]
    assert [step.detail for step in steps] == [
        "example.com resolved to 203.0.113.9 and 2001:db8::9.",
        "Connected to 203.0.113.9 port 443.",
        "TLSv1.3, with a certificate for CN=A receiver in a test, issued by CN=A receiver in a test,"
        " valid for less than a day.",
        "Sent a PUT with 2 bytes of body.",
        "Answered 200 with 2 bytes of body.",
    ]


def test_plain_http_has_no_tls() -> None:
    steps = steps_of(a_request("http://example.com/"), an_exchange(secured=None), answered(), NOW)

    assert [step.name for step in steps] == [RESOLVE, CONNECT, REQUEST, RESPONSE]


def test_an_address_needs_no_looking_up() -> None:
    exchange = an_exchange(resolving=None, resolved=None, addresses=None)
    step = steps_of(a_request("https://203.0.113.9/"), exchange, answered(), NOW)[0]

    assert (step.ok, step.duration_ms) == (True, 0.0)
    assert step.detail == "203.0.113.9 is an address already; there was nothing to look up."


@pytest.mark.parametrize(
    ("missing", "last"),
    [
        (("resolved", "connected", "secured", "sent"), RESOLVE),
        (("connected", "secured", "sent"), CONNECT),
        (("secured", "sent"), TLS),
        (("sent",), REQUEST),
        ((), RESPONSE),
    ],
)
def test_the_steps_end_with_the_one_that_failed(missing: tuple[str, ...], last: ConnectionStepName) -> None:
    exchange = an_exchange(**dict.fromkeys(missing), ended=9.0)
    *before, failed = steps_of(a_request(), exchange, unreachable(), NOW)

    assert all(step.ok for step in before)
    assert (failed.name, failed.ok, failed.detail) == (last, False, "Too late.")
    assert round(failed.duration_ms + sum(step.duration_ms for step in before)) == 8_000


@pytest.mark.parametrize("status", [199, 301, 404, 500])
def test_only_2xx_is_a_success(status: int) -> None:
    step = steps_of(a_request(), an_exchange(), answered(status), NOW)[-1]

    assert not step.ok
    assert step.detail == f"Answered {status} with 2 bytes of body; only an answer of 2xx is a success."


def test_a_cut_off_answer_is_longer_than_what_is_kept() -> None:
    step = steps_of(a_request(), an_exchange(), answered(body="é" * 5, truncated=True), NOW)[-1]

    assert step.detail == "Answered 200 with more than 10 bytes of body."


@pytest.mark.parametrize(
    ("now", "validity"),
    [
        (NOW - timedelta(days=5), "valid for 5 days."),
        (NOW - timedelta(hours=12), "valid for 1 day."),
        (NOW, "valid for less than a day."),
        (NOW + timedelta(hours=36), "which expired less than a day ago."),
        (NOW + timedelta(days=11, hours=12), "which expired 10 days ago."),
    ],
)
def test_a_certificate_says_how_long_it_is_valid_or_since_when_it_is_not(now: datetime, validity: str) -> None:
    step = steps_of(a_request(), an_exchange(), answered(), now)[2]

    assert step.ok
    assert step.detail.endswith(f", {validity}")


def test_a_certificate_that_cannot_be_read_is_no_fault_of_the_connection() -> None:
    step = steps_of(a_request(), an_exchange(certificate=b"nonsense"), answered(), NOW)[2]

    assert (step.ok, step.detail) == (True, "TLSv1.3, with a certificate that cannot be read.")
