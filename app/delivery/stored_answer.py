"""What the settings of an event type (`app.keeping`) leave of an answer, and of a request's body where it is shown.

The receiver gets everything. Pure: settings and texts in, what may be stored or shown out.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from app.delivery.redaction import encodings, without_credentials
from app.json_pointers import mask, values
from app.keeping import Keeping
from app.sender.outcome import Answered, Unreachable
from app.webhooks.credentials import MASK

# More values than this are not looked for in an answer one by one; nothing of it is stored then.
MAX_VALUES = 50


def kept(answer: Answered | Unreachable, keeping: Keeping, sent: str) -> Answered | Unreachable:
    """What may be stored of an answer.

    Args:
        sent: the body of the request. What it has at the pointers is masked wherever the answer repeats it.
    """
    if keeping.never_responses:
        return without_answer(answer)
    if not keeping.redact:
        return answer
    secret = list(_texts(values(orjson.loads(sent), keeping.pointers)))
    if len(secret) > MAX_VALUES:
        return without_answer(answer)
    # Before the repeated values: they are parts of the text, which is no JSON any more if they are masked in numbers.
    if isinstance(answer, Answered):
        answer = answer._replace(body=_masked_answer(answer.body, keeping))
    return without_credentials(answer, encodings((), None, secret))


def without_answer(answer: Answered | Unreachable) -> Answered | Unreachable:
    """The answer without its headers and its body. An error is a sentence of the server's own, which repeats at most
    the name of a header.
    """
    if isinstance(answer, Unreachable):
        return answer
    return answer._replace(headers=(), body="", left_out=True)


def shown_body(body: str, keeping: Keeping) -> str:
    """The body of a request as an attempt shows it."""
    if not keeping.redact:
        return body
    document = orjson.loads(body)
    return orjson.dumps(document).decode() if mask(document, keeping.pointers, MASK) else body


def _masked_answer(body: str, keeping: Keeping) -> str:
    """The body of an answer with the values at the pointers masked. What cannot be read as JSON although it begins like
    it, because its end was cut off for example, is masked as a whole.
    """
    if body.lstrip("\ufeff\t\n\r ")[:1] not in ("{", "["):
        return body
    try:
        document = orjson.loads(body)
        mask(document, keeping.pointers, MASK)
        # Written again, because the text may have a key twice, and only the last one was masked.
        return orjson.dumps(document).decode()
    except ValueError:  # also what is nested too deeply to be written
        return MASK


def _texts(found: Iterable[Any]) -> Iterator[str]:
    """The texts and numbers in some values."""
    for value in found:
        if isinstance(value, dict):
            yield from _texts(value.values())
        elif isinstance(value, list):
            yield from _texts(value)
        elif isinstance(value, str):
            yield value
        elif not isinstance(value, bool) and value is not None:
            yield orjson.dumps(value).decode()
