"""A log that cannot be written neither raises nor blocks, and later reports how much is missing."""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TextIO

import pytest

from app.log_output import MAX_WAITING_BYTES, LogOutput

SECONDS = 10.0
AT_ONCE_SECONDS = 1.0


def said(lines: int) -> str:
    return f"{lines} dropped"


@contextmanager
def pipe(size: int = 4_096) -> Iterator[tuple[int, TextIO]]:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, size)
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        yield reader, stream
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), writer)  # The output writes there from now on, which unblocks its thread.


def test_lines_come_in_their_order(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w", encoding="utf-8") as stream:
        output = LogOutput(stream, said)
        for number in range(1_000):
            output.info(f"line {number}")
        output.flush(SECONDS)

    assert (tmp_path / "log").read_text().splitlines() == [f"line {number}" for number in range(1_000)]
    assert output.dropped == 0


def test_a_full_disk_is_counted_line_by_line_and_reported_once_when_there_is_room_again(tmp_path: Path) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as stream, (tmp_path / "log").open("wb") as room:
        output = LogOutput(stream, said)
        for text in ("one", "two\nthree", "four"):
            output.error(text)
            output.flush(SECONDS)
        while_full = output.dropped

        os.dup2(room.fileno(), stream.fileno())
        for text in ("five", "six"):
            output.info(text)
            output.flush(SECONDS)

    assert while_full == output.dropped == 4
    assert (tmp_path / "log").read_text().splitlines() == ["4 dropped", "five", "six"]


def test_a_pipe_whose_reader_has_gone_is_counted() -> None:
    with pipe() as (reader, stream):
        os.close(reader)
        output = LogOutput(stream, said)
        output.warning("nobody reads this")
        output.flush(SECONDS)

        assert output.dropped == 1


@pytest.mark.parametrize("blocking", [True, False], ids=["blocking", "non-blocking"])
def test_a_reader_that_does_not_read_holds_up_nobody(blocking: bool) -> None:
    line, read = "x" * 999, list[bytes]()
    with pipe() as (reader, stream):
        os.set_blocking(stream.fileno(), blocking)
        output = LogOutput(stream, said)
        began = time.monotonic()
        for _ in range(3 * MAX_WAITING_BYTES // len(line)):
            output.info(line)
        took = time.monotonic() - began
        dropped = output.dropped

        written = 3 * MAX_WAITING_BYTES // len(line) - dropped
        reading = threading.Thread(target=lambda: read.extend(iter(lambda: os.read(reader, 65_536), b"")))
        reading.start()
        output.flush(SECONDS)
        output.info("the end")
        output.flush(SECONDS)
    reading.join(SECONDS)
    os.close(reader)

    assert took < AT_ONCE_SECONDS
    assert dropped > 0
    assert output.dropped == dropped
    lines = b"".join(read).decode().splitlines()
    assert lines.count(line) == written
    *notices, end = [text for text in lines if text != line]
    assert sum(int(notice.removesuffix(" dropped")) for notice in notices) == dropped
    assert end == "the end"


def test_a_line_that_was_cut_off_is_not_joined_to_the_next(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pipe() as (reader, stream), log.open("wb") as room:
        os.set_blocking(stream.fileno(), True)
        output = LogOutput(stream, said)
        output.info("\n".join(["y" * 999] * 20))
        begun = os.read(reader, 1)
        os.close(reader)
        output.flush(SECONDS)
        assert begun == b"y"
        assert 0 < output.dropped < 20

        os.dup2(room.fileno(), stream.fileno())
        output.info("whole")
        output.flush(SECONDS)

    assert log.read_text().splitlines() == ["", f"{output.dropped} dropped", "whole"]


def test_a_process_without_stderr_writes_nowhere() -> None:
    output = LogOutput(None, said)
    output.error("one\ntwo")

    assert output.dropped == 2


def test_a_stream_that_was_closed_is_counted() -> None:
    closed = StringIO()
    closed.close()
    output = LogOutput(closed, said)
    output.error("nothing")

    assert output.dropped == 1


def test_a_forked_child_writes_too(tmp_path: Path) -> None:
    with (tmp_path / "log").open("a", encoding="utf-8") as stream:
        output = LogOutput(stream, said)
        output.info("parent")
        output.flush(SECONDS)
        child = os.fork()
        if child == 0:
            output.info("child")
            output.flush(SECONDS)
            os._exit(0)
        os.waitpid(child, 0)

    assert (tmp_path / "log").read_text().splitlines() == ["parent", "child"]
