"""What the settings of an event type leave of an answer."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.stored_answer import MAX_VALUES, kept, shown_body
from app.keeping import Keeping
from app.sender.outcome import Answered, Unreachable
from app.statuses import AttemptOutcome, KeepBodies
from app.webhooks.credentials import MASK

SECRET = "ada@example.com"
EMAIL = Keeping(redact=("/data/customer/email", "/email"))
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters=["\0"]), min_size=4)


def sent(**customer: Any) -> str:
    return json.dumps({"id": "evt_1", "type": "ticket.created", "data": {"customer": customer}})


def answered(body: str, headers: tuple[tuple[str, str], ...] = (("x-a", "b"),), *, truncated: bool = False) -> Answered:
    return Answered(200, headers, body, truncated, 1.0, None)


def stored(answer: Answered, keeping: Keeping = EMAIL, body: str | None = None) -> Answered:
    found = kept(answer, keeping, sent(email=SECRET) if body is None else body)
    assert isinstance(found, Answered)
    return found


def test_what_a_receiver_repeats_of_a_value_is_masked_in_any_form() -> None:
    answer = answered(f"<p>Hello {SECRET}, ada%40example.com!</p>", (("x-echo", f"to {SECRET}"),))

    assert stored(answer).body == f"<p>Hello {MASK}, {MASK}!</p>"
    assert stored(answer).headers == (("x-echo", f"to {MASK}"),)


def test_a_json_answer_is_masked_at_the_pointers() -> None:
    answer = answered('{"email": "eve@example.com", "n": 1.50, "email": "bob@example.com"}')

    assert json.loads(stored(answer).body) == {"email": MASK, "n": 1.5}
    assert "eve" not in stored(answer).body


@pytest.mark.parametrize(
    "body", ['{"email": "eve@exa', '\ufeff{"email": "eve"}', "[" * 2_000, '[1e999, {"email": NaN}]']
)
def test_json_that_cannot_be_read_is_masked_as_a_whole(body: str) -> None:
    assert stored(answered(body, truncated=True)).body == MASK


def test_an_answer_to_too_many_values_is_not_stored() -> None:
    many = sent(email=[f"value {number}" for number in range(MAX_VALUES + 1)])

    found = stored(answered("value 7"), body=many)

    assert (found.headers, found.body, found.left_out) == ((), "", True)


def test_answers_that_are_never_stored_leave_their_status_and_duration() -> None:
    answer = answered(SECRET)

    found = stored(answer, Keeping((KeepBodies.NEVER_RESPONSES,)))

    assert found == answer._replace(headers=(), body="", left_out=True)


def test_an_error_is_kept_without_the_values() -> None:
    error = Unreachable(AttemptOutcome.CONNECTION_ERROR, f"The header x-{SECRET} is too long.", 1.0, None)

    assert kept(error, EMAIL, sent(email=SECRET)) == error._replace(error=f"The header x-{MASK} is too long.")


def test_without_pointers_an_answer_stays_as_it_is() -> None:
    answer = answered('{"email":  1}')

    assert kept(answer, Keeping((KeepBodies.DAYS,), 3), sent(email=SECRET)) is answer


@given(TEXTS, TEXTS)
def test_no_text_or_number_at_a_pointer_is_left_in_what_a_receiver_echoes(email: str, name: str) -> None:
    body = json.dumps({"data": {"customer": {"email": email, "name": name}}}, ensure_ascii=False)

    found = stored(answered(json.dumps({"json": json.loads(body)}), (("x-echo", email),)), body=body)

    masked = json.dumps(email)[1:-1]
    assert masked in MASK or masked not in found.body.replace(MASK, "\0")
    assert shown_body(body, EMAIL).count(MASK) >= 1
    assert json.loads(shown_body(body, EMAIL))["data"]["customer"] == {"email": MASK, "name": name}
    assert found.headers == (("x-echo", MASK),)


def test_a_body_without_the_value_is_shown_as_it_was_sent() -> None:
    body = '{"id": "evt_1",  "data": {}}'

    assert shown_body(body, EMAIL) == body
