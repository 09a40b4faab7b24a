"""Short texts that people give, such as names: one line, of some length, without what no one can see."""

import unicodedata

from app.errors import Problem, UserErrorCode

# What a person reads in one line of a list; also the width of the columns for names.
MAX_NAME_CHARACTERS = 200

_BREAKS_A_LINE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def one_line(problems: list[Problem], text: str, what: str, longest: int, *path: str) -> str:
    """A text without line breaks and control characters, stripped; `what` begins the sentence, e.g. "The name"."""
    text = text.strip()
    odd = next((character for character in text if unicodedata.category(character) in _BREAKS_A_LINE), None)
    if not text:
        problems.append(Problem(f"{what} is empty; give 1 to {longest} characters.", path, UserErrorCode.REQUIRED))
    elif odd is not None:
        message = (
            f"{what} has the character U+{ord(odd):04X}, which is a control character or line break; leave it out."
        )
        problems.append(Problem(message, path, UserErrorCode.INVALID))
    elif len(text) > longest:
        problems.append(too_long(what, len(text), longest, path))
    return text


def too_long(what: str, length: int, longest: int, path: tuple[str, ...]) -> Problem:
    """The problem of a text with more characters than allowed."""
    message = f"{what} has {length} characters; at most {longest} are allowed."
    return Problem(message, path, UserErrorCode.TOO_LONG)
