"""Which answer a request gets."""

from typing import Any

import pytest

from app.cli.listen.misbehaviour import Answer, Manner, Misbehaviour, misbehaviour

NOTHING: dict[str, Any] = {
    "status": None,
    "retry_after_seconds": None,
    "drip": False,
    "reset": False,
    "hang": False,
    "fail_first": None,
    "fail_rate": None,
    "delay_seconds": 0,
}


def told(**options: Any) -> Misbehaviour:
    return misbehaviour(**NOTHING | options)


def answers(misbehaves: Misbehaviour, count: int, *, verified: bool = True, chance: float = 0.5) -> list[str]:
    return [str(misbehaves.answer(n, verified=verified, chance=lambda: chance)) for n in range(1, count + 1)]


def test_a_receiver_without_options_accepts_what_is_verified() -> None:
    assert answers(told(), 2) == ["200", "200"]
    assert answers(told(), 2, verified=False) == ["401", "401"]


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        ({"status": 410}, "410"),
        ({"status": 202}, "202"),
        ({"retry_after_seconds": 5}, "503, retry after 5 s"),
        ({"status": 429, "retry_after_seconds": 5}, "429, retry after 5 s"),
        ({"drip": True}, "200, dripped"),
        ({"drip": True, "status": 500}, "500, dripped"),
        ({"drip": True, "retry_after_seconds": 5}, "503, dripped, retry after 5 s"),
        ({"reset": True}, "reset"),
        ({"hang": True}, "hang"),
        ({"fail_rate": 1.0}, "503"),
    ],
)
def test_a_misbehaviour_is_for_all_requests_whether_verified_or_not(options: dict[str, Any], answer: str) -> None:
    assert answers(told(**options), 2) == [answer, answer]
    assert answers(told(**options), 2, verified=False) == [answer, answer]


def test_it_can_be_for_the_first_requests_only() -> None:
    assert answers(told(fail_first=2), 4) == ["503", "503", "200", "200"]
    assert answers(told(fail_first=1, reset=True), 2) == ["reset", "200"]
    assert answers(told(fail_first=0), 1) == ["200"]


def test_it_can_be_for_a_part_of_the_requests() -> None:
    assert answers(told(fail_rate=0.3), 1, chance=0.29) == ["503"]
    assert answers(told(fail_rate=0.3), 1, chance=0.3) == ["200"]
    assert answers(told(fail_rate=0.0), 1, chance=0.0) == ["200"]
    assert answers(told(fail_rate=1.0, hang=True), 1, chance=0.999) == ["hang"]


def test_waiting_is_for_all_requests_and_no_failure() -> None:
    assert told(delay_seconds=2.5) == Misbehaviour(delay_seconds=2.5)
    assert answers(told(delay_seconds=2.5), 1) == ["200"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"drip": True, "reset": True}, "--drip and --reset exclude each other; give one of them."),
        ({"reset": True, "hang": True}, "--reset and --hang exclude each other; give one of them."),
        ({"fail_first": 1, "fail_rate": 0.5}, "--fail-first and --fail-rate exclude each other; give one of them."),
        ({"hang": True, "status": 500}, "With --hang there is no answer; leave out --status and --retry-after."),
        (
            {"reset": True, "retry_after_seconds": 1},
            "With --reset there is no answer; leave out --status and --retry-after.",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        told(**options)


def test_an_answer_is_proper_by_default() -> None:
    assert Answer() == Answer(Manner.ANSWER, 200, None)
