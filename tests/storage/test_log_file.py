"""How long the log is."""

from __future__ import annotations

import os
from pathlib import Path

from taskrow.storage.log_file import LogFile


def test_a_log_that_is_not_there_is_empty(path: Path) -> None:
    assert LogFile(path).size == 0


def test_it_is_as_long_as_it_is_now(path: Path) -> None:
    log, file = LogFile(path), path.with_name(path.name + "-wal")
    for length in (10, 30, 0):
        file.touch()
        with file.open("r+b") as writing:
            writing.truncate(length)
        assert log.size == length
    log.let_go()


def test_one_that_was_made_anew_is_seen_after_letting_go(path: Path) -> None:
    log, file = LogFile(path), path.with_name(path.name + "-wal")
    file.write_bytes(b"x" * 5)
    assert log.size == 5
    log.let_go()
    file.unlink()
    assert log.size == 0
    file.write_bytes(b"x" * 7)
    assert log.size == 7
    log.let_go()


def test_one_that_somebody_else_closed_is_opened_again(path: Path) -> None:
    log, file = LogFile(path), path.with_name(path.name + "-wal")
    file.write_bytes(b"x" * 5)
    assert log.size == 5
    assert log._file is not None
    os.close(log._file)
    assert log.size == 0, "not known"
    assert log.size == 5
    log.let_go()


def test_to_let_go_of_one_that_somebody_else_closed_is_no_error(path: Path) -> None:
    log, file = LogFile(path), path.with_name(path.name + "-wal")
    file.touch()
    assert log.size == 0
    assert log._file is not None
    os.close(log._file)
    log.let_go()
