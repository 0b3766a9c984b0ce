"""What child processes do while their checkpoints and commits are noted.

Times are nanoseconds of CLOCK_MONOTONIC, which all processes share.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import struct
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, make_url

from taskrow.storage import checkpoints, writer
from taskrow.storage.database import open_database
from taskrow.storage.gate import write_of
from taskrow.storage.prepared import drive
from taskrow.storage.sqlite import SqliteDatabase
from tests.storage.processes import Line
from tests.storage.rows import add

SMALL = 64 * 1024  # bytes of a log that is folded
_LONG = "x" * 8000


@dataclass
class Notes:
    """What one process did: each time with its beginning and its end."""

    commits: list[tuple[int, int]] = field(default_factory=list)
    checkpoints: list[tuple[int, int]] = field(default_factory=list)
    without_turn: int = 0  # checkpoints that began while it did not hold the gate
    on_folded_log: int = 0  # checkpoints that began when everything was folded already


def _path_of(url: str) -> Path:
    return Path(str(make_url(url).database))


class _Memory:
    """SQLite's shared memory of a log. Its file stays open: to close it would drop locks."""

    def __init__(self, database: Path) -> None:
        self._file = os.open(f"{database}-shm", os.O_RDONLY)

    def is_folded(self) -> bool:
        [frames] = struct.unpack("I", os.pread(self._file, 4, 16))
        [folded] = struct.unpack("I", os.pread(self._file, 4, 96))
        return bool(frames == folded and frames)


@contextmanager
def noted(path: Path) -> Iterator[Notes]:
    """Note what the writer of this process does, and let it fold its log often."""
    notes, memory = Notes(), _Memory(path)
    fold = checkpoints._checkpoint

    def note_checkpoint(driver: sqlite3.Connection, mode: str) -> bool:
        notes.without_turn += _is_free(write_of(path))
        notes.on_folded_log += memory.is_folded()
        began = time.monotonic_ns()
        done = fold(driver, mode)
        notes.checkpoints.append((began, time.monotonic_ns()))
        return done

    def note_commit(connection: Connection, sql: str, values: Any = ()) -> Any:
        began = time.monotonic_ns()
        done = drive(connection, sql, values)
        if sql == "COMMIT":
            notes.commits.append((began, time.monotonic_ns()))
        return done

    checkpoints.__dict__.update(_checkpoint=note_checkpoint, _CHECKPOINT_BYTES=SMALL)
    writer.__dict__["drive"] = note_commit
    yield notes


def _is_free(lock: Path) -> bool:
    file = os.open(lock, os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(file)
    return True


def write_and_note(_: Line, url: str, rounds: int) -> Notes:
    """Write, and now and then cut the log as a worker does."""
    database = open_database(url, busy_timeout=30)
    assert isinstance(database, SqliteDatabase)
    add(database)
    with noted(database.path) as notes:
        for _round in range(rounds):
            for _task in range(10):
                add(database, args=_LONG)
            database.truncate_log()
            database.truncate_log()
        return notes


def write_without_a_turn(line: Line, url: str) -> int:
    """Write beside the gate, as an application to its own tables; returns how often."""
    written = 0
    with closing(sqlite3.connect(_path_of(url), isolation_level=None, timeout=30)) as outsider:
        outsider.execute("PRAGMA wal_autocheckpoint = 0")
        outsider.execute("CREATE TABLE notes (text)")
        line.say("writing")
        while not line.is_told():
            outsider.execute("BEGIN IMMEDIATE")
            outsider.execute("INSERT INTO notes VALUES (?)", (_LONG,))
            time.sleep(0.001)
            outsider.execute("COMMIT")
            time.sleep(0.001)
            written += 1
    return written


def cut_a_folded_log(_: Line, url: str, careful: bool) -> int:
    """Cut a log that is folded already; returns on how many such a checkpoint began.

    careful: as it is; else as it would be without the write before a checkpoint.
    """
    database = open_database(url, busy_timeout=5)
    assert isinstance(database, SqliteDatabase)
    if not careful:
        checkpoints.__dict__["_write_something"] = lambda _: None
    add(database)
    database.truncate_log()
    with noted(database.path) as notes:
        with closing(sqlite3.connect(database.path, isolation_level=None)) as reader:
            add(database)
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM tasks").fetchone()
            database.truncate_log()  # which folds all, but cannot begin anew below the reader
            reader.execute("COMMIT")
        database.truncate_log()
        return notes.on_folded_log
