"""Gives a program a clock of its own, by libfaketime where that is installed (Debian: `apt install faketime`)."""

from collections.abc import Mapping
from pathlib import Path

_PRELOADED = "faketime/libfaketimeMT.so.1"
_FIRST = Path(__file__).parent / "faked_clock"


def find_faketime() -> Path | None:
    """Return the library; None if it is not installed."""
    directories = [Path("/usr/lib"), Path("/usr/local/lib"), *sorted(Path("/usr/lib").glob("*-linux-*"))]
    return next((path for directory in directories if (path := directory / _PRELOADED).is_file()), None)


class FakedClock:
    """How far the clock of a program is ahead, in a file that the library reads every second.

    The monotonic clock is left alone, as it is when people or NTP set a machine's clock.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def set(self, ahead_seconds: float) -> None:
        """Set it. Replaces the file at once, because the library reads it at any time."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{ahead_seconds:+g}", encoding="ascii")
        new.replace(self._file)

    def environment(self, python_path: str) -> Mapping[str, str]:
        """What a program needs in its environment; `python_path` is what it has in PYTHONPATH otherwise."""
        return {
            "LD_PRELOAD": str(find_faketime()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "PYTHONPATH": f"{_FIRST}:{python_path}",
        }
