"""What an installation, and the bench itself beside it, use for a piece of work."""

from collections.abc import Mapping
from dataclasses import dataclass
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
        python, everything = (
            sum(used[name] for name in processes)
            for processes in (self._product.processes, self._product.all_processes)
        )
        return Reading(perf_counter() - self._began, python, everything, used, peaks_of(self._product.processes))

    def _now(self) -> dict[str, float]:
        return {**cpu_of(self._processes), "load": process_time()}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a piece of work took, in seconds.

    Attributes:
        python: CPU of the product's processes.
        everything: CPU of the product's processes, the database and the broker.
        used: CPU of each process, of the load and of the receiver.
        peaks: the peak memory of each of the product's processes so far, as details of a line.
    """

    seconds: float
    python: float
    everything: float
    used: Mapping[str, float]
    peaks: Mapping[str, float]

    def each(self, count: int) -> dict[str, float]:
        """CPU of each process per unit, and the peak memory so far, as details of a line."""
        return {f"{name} CPU ms": used * 1_000 / count for name, used in self.used.items()} | dict(self.peaks)
