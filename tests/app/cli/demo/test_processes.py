"""Commands in separate processes: their environment, and how they end."""

from pathlib import Path

import orjson
import psutil
import pytest

from app.cli.demo.processes import next_line, running
from app.cli.failures import Refused
from tests.patience import PATIENCE_SECONDS

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def test_a_command_runs_until_the_block_ends(tmp_path: Path) -> None:
    before = {process.pid for process in psutil.Process().children()}

    async with running("listener", ["listen", "--port", "0", "--json"], tmp_path, {}) as program:
        said = orjson.loads(await next_line(program, PATIENCE_SECONDS))
        [child] = [process for process in psutil.Process().children() if process.pid not in before]

    assert said["kind"] == "listening"
    assert not child.is_running()
    assert orjson.loads(await next_line(program, PATIENCE_SECONDS)) == {"kind": "end", "requests": 0, "verified": 0}


async def test_a_command_gets_the_settings_given_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EEV_WEBHOOKS_SECRET", SECRET)
    monkeypatch.setenv("DATABASE_URL", "mysql://elsewhere")
    file = tmp_path / "here" / "some.db"

    async with running("listener", ["listen", "--port", "0", "--json"], tmp_path, {}) as listener:
        said = orjson.loads(await next_line(listener, PATIENCE_SECONDS))
    async with running("migration", ["migrate", "--json"], tmp_path, {"DATA_DIR": str(file.parent)}) as migration:
        applied = orjson.loads(await next_line(migration, PATIENCE_SECONDS))

    assert said["secret"] != SECRET
    assert "0001_initial" in applied["applied"]


async def test_a_command_that_ends_says_its_last_words(tmp_path: Path) -> None:
    async with running("server", ["serve"], tmp_path, {"PORT": "many"}) as program:
        with pytest.raises(Refused, match='The server ended; last it said:\nPORT is "many"'):
            await next_line(program, PATIENCE_SECONDS)


async def test_a_command_that_says_nothing_is_not_waited_for_forever(tmp_path: Path) -> None:
    async with running("listener", ["listen", "--port", "0", "--json"], tmp_path, {}) as program:
        await next_line(program, PATIENCE_SECONDS)
        with pytest.raises(Refused, match=r"The listener wrote nothing for 0\.05 seconds"):
            await next_line(program, 0.05)
