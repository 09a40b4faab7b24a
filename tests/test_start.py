"""What processes import: a start is mostly imports, and what they bring stays in memory."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

# Libraries that a process needs only for some requests, or that belong to the tests, other commands, or other brokers.
RARELY = {
    *("aiosmtplib", "cloudevents", "cryptography.x509", "faker", "hypothesis", "httpx2", "lark", "mcp"),
    *("opentelemetry", "pika", "prompt_toolkit", "pygments", "redis", "rich", "watchfiles.main", "yaml"),
}
_OPEN = """
import asyncio, sys
from app.cli import running
import app.lean_imports
from app.settings import load_settings
from app.web.serve import serve, serve_worker
from app.web.application import create_application, create_worker_application
from tasks.process import open_process
async def main():
    async with open_process(load_settings(), works=True, migrates=True) as resources:
        {create}(resources)
asyncio.run(main())
print(*sorted(sys.modules))
"""


def imported_by(program: str, directory: Path) -> set[str]:
    """The modules that a separate process has imported when a program ends."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATA_DIR": str(directory)}
    # Uvicorn imports it if it is installed, which it is for development only.
    without = "import sys; sys.modules['watchfiles'] = None\n"
    ended = subprocess.run(
        [sys.executable, "-c", without + program],
        env=environment,
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return set(ended.stdout.split())


def test_a_server_imports_nothing_that_few_requests_need(tmp_path: Path) -> None:
    assert imported_by(_OPEN.format(create="create_application"), tmp_path) & RARELY == set()


def test_a_worker_imports_no_graphql_either(tmp_path: Path) -> None:
    imported = imported_by(_OPEN.format(create="create_worker_application"), tmp_path)

    assert imported & (RARELY | {"graphql", "strawberry", "graph"}) == set()
