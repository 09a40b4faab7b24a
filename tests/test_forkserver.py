"""Programs that are forked with their modules loaded behave like those that an interpreter was started for."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forkserver import Forked


def fail() -> None:
    """End with the exit code that the second argument names."""
    sys.exit(int(sys.argv[1]))


def show() -> None:
    """Print what surrounds the process."""
    print(sys.argv, os.getcwd(), sorted(os.environ), sys.stdin.read())  # noqa: T201, PTH109


def wait() -> None:
    """Wait for a signal."""
    print("waiting", flush=True)  # noqa: T201
    signal.pause()


def started(target: str, directory: Path, *arguments: str, given: str = "", stdout: int = subprocess.DEVNULL) -> Forked:
    command, environment = ["program", *arguments], {"NAME": "Ada"}
    file = directory / "given"
    file.write_text(given)
    with file.open() as stdin:
        return Forked(f"{__name__}:{target}", command, directory, environment, stdin, stdout, subprocess.DEVNULL)


@pytest.mark.parametrize("code", [0, 3])
def test_the_exit_code_is_the_programs(tmp_path: Path, code: int) -> None:
    program = started("fail", tmp_path, str(code))

    assert (program.wait(), program.poll(), program.returncode) == (code, code, code)


def test_arguments_directory_environment_and_input_are_its_own(tmp_path: Path) -> None:
    output, stdout = os.pipe()
    program = started("show", tmp_path, "a", "b", given="some text", stdout=stdout)
    os.close(stdout)
    with os.fdopen(output) as shown:
        text = shown.read()

    assert program.wait() == 0
    assert text == f"['program', 'a', 'b'] {tmp_path} ['NAME'] some text\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_it(tmp_path: Path, number: signal.Signals) -> None:
    output, stdout = os.pipe()
    program = started("wait", tmp_path, stdout=stdout)
    os.close(stdout)
    with os.fdopen(output) as shown:
        assert shown.readline() == "waiting\n"
        assert program.poll() is None
        program.send_signal(number)

        assert program.wait() == -number


def test_many_run_at_once_and_a_signal_to_one_that_ended_goes_nowhere(tmp_path: Path) -> None:
    programs = [started("fail", tmp_path, str(number)) for number in range(5)]

    assert [program.wait() for program in programs] == list(range(5))
    assert len({program.pid for program in programs}) == 5
    programs[0].kill()
