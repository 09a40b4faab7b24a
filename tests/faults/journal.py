"""Reads the receiver's journal: every request that reached it, and which of them it answered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import orjson


class Pair(NamedTuple):
    """An event on its way to a webhook, which the receiver knows by its path."""

    event_id: str
    path: str


@dataclass(frozen=True, slots=True)
class Request:
    """One request that reached the receiver. Times are seconds since the epoch; `status` is None if it was cut off
    before an answer.
    """

    pair: Pair
    at: float
    attempt: int
    timestamp: str
    signature: str
    body: str
    status: int | None = None
    answered_at: float | None = None
    sequence: int | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the receiver accepted it for good."""
        return self.status == 200


class Journal:
    """The receiver's journal, read as it grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self._arrived: dict[str, Mapping[str, Any]] = {}
        self._answered: dict[str, Mapping[str, Any]] = {}

    def requests(self, since: float = 0.0) -> list[Request]:
        """The requests that arrived since a time, in the order of their arrival."""
        self._read_on()
        return [
            _request(entry, self._answered.get(name)) for name, entry in self._arrived.items() if entry["at"] >= since
        ]

    def arrived(self, since: float) -> dict[Pair, float]:
        """When each event first reached each webhook, since a time."""
        first: dict[Pair, float] = {}
        for request in self.requests(since):
            first.setdefault(request.pair, request.at)
        return first

    def _read_on(self) -> None:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        whole = text.rpartition(b"\n")[0]
        self._read += len(whole) + 1 if whole else 0
        for line in whole.splitlines():
            entry = orjson.loads(line)
            (self._arrived if "path" in entry else self._answered)[entry["request"]] = entry


def in_flight(requests: Iterable[Request], since: float, until: float) -> set[Pair]:
    """Events in flight at some moment between two times: arrived, and not answered yet."""
    return {
        request.pair
        for request in requests
        if request.at <= until and (request.answered_at is None or request.answered_at >= since)
    }


def _request(entry: Mapping[str, Any], answered: Mapping[str, Any] | None) -> Request:
    return Request(
        pair=Pair(entry["id"], entry["path"]),
        at=entry["at"],
        attempt=entry["attempt"],
        timestamp=entry["timestamp"],
        signature=entry["signature"],
        body=entry["body"],
        status=answered["status"] if answered else None,
        answered_at=answered["at"] if answered else None,
        sequence=int(entry["sequence"]) if entry["sequence"] else None,
    )
