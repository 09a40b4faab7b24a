"""The kinds of value that settings have: how each is read from text, and how what is right is said in words.

Knows no setting by name; those are in `app.settings`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_origin
from urllib.parse import urlsplit

from annotated_types import Ge, Gt, Le
from pydantic import AfterValidator, BeforeValidator
from pydantic.fields import FieldInfo
from pydantic_settings import NoDecode

from app.errors import Problem
from app.networks import Network, parse_networks

Address: TypeAlias = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Setting:
    """What docs/configuration.md says about a setting.

    Attributes:
        what: it does, as a sentence.
        why: the default is what it is, as a sentence.
        unit: of its number.
        right: values, in words, where the type does not say it.
        default: in words, where it depends on other settings.
    """

    what: str
    why: str = ""
    unit: str = ""
    right: str = ""
    default: str = ""


def setting_of(field: FieldInfo) -> Setting:
    """The `Setting` that a field is annotated with."""
    return next(metadata for metadata in field.metadata if isinstance(metadata, Setting))


def right_values(field: FieldInfo) -> str:
    """The values that a field takes, as the end of "it must be …"."""
    if right := setting_of(field).right:
        return right
    if field.annotation is bool:
        return "true or false"
    if get_origin(field.annotation) is Literal:
        *others, last = get_args(field.annotation)
        return f"{', '.join(others)} or {last}"
    kind = {int: "a whole number", float: "a number"}.get(field.annotation or str, "a text")
    return f"{kind}{_bounds(field)}"


def _bounds(field: FieldInfo) -> str:
    words: list[str] = []
    for bound in field.metadata:
        match bound:
            case Ge(ge=lowest):
                words.append(f"of at least {_number(lowest)}")
            case Gt(gt=lower):
                words.append(f"above {_number(lower)}")
            case Le(le=highest):
                words.append(f"{'and ' if words else 'of '}at most {_number(highest)}")
    return "".join(f" {word}" for word in words)


def _number(value: Any) -> str:
    return f"{value:,}"


def _split(value: Any) -> Any:
    """What is separated by commas, without the blanks; whatever is no text passes."""
    return tuple(part for part in map(str.strip, value.split(",")) if part) if isinstance(value, str) else value


def _networks(value: Any) -> tuple[Network, ...]:
    problems: list[Problem] = []
    networks = parse_networks(problems, [str(network) for network in value], "This")
    if problems:
        raise ValueError(" ".join(problem.message for problem in problems))
    return networks


def _addresses(value: Any) -> tuple[Address, ...]:
    return tuple(_address(str(text)) for text in value)


def _address(text: str) -> Address:
    try:
        return ip_address(text)
    except ValueError:
        raise ValueError(f'"{text}" is no IP address; write one such as 203.0.113.7 or 2001:db8::7.') from None


def _origins(value: Any) -> tuple[str, ...]:
    for text in value:
        parts = urlsplit(text)
        origin = f"{parts.scheme}://{parts.netloc}"
        if text != "*" and (text != origin or parts.scheme not in {"http", "https"} or not parts.hostname):
            raise ValueError(
                f'"{text}" is no origin; write scheme and host without a path, such as https://app.example.com.'
            )
    return tuple(value)


def checked_url(names: Mapping[str, str]) -> Callable[[str], str]:
    """A check for URLs whose scheme is one of `names` (scheme: what to write for it)."""

    def check(url: str) -> str:
        scheme, separator, rest = url.partition("://")
        if not separator or scheme not in names or (not rest and scheme != "memory"):
            *others, last = dict.fromkeys(names.values())
            raise ValueError(f"it must be {', '.join(others)} or {last}.")
        try:
            _ = urlsplit(url).port
        except ValueError:
            raise ValueError("its port must be a number from 0 to 65535.") from None
        return url

    return check


def without_password(url: str) -> str:
    """A URL as it may be shown: its password, if it has one, reads `***`."""
    before, at, after = url.rpartition("@")
    scheme, separator, user = before.partition("://")
    return f"{scheme}{separator}{user.partition(':')[0]}:***@{after}" if at and ":" in user else url


Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks), BeforeValidator(_split)]
Addresses = Annotated[tuple[Address, ...], NoDecode, BeforeValidator(_addresses), BeforeValidator(_split)]
Origins = Annotated[tuple[str, ...], NoDecode, AfterValidator(_origins), BeforeValidator(_split)]
