"""The doctor's look at an SQLite file: where it lies, who may read it, who holds it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from taskrow.engine.doctor.diagnosis import Diagnosis, bad, ok, size, some, warn
from taskrow.errors import DatabaseError
from taskrow.storage.locks import READING, locks_on, who
from taskrow.storage.mounts import file_system_of, is_remote
from taskrow.storage.sqlite import SqliteDatabase
from taskrow.storage.sqlite_versions import has_wal_reset_bug

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine

_LARGE_LOG, _HUGE_LOG = 64 * 2**20, 2**30
_ROOMY = 10  # times the space that must stay free
_BESIDE = ("", "-wal", "-shm", "-entry", "-write")
_AGAIN = 0.05  # seconds


def look_at_file(engine: QueueEngine, database: SqliteDatabase) -> Iterator[Diagnosis]:
    """Everything about the file that can be told without its rows."""
    path = database.path
    yield _file_system(path)
    yield _space(path, engine.settings.min_free_space)
    yield _rights(path)
    yield _log(path)
    yield _version()
    yield _turn(database)


def _file_system(path: Path) -> Diagnosis:
    kind = file_system_of(path.parent)
    if is_remote(kind):
        return bad(
            "file system",
            f"{kind}: other machines' locks do not reach here, and SQLite loses data",
            "move the database to a local disk, or use PostgreSQL",
        )
    return ok("file system", kind or "this platform does not say which")


def _space(path: Path, least: int) -> Diagnosis:
    free = shutil.disk_usage(path.parent).free
    says = f"{size(free)} free, the database has {size(path.stat().st_size)}"
    if free < least:
        do = f"free some space: below {size(least)} nothing can be submitted (507)"
        return bad("disk", says, do)
    if free < _ROOMY * least:
        do = f"free some space: below {size(least)} nothing can be submitted"
        return warn("disk", says, do)
    return ok("disk", says)


def _rights(path: Path) -> Diagnosis:
    files = [file for suffix in _BESIDE if (file := path.with_name(path.name + suffix)).exists()]
    owners = {file.stat().st_uid for file in files}
    if len(owners) > 1:
        return bad(
            "rights",
            f"{path.name} and its neighbours belong to different users",
            f"chown them to the user of web and workers: {some([file.name for file in files], 9)}",
        )
    if os.name != "posix":
        return ok("rights", "not told on this platform")
    if path.parent.stat().st_mode & stat.S_IWOTH and not path.parent.stat().st_mode & stat.S_ISVTX:
        do = f"chmod o-w {path.parent}"
        return bad("rights", "everybody can put files in place of the database", do)
    if opened := [file.name for file in files if file.stat().st_mode & 0o077]:
        return warn(
            "rights",
            f"others than the owner may read {some(opened)}, where requests and results are",
            f"chmod 600 {path} and its neighbours, unless it is meant so",
        )
    return ok("rights", "for the owner alone")


def _log(path: Path) -> Diagnosis:
    log = path.with_name(path.name + "-wal")
    length = log.stat().st_size if log.exists() else 0
    if length < _LARGE_LOG:
        return ok("log", f"{size(length)} of write-ahead log")
    readers = _lasting_readers(path)
    held = (
        f"held up by the open transaction of {who(readers)}" if readers else "it is not folded in"
    )
    do = "end that process or its transaction; a worker then cuts the log within a minute"
    level = bad if length > _HUGE_LOG else warn
    return level("log", f"{size(length)} of write-ahead log: {held}", do if readers else _FOLD)


_FOLD = "start a worker, which folds it in within a minute; look for what reads for long"


def _lasting_readers(path: Path) -> set[int]:
    """The processes that read in one transaction for longer than a moment."""
    first = _readers(path)
    time.sleep(_AGAIN)
    return first & _readers(path)


def _readers(path: Path) -> set[int]:
    memory = path.with_name(path.name + "-shm")
    return {lock.pid for lock in locks_on(memory) if lock.start in READING}


def _version() -> Diagnosis:
    version = sqlite3.sqlite_version
    if not has_wal_reset_bug(sqlite3.sqlite_version_info):
        return ok("SQLite", version)
    return warn(
        "SQLite",
        f"{version} has the WAL-reset bug: a checkpoint beside a commit can damage the file; "
        "taskrow's gate keeps the two apart",
        "let no other program write to the file or checkpoint it (sqlite3 -readonly is safe), or "
        "use SQLite 3.51.3, 3.50.7 or 3.44.6",
    )


def _turn(database: SqliteDatabase) -> Diagnosis:
    """Whether a writer gets its turn: an empty transaction, through the gate as all of them."""
    gate = database.path.with_name(database.path.name + "-write")
    if not gate.exists():
        return ok("gate", "nobody has written yet")
    start = time.monotonic()
    try:
        database.write(lambda _: None)
    except DatabaseError as error:
        return bad(
            "gate", f"{error}{_holder(gate)}", "end who holds it, or let it go on (kill -CONT)"
        )
    return ok("gate", f"a turn to write was had after {(time.monotonic() - start) * 1000:.1f} ms")


def _holder(gate: Path) -> str:
    holders = {lock.pid for lock in locks_on(gate) if lock.is_flock}
    return f"; the turn is held by {who(holders)}" if holders else ""
