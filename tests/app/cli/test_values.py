"""Values that commands take: IDs, times, and words of an enum."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from app.cli.values import completion, id_of, moment, one_of
from app.statuses import WebhookStatus


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2020-01-01", datetime(2020, 1, 1, tzinfo=UTC)),
        ("2026-11-23T10:00:00Z", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("2026-11-23T12:00:00.5+02:00", datetime(2026, 11, 23, 10, 0, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_date_at_midnight_utc_or_has_its_offset(text: str, time: datetime) -> None:
    assert moment(text) == time


@pytest.mark.parametrize(
    ("text", "age"), [("30s", timedelta(seconds=30)), ("24h", timedelta(hours=24)), ("7d", timedelta(days=7))]
)
def test_an_age_is_counted_back_from_now(text: str, age: timedelta) -> None:
    before = datetime.now(UTC)

    assert before - age <= moment(text) <= datetime.now(UTC) - age


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-23T10:00:00", "99999999999d", "²d", "2026-13-01"])
def test_what_is_no_time_is_refused_with_the_forms_that_are_accepted(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"give a date .* a time with its offset .* or an age"):
        moment(text)


def test_ids_of_another_kind_are_refused() -> None:
    checked = id_of("API key", "key")

    assert checked("key_1") == "key_1"
    assert checked(["key_1", "key_2"]) == ["key_1", "key_2"]
    assert checked(None) is None
    with pytest.raises(typer.BadParameter, match="evt_1 is not an API key's id; those begin with key_"):
        checked(["key_1", "evt_1"])


@pytest.mark.parametrize("text", ["ACTIVE", "active", "Active"])
def test_a_word_of_an_enum_may_be_in_any_case(text: str) -> None:
    assert one_of(WebhookStatus)(text) is WebhookStatus.ACTIVE


def test_a_word_that_is_not_of_the_enum_is_refused_with_those_that_are() -> None:
    with pytest.raises(typer.BadParameter, match=r"^foo is not one of ACTIVE, PAUSED, DISABLED\.$"):
        one_of(WebhookStatus)("foo")


def test_shells_are_offered_the_words_that_begin_so() -> None:
    assert completion(WebhookStatus)("p") == ["PAUSED"]
