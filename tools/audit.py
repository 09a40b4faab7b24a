"""Checks the pinned dependencies against known vulnerabilities (https://osv.dev): `python -m tools.audit`.

It fails if a pinned version has one. If the advisories cannot be reached, it says so in a line and does not fail,
because `make check` works offline.
"""

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import httpx

ROOT = Path(__file__).parents[1]
REQUIREMENTS = (ROOT / "requirements.txt", ROOT / "requirements-dev.txt")
URL = "https://api.osv.dev/v1/querybatch"
# Advisories that do not concern this project, each with the reason.
ACCEPTED: Mapping[str, str] = {}

_TIMEOUT_SECONDS = 10.0
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)


class Pin(NamedTuple):
    """A dependency at its installed version."""

    name: str
    version: str


class NotAudited(Exception):
    """The advisories are not available; the text says why."""


def pins(texts: Iterable[str]) -> list[Pin]:
    """The pins of files in the form of pip-compile, each once."""
    return sorted({Pin(*found) for text in texts for found in _PIN.findall(text)})


def advisories(pinned: Sequence[Pin], url: str = URL) -> dict[Pin, list[str]]:
    """The IDs of the advisories for each dependency that has any.

    Raises:
        NotAudited: they are not available.
    """
    queries = [{"package": {"name": pin.name, "ecosystem": "PyPI"}, "version": pin.version} for pin in pinned]
    try:
        answer = httpx.post(url, json={"queries": queries}, timeout=_TIMEOUT_SECONDS)
        answer.raise_for_status()
        found = [[each["id"] for each in result.get("vulns", ())] for result in answer.json()["results"]]
        return {pin: ids for pin, ids in zip(pinned, found, strict=True) if ids}
    except httpx.HTTPError as error:
        raise NotAudited(str(error) or type(error).__name__) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotAudited("it answers in an unknown form") from None


def main(url: str = URL, accepted: Mapping[str, str] = ACCEPTED) -> int:
    """Print what was found; return the exit code."""
    pinned = pins(path.read_text(encoding="utf-8") for path in REQUIREMENTS)
    try:
        found = advisories(pinned, url)
    except NotAudited as error:
        print(f"Dependencies were not audited: {httpx.URL(url).host} cannot be asked ({error}).")
        return 0
    lines = [
        f"{pin.name} {pin.version}: https://osv.dev/vulnerability/{advisory}"
        for pin, ids in found.items()
        for advisory in ids
        if advisory not in accepted
    ]
    for line in lines:
        print(line, file=sys.stderr)
    print(f"{len(pinned)} dependencies were audited; {len(lines)} known vulnerabilities.")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
