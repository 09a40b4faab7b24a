import pytest

from app.errors import Problem, UserErrorCode
from app.texts import one_line


def test_a_name_is_stripped_and_may_be_in_any_script() -> None:
    problems: list[Problem] = []

    text = one_line(problems, "  Ärger-Meldungen 👩‍👩‍👧 ご意見 ", "The name", 200, "name")

    assert (text, problems) == ("Ärger-Meldungen 👩‍👩‍👧 ご意見", [])


@pytest.mark.parametrize(
    ("text", "message", "code"),
    [
        (" \t ", "The name is empty; give 1 to 5 characters.", UserErrorCode.REQUIRED),
        ("\u200b\u200d", "The name is empty; give 1 to 5 characters.", UserErrorCode.REQUIRED),
        ("sixsix", "The name has 6 characters; at most 5 are allowed.", UserErrorCode.TOO_LONG),
        *(
            (
                f"a{character}b",
                f"The name has the character U+{ord(character):04X}, which is a control character, a line break or"
                " turns the text around; leave it out.",
                UserErrorCode.INVALID,
            )
            for character in "\0\n\r\x1b\x7f\x85\u2028\u202e\ud800"
        ),
    ],
)
def test_what_cannot_be_a_name_is_explained(text: str, message: str, code: UserErrorCode) -> None:
    problems: list[Problem] = []

    one_line(problems, text, "The name", 5, "name")

    assert problems == [Problem(message, ("name",), code)]
