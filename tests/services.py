"""A real PostgreSQL and a real Redis for the tests, and a real RabbitMQ if the machine has one.

Only the real programs have real locks, plans, streams and crashes. A test that kills a server starts its own from here;
all others share those of the session (see `tests.conftest`). This module knows nothing of the product.
"""

import signal
import subprocess
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import redis

from tests.patience import PATIENCE_SECONDS
from tests.programs import account_for_postgres, find_postgres, find_rabbitmq, find_redis, reachable
from tests.server import Server, ServerFailed, free_port


class Postgres(Server):
    """A PostgreSQL. Use it in `with`, or call `start` and `close`.

    It does not flush to the disk unless `flushing` is set: data of a killed process survives either way, and only a
    loss of power loses it, so `flushing` is for measuring.
    """

    _ready = "database system is ready to accept connections"
    _stop_signal = signal.SIGINT
    _abort_signal = signal.SIGQUIT

    def __init__(self, *, flushing: bool = False) -> None:
        super().__init__(account_for_postgres())
        self._flushing = flushing
        self._programs = reachable(find_postgres(), self._account, self._directory)
        self._data = self._directory / "data"

    @property
    def url(self) -> str:
        """The address of the database "postgres"."""
        return self.database_url("postgres")

    def database_url(self, name: str) -> str:
        """Return the address that a database of this server has."""
        return f"postgres://postgres@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Start, the first time after making the data directory, and return when connections are accepted.

        Raises:
            ServerFailed: it ended instead, or took longer than `PATIENCE_SECONDS`, or runs already.
        """
        if not self._data.exists():
            self._make_data_directory()
        super().start()

    def _make_data_directory(self) -> None:
        form = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        initdb = self._launch([self._programs / "initdb", *form, f"--pgdata={self._data}"])
        said, _ = initdb.communicate(timeout=PATIENCE_SECONDS)
        if initdb.returncode:
            raise ServerFailed(f"initdb ended with {initdb.returncode}:\n{said}")

    def _command(self) -> Sequence[str | Path]:
        flush = "on" if self._flushing else "off"
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 200,
            "fsync": flush,
            "full_page_writes": flush,
            # In the data directory rather than in /dev/shm, where a killed server would leave it behind.
            "dynamic_shared_memory_type": "mmap",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [self._programs / "postgres", "-D", self._data, *options]


class Standby(Postgres):
    """A streaming standby of a PostgreSQL that runs, until it is promoted. Knows no slots: what the primary has removed
    before it was fetched would be missing.

    Args:
        primary: what it copies when it is started first, and follows.
    """

    # As a standby it says "read-only connections".
    _ready = "database system is ready to accept"

    def __init__(self, primary: Postgres) -> None:
        super().__init__()
        self._primary = primary

    def _make_data_directory(self) -> None:
        source = f"host=127.0.0.1 port={self._primary.port} user=postgres"
        options = ["--checkpoint=fast", "--wal-method=stream", "--write-recovery-conf", "--no-sync"]
        # The programs may be links to a directory that holds more of them.
        program = (self._programs / "initdb").resolve().with_name("pg_basebackup")
        copy = self._launch([program, f"--dbname={source}", *options, f"--pgdata={self._data}"])
        said, _ = copy.communicate(timeout=PATIENCE_SECONDS)
        if copy.returncode:
            raise ServerFailed(f"pg_basebackup ended with {copy.returncode}:\n{said}")


class Redis(Server):
    """A Redis. Use it in `with`, or call `start` and `close`. It loses its data when it ends, unless it is
    `persistent`.
    """

    _ready = "Ready to accept connections"
    _stop_signal = signal.SIGTERM
    _abort_signal = signal.SIGKILL
    _DATABASES = 256

    def __init__(self, *, persistent: bool = False) -> None:
        super().__init__()
        self._persistent = persistent
        self._program = find_redis()
        self._numbers = count(1)

    @property
    def url(self) -> str:
        """The address of database 0."""
        return self._database_url(0)

    def fresh_database_url(self) -> str:
        """Return the address of an empty database, a different one at every call as long as there are any."""
        url = self._database_url(next(self._numbers) % self._DATABASES)
        with redis.Redis.from_url(url) as client:
            client.flushdb()
        return url

    def _database_url(self, number: int) -> str:
        return f"redis://127.0.0.1:{self.port}/{number}"

    def _command(self) -> Sequence[str | Path]:
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(self._directory),
            "databases": str(self._DATABASES),
            "save": "",
            "appendonly": "yes" if self._persistent else "no",
        }
        return [self._program, *(part for name, value in settings.items() for part in (f"--{name}", value))]


class RabbitMq(Server):
    """A RabbitMQ. Use it in `with`, or call `start` and `close`. Its data survives its end."""

    _ready = "Server startup complete"
    _stop_signal = signal.SIGTERM
    _abort_signal = signal.SIGTERM  # The program is a script: SIGKILL would leave the server behind.

    def __init__(self) -> None:
        super().__init__()
        self._program = find_rabbitmq()
        self._names_port = free_port()
        self._names: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address, with its credentials for this machine."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and return when connections are accepted.

        Raises:
            ServerFailed: it ended instead, or took longer than `PATIENCE_SECONDS`, or runs already.
        """
        if self._names is None:
            # Erlang's name server, which RabbitMQ would start itself and never end.
            command = ["epmd", "-address", "127.0.0.1", "-port", str(self._names_port)]
            self._names = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        super().start()

    def close(self) -> None:
        """End it if it runs, and remove its directory."""
        super().close()
        if self._names is not None:
            self._names.kill()
            self._names.wait()

    def _command(self) -> Sequence[str | Path]:
        settings = {
            "HOME": self._directory,  # where Erlang creates its cookie
            "ERL_EPMD_PORT": self._names_port,
            "RABBITMQ_NODENAME": f"test-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": self.port,
            "RABBITMQ_DIST_PORT": free_port(),
            "RABBITMQ_MNESIA_BASE": self._directory / "data",
            "RABBITMQ_LOG_BASE": self._directory / "log",
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": self._directory / "pid",
            "RABBITMQ_ENABLED_PLUGINS_FILE": self._directory / "plugins",
            "RABBITMQ_CONFIG_FILE": self._directory / "rabbitmq",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        }
        return ["env", *(f"{name}={value}" for name, value in settings.items()), self._program]
