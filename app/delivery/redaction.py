"""Keeps a webhook's credentials out of what is stored of an answer, because some receivers repeat or encode the
request.

Pure: credentials and an answer in, the redacted answer out.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote, quote_plus, unquote_plus

from app.sender.outcome import Answered, Unreachable
from app.webhooks.credentials import MASK, CustomHeader

# A shorter one occurs in answers by chance, and masking it would only point it out.
_FEWEST_CHARACTERS = 4
_LOWER_CASE = re.compile("%[0-9A-F]{2}")
_URL_SAFE = str.maketrans("+/", "-_")


def encodings(headers: Iterable[CustomHeader], credential: str | None, further: Iterable[str] = ()) -> tuple[str, ...]:
    """What an answer must not repeat, the longest first: each credential as it was sent, as it was meant (a token
    without "Bearer", a decoded password), and each of these as JSON escapes it, in base64, in hex and percent-encoded.

    Args:
        further: values of the URL's query, as written in the URL.
    """
    said = {header.value for header in headers if header.sensitive}
    meant = {header.value.partition(" ")[2] for header in headers if header.name.lower() == "authorization"}
    queried = {text for value in further for text in (value, unquote_plus(value))}
    plain = {text for text in {*said, *meant, *queried, credential or ""} if len(text) >= _FEWEST_CHARACTERS}
    found = {encoding for text in plain for encoding in _encodings_of(text) if len(encoding) >= _FEWEST_CHARACTERS}
    return tuple(sorted(found, key=len, reverse=True))


def _encodings_of(text: str) -> Iterator[str]:
    escaped, content = json.dumps(text)[1:-1], text.encode()
    yield from (text, escaped, escaped.replace("/", "\\/"))  # the last as PHP writes it
    yield from (content.hex(), content.hex().upper())
    for encoded in (quote(text), quote(text, safe=""), quote_plus(text)):
        yield from (encoded, _LOWER_CASE.sub(lambda match: match[0].lower(), encoded))
    # Within a longer text, base64 depends on where the credential begins; characters that depend on its neighbours are
    # left out.
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + content).decode().rstrip("=")
        whole = encoded[-(-before * 8 // 6) : (before + len(content)) * 8 // 6]
        yield from (whole, whole.translate(_URL_SAFE))


def without_credentials(answer: Answered | Unreachable, encodings: Sequence[str]) -> Answered | Unreachable:
    """The answer with everything in `encodings` masked in its body and in the values of its headers, or in its error,
    which may name a header.
    """
    if not encodings:
        return answer
    if isinstance(answer, Unreachable):
        return answer._replace(error=_masked(answer.error, encodings))
    headers = tuple((name, _masked(value, encodings)) for name, value in answer.headers)
    return answer._replace(headers=headers, body=_masked(answer.body, encodings))


def _masked(text: str, encodings: Sequence[str]) -> str:
    for encoding in encodings:
        text = text.replace(encoding, MASK)
    return text
