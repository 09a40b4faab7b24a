"""Verdicts on requests that the reference library signed."""

from datetime import timedelta

import pytest

from app.cli.listen.requests import Request
from app.cli.listen.verdict import Judge, Verdict
from app.signing import InvalidSecret, new_secret, parse_secret, public_key, sign
from app.statuses import SignatureScheme
from tests.app.cli.listen.signed import BODY, OTHER_SECRET, SECRET, headers
from tests.clock import START


def judged(judge: Judge, sent: dict[str, str], body: bytes = BODY) -> Verdict:
    """The verdict on a request with these headers, received at START."""
    return judge.judge(Request("POST", "/", sent, body, keep_alive=True), START)


def test_what_holds_the_secret_signed_is_verified() -> None:
    found = judged(Judge([SECRET]), headers(at=START))

    assert (found.verified, found.reason, found.times_before) == (True, None, 0)
    assert (found.event_type, found.webhook_id, found.attempt) == ("ticket.created", "evt_1", "1")
    assert found.payload["data"] == {"ticket": {"id": "tkt_1"}}


def test_a_changed_body_is_refused() -> None:
    found = judged(Judge([SECRET]), headers(at=START), BODY.replace(b"tkt_1", b"tkt_2"))

    assert found.reason == "No signature matches: it was made with another secret, or the request was changed."


def test_another_secret_is_refused() -> None:
    assert not judged(Judge([SECRET]), headers(secret=OTHER_SECRET, at=START)).verified


def test_any_of_several_secrets_is_enough() -> None:
    judge = Judge([SECRET, OTHER_SECRET])

    assert judged(judge, headers(secret=SECRET, at=START)).verified
    assert judged(judge, headers(secret=OTHER_SECRET, at=START)).verified


def test_an_old_request_is_refused() -> None:
    found = judged(Judge([SECRET]), headers(at=START - timedelta(minutes=6)))

    assert found.reason == "The timestamp is 361 s old; at most 300 s are allowed."


def test_a_public_key_verifies_what_its_private_key_signed() -> None:
    secret = new_secret(SignatureScheme.ED25519)
    signature = sign([parse_secret(secret)], "evt_1", int(START.timestamp()), BODY)
    sent = headers(at=START) | {"webhook-signature": signature}

    assert judged(Judge([public_key(secret) or ""]), sent).verified
    assert not judged(Judge([public_key(new_secret(SignatureScheme.ED25519)) or ""]), sent).verified


def test_an_invalid_secret_is_refused_at_once() -> None:
    with pytest.raises(InvalidSecret):
        Judge([SECRET, "whsec_short"])


def test_a_double_is_known_by_its_id() -> None:
    judge = Judge([SECRET])

    found = [
        judged(judge, headers(webhook_id=id_, at=START)).times_before for id_ in ("evt_1", "evt_2", "evt_1", "evt_1")
    ]

    assert found == [0, 0, 1, 2]


def test_nobody_else_can_make_a_request_look_like_a_double() -> None:
    judge = Judge([SECRET])
    forged = judged(judge, headers(secret=OTHER_SECRET, at=START))

    genuine = judged(judge, headers(at=START))

    assert (forged.times_before, genuine.times_before) == (0, 0)


def test_the_oldest_ids_are_forgotten() -> None:
    judge = Judge([SECRET], remembered=2)

    found = [
        judged(judge, headers(webhook_id=id_, at=START)).times_before
        for id_ in ("evt_1", "evt_2", "evt_1", "evt_3", "evt_1", "evt_2")
    ]

    assert found == [0, 0, 1, 0, 2, 0]


def test_an_invalid_key_is_reported_with_every_valid_kind() -> None:
    with pytest.raises(InvalidSecret, match=r"whsec_ .* whsk_ .* whpk_"):
        Judge(["foo"])


@pytest.mark.parametrize("body", [b"hello", b"[1]", b'{"type": 5}', b"\xff"])
def test_any_body_has_a_verdict(body: bytes) -> None:
    found = judged(Judge([SECRET]), {}, body)

    assert (found.verified, found.event_type, found.webhook_id, found.attempt) == (False, None, None, None)
    assert found.reason == "The header webhook-id is missing."
