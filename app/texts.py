"""Short texts that people enter, such as names: one line, limited in length, without invisible characters."""

import unicodedata

from app.errors import Problem, UserErrorCode

# As much as a person reads in one line of a list; also the width of the columns for names.
MAX_NAME_CHARACTERS = 200

_BREAKS_A_LINE = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Characters that change the direction of the text after them (UAX #9), so that a name looks like another one.
_TURNS_TEXT = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(problems: list[Problem], text: str, what: str, longest: int, *path: str) -> str:
    """A text without line breaks and control characters, stripped; `what` begins the sentence, e.g. "The name"."""
    text = text.strip()
    odd = next((character for character in text if _is_odd(character)), None)
    if odd is None and not any(map(_is_seen, text)):
        problems.append(Problem(f"{what} is empty; give 1 to {longest} characters.", path, UserErrorCode.REQUIRED))
    elif odd is not None:
        message = (
            f"{what} has the character U+{ord(odd):04X}, which is a control character, a line break or turns the text"
            " around; leave it out."
        )
        problems.append(Problem(message, path, UserErrorCode.INVALID))
    elif len(text) > longest:
        problems.append(too_long(what, len(text), longest, path))
    return text


def _is_odd(character: str) -> bool:
    return unicodedata.category(character) in _BREAKS_A_LINE or character in _TURNS_TEXT


def _is_seen(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CMZ"


def too_long(what: str, length: int, longest: int, path: tuple[str, ...]) -> Problem:
    """The problem of a text with more characters than allowed."""
    message = f"{what} has {length} characters; at most {longest} are allowed."
    return Problem(message, path, UserErrorCode.TOO_LONG)
