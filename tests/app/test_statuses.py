from enum import StrEnum

import pytest

from app import statuses

SETS = [value for value in vars(statuses).values() if isinstance(value, type) and issubclass(value, StrEnum)]


@pytest.mark.parametrize("words", [words for words in SETS if words is not StrEnum])
def test_a_status_is_stored_under_the_name_the_api_shows(words: type[StrEnum]) -> None:
    assert [word.value for word in words] == [word.name for word in words]
