"""The table of a run."""

from collections import defaultdict
from collections.abc import Sequence

from tests.faults.rounds import Result

_HEADS = (
    "fault",
    "rounds",
    "events",
    "deliveries",
    "repeated",
    "lost",
    "stuck",
    "uncounted",
    "doubles",
    "held",
    "gaps",
    "missed",
    "alerts",
    "alerts lost",
    "alert doubles",
    "accounting wrong",
    "holes",
    "again s",
    "start s",
    "recovery s",
    "problems",
)


def table(results: Sequence[Result]) -> str:
    """Rounds by fault: what was published, lost, stuck, uncounted and duplicated, and the longest times.

    `stuck` are deliveries that did not end, `uncounted` requests that reached the receiver and are no attempt although
    nothing happened to their sender. `held` is the number of deliveries in flight in the affected processes, which
    bounds the duplicates; `again` is how long it took until they were sent again; `recovery` is from the fault until
    every process reports that all is well, of which programs that are started again took `start`.

    `missed` are events that a webhook missed while it was DISABLED, and took afterwards. `alerts lost` are changes of a
    webhook's state without an alert that arrived, `alert doubles` further alerts about the same change; `accounting
    wrong` are accounts of webhooks that do not add up to what was published, `holes` places in a webhook's sequence
    that no row accounts for.
    """
    by_fault: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_fault[result.fault].append(result)
    rows = [_row(name, some) for name, some in by_fault.items()]
    lines = [_HEADS, *rows, _row("all", results)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADS))]
    rule = "-" * (sum(widths) + 2 * len(widths))
    text = [_line(line, widths) for line in lines]
    return "\n".join([text[0], rule, *text[1:-1], rule, text[-1]])


def _row(name: str, results: Sequence[Result]) -> tuple[str, ...]:
    again = [result.again_seconds for result in results if result.again_seconds is not None]
    return (
        name,
        str(len(results)),
        str(sum(result.events for result in results)),
        str(sum(result.deliveries for result in results)),
        str(sum(result.repeated for result in results)),
        str(sum(result.lost for result in results)),
        str(sum(result.stuck for result in results)),
        str(sum(result.uncounted for result in results)),
        str(sum(result.doubles for result in results)),
        str(sum(result.held for result in results)),
        str(sum(result.gaps for result in results)),
        str(sum(result.missed for result in results)),
        str(sum(result.alerts for result in results)),
        str(sum(result.alerts_lost for result in results)),
        str(sum(result.alert_doubles for result in results)),
        str(sum(result.accounting_wrong for result in results)),
        str(sum(result.holes for result in results)),
        f"{max(again):.1f}" if again else "–",
        f"{max((result.start_seconds for result in results), default=0.0):.1f}",
        f"{max((result.recovery_seconds for result in results), default=0.0):.1f}",
        str(sum(len(result.problems) for result in results)),
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.ljust(width) if column == 0 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join([first, *others])
