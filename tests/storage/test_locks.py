"""Who holds locks on the files of a database, and which versions of SQLite need care."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from taskrow.storage.database import Database
from taskrow.storage.locks import CONNECTED, READING, Lock, locks_on, parse_locks, users_of, who
from taskrow.storage.sqlite_versions import has_wal_reset_bug
from tests.storage.copy_workloads import read_until_told, stay_connected
from tests.storage.processes import running
from tests.storage.rows import add
from tests.storage.workloads import hold_write

LOCKS = """
1: FLOCK  ADVISORY  WRITE 22663 fe:0a:3376245 0 EOF
2: POSIX  ADVISORY  READ 22664 fe:0a:3376245 1073741826 1073742335
2: -> POSIX  ADVISORY  WRITE 22665 fe:0a:3376245 120 120
3: POSIX  ADVISORY  READ 22666 fe:0a:33762 1073741826 1073742335
4: OFDLCK ADVISORY  READ -1 00:1a:3376245 0 EOF
5: POSIX  ADVISORY  READ 22667 fe:0b:3376245 128 128
""".strip()

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who holds a lock")


def test_the_locks_on_one_file_are_read() -> None:
    file = os.stat_result((0o600, 3376245, os.makedev(0xFE, 0x0A), 1, 0, 0, 0, 0, 0, 0))
    assert parse_locks(LOCKS, file) == [
        Lock(22663, 0, is_flock=True),
        Lock(22664, CONNECTED.start, is_flock=False),
    ]
    assert parse_locks("", file) == []


@on_linux
def test_who_uses_a_database_is_told(sqlite: Database, sqlite_url: str, path: Path) -> None:
    add(sqlite)
    assert users_of(path) == ""  # this process itself is not told
    with running(stay_connected, sqlite_url) as child:
        assert child.hear() == "connected"
        assert users_of(path).startswith(f"pid {child.pid} (")
        assert not [lock for lock in locks_on(Path(f"{path}-shm")) if lock.start in READING]
    with running(read_until_told, sqlite_url) as child:
        assert child.hear() == "reading"
        held = {lock.pid for lock in locks_on(Path(f"{path}-shm")) if lock.start in READING}
        assert held == {child.pid}
    with running(hold_write, sqlite_url) as child:
        assert child.hear() == "holding"
        assert {lock.pid for lock in locks_on(Path(f"{path}-write"))} == {child.pid}


def test_processes_that_are_gone_are_named_by_their_number() -> None:
    assert who([2**22 + 7, 2**22 + 1]) == f"pid {2**22 + 1}, pid {2**22 + 7}"


@pytest.mark.parametrize(
    ("version", "has"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 0), False),
    ],
)
def test_the_versions_with_the_wal_reset_bug_are_known(
    version: tuple[int, int, int], has: bool
) -> None:
    assert has_wal_reset_bug(version) == has
