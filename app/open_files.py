"""Lets this process open as many files as it will need: a connection is one, too.

The limit that counts, the soft one, is 1,024 nearly everywhere, for the sake of programs that use `select`. Others may
raise it to the hard limit (https://0pointer.net/blog/file-descriptor-limits.html).
"""

import resource

import structlog

log = structlog.get_logger()

# Enough for the most that MAX_IN_FLIGHT may be, and tens of thousands of followers.
ENOUGH = 65_536
# Beside the requests to receivers: clients, the database, the broker, the process's own files.
SPARE = 500


def may_open_many(requests: int) -> None:
    """Raise the limit as far as this process may, and say in the log where it is too low for so many requests to
    receivers at once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
        except (OSError, ValueError):
            pass  # macOS says "infinity" and allows less.
    if soft != resource.RLIM_INFINITY and soft < requests + SPARE:
        log.warning(
            "process.few_files",
            limit=soft,
            needed=requests + SPARE,
            hint="Raise the limit of open files (ulimit -Hn), or set MAX_IN_FLIGHT lower.",
        )
