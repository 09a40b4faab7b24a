"""Which faults happen in which mode."""

from collections.abc import Sequence

from tests.faults import on_clocks, on_processes, on_services
from tests.faults.faketime import find_faketime
from tests.faults.fault import Fault, together

# Where libfaketime is not installed, these are left out.
_CLOCK_OF_EMBEDDED = (Fault("the clock is set an hour forward and back", on_clocks.step_clock, gap=True),)
_CLOCKS = (
    Fault("the clock of a server is 30 s ahead", on_clocks.skew_server, prompt=True),
    Fault("the clock of a worker is 30 s ahead", on_clocks.skew_worker, prompt=True),
)

EMBEDDED: Sequence[Fault] = (
    *(_CLOCK_OF_EMBEDDED if find_faketime() else ()),
    Fault("SIGKILL the server", on_processes.kill_all_deliverers, gap=True),
    Fault("SIGTERM the server", on_processes.stop_deliverer, gap=True),
    Fault("SIGSTOP the server past its lease", on_processes.freeze_deliverer),
    Fault("the reader of a log is killed", on_processes.lose_log),
    Fault("the reader of a log does not read", on_processes.freeze_log),
    Fault("the disk of a log is full", on_processes.fill_disk_of_log, gap=True),
    Fault("the receiver dies and comes back", on_processes.kill_receiver),
    Fault("the receiver resets kept connections", on_processes.reset_kept_connections),
)
DISTRIBUTED: Sequence[Fault] = (
    *(_CLOCKS if find_faketime() else ()),
    Fault("SIGKILL a worker", on_processes.kill_deliverer),
    Fault("SIGKILL all workers", on_processes.kill_all_deliverers),
    Fault("SIGKILL a server", on_processes.kill_server),
    Fault("SIGTERM a worker", on_processes.stop_deliverer),
    Fault("SIGTERM a server", on_processes.stop_server),
    Fault("SIGSTOP a worker past its lease", on_processes.freeze_deliverer),
    Fault("PostgreSQL stops at once and restarts", on_services.restart_postgres),
    Fault("PostgreSQL is away longer than a lease", on_services.outlast_leases_without_postgres),
    Fault("every connection to PostgreSQL ends", on_services.drop_postgres_connections),
    Fault("connections to PostgreSQL are half-open", on_services.lose_answers_of_postgres),
    Fault("PostgreSQL is read-only for a while", on_services.make_postgres_read_only),
    Fault("PostgreSQL stands still", on_services.freeze_postgres),
    Fault("PostgreSQL fails over to its standby", on_services.fail_over),
    Fault("Redis is killed, its data comes back", on_services.kill_redis, gap=True),
    Fault("Redis is killed, its data is lost", on_services.lose_redis, gap=True),
    Fault("FLUSHALL", on_services.flush_redis, gap=True),
    Fault("every connection to Redis ends", on_services.drop_redis_connections),
    Fault("the reader of a log is killed", on_processes.lose_log),
    Fault("the reader of a log does not read", on_processes.freeze_log),
    Fault("the disk of a log is full", on_processes.fill_disk_of_log),
    Fault("the receiver dies and comes back", on_processes.kill_receiver),
    Fault("the receiver resets kept connections", on_processes.reset_kept_connections),
    Fault(
        "two at once: SIGKILL a worker, connections to PostgreSQL are half-open",
        together(on_processes.kill_deliverer, on_services.lose_answers_of_postgres),
    ),
    Fault(
        "two at once: PostgreSQL restarts, the receiver dies",
        together(on_services.restart_postgres, on_processes.kill_receiver),
    ),
    Fault(
        "two at once: SIGKILL a server, Redis loses its data",
        together(on_processes.kill_server, on_services.lose_redis),
        gap=True,
    ),
)
BY_DRAMATIQ: Sequence[Fault] = (
    Fault("SIGKILL a worker", on_processes.kill_deliverer),
    Fault("SIGTERM a worker", on_processes.stop_deliverer),
    Fault("SIGSTOP a worker past its lease", on_processes.freeze_deliverer),
    Fault("PostgreSQL stops at once and restarts", on_services.restart_postgres),
    Fault("Redis is killed, its data is lost", on_services.lose_redis, gap=True),
)
