"""Keeps a webhook's credentials out of what is stored of an answer: some receivers repeat the headers of a request.

Pure: credentials and an answer in, the answer as it may be kept out.
"""

import json
from collections.abc import Iterable, Sequence

from app.sender.outcome import Answered, Unreachable
from app.webhooks.credentials import MASK, CustomHeader

# A shorter one is found in every answer by chance, and masking it would only point it out.
_FEWEST_CHARACTERS = 4


def spellings(headers: Iterable[CustomHeader], credential: str | None) -> tuple[str, ...]:
    """What an answer may not repeat, the longest first: as it was sent, as it was meant (a token without "Bearer", a
    password that was encoded), and each of them as JSON writes it."""
    said = {header.value for header in headers if header.sensitive}
    meant = {header.value.partition(" ")[2] for header in headers if header.name.lower() == "authorization"}
    plain = {text for text in {*said, *meant, credential or ""} if len(text) >= _FEWEST_CHARACTERS}
    escaped = {json.dumps(text)[1:-1] for text in plain}
    slashed = {text.replace("/", "\\/") for text in escaped}  # as PHP does
    return tuple(sorted(plain | escaped | slashed, key=len, reverse=True))


def without_credentials(answer: Answered | Unreachable, spelled: Sequence[str]) -> Answered | Unreachable:
    """The answer with everything of `spelled` masked in its body and the values of its headers, or in its error, which
    may name a header."""
    if not spelled:
        return answer
    if isinstance(answer, Unreachable):
        return answer._replace(error=_masked(answer.error, spelled))
    headers = tuple((name, _masked(value, spelled)) for name, value in answer.headers)
    return answer._replace(headers=headers, body=_masked(answer.body, spelled))


def _masked(text: str, spelled: Sequence[str]) -> str:
    for spelling in spelled:
        text = text.replace(spelling, MASK)
    return text
