"""What an installation, and the bench itself beside it, use for a piece of work."""

from collections.abc import Mapping
from time import perf_counter, process_time

from bench.installation import Installation
from bench.processes import cpu_of, peaks_of


class Meter:
    """Counts from its creation. The load (this process) and the receiver use the same cores, so they are counted
    too.
    """

    def __init__(self, product: Installation) -> None:
        self._product = product
        self._processes = {**product.all_processes, "receiver": product.receiver}
        self._before = self._now()
        self._began = perf_counter()

    def read(self) -> "Reading":
        """What was used so far."""
        used = {name: seconds - self._before[name] for name, seconds in self._now().items()}
        python = sum(used[name] for name in self._product.processes)
        return Reading(perf_counter() - self._began, python, used, peaks_of(self._product.processes))

    def _now(self) -> dict[str, float]:
        return {**cpu_of(self._processes), "load": process_time()}


class Reading:
    """What a piece of work took: `python` is the CPU of the product's processes without the database, in seconds."""

    def __init__(self, seconds: float, python: float, used: Mapping[str, float], peaks: Mapping[str, float]) -> None:
        self.seconds = seconds
        self.python = python
        self.peaks = peaks
        self._used = used

    def each(self, count: int) -> dict[str, float]:
        """CPU of each process per unit, and the peak memory so far, as details of a line."""
        return {f"{name} CPU ms": used * 1_000 / count for name, used in self._used.items()} | dict(self.peaks)
