"""Whether a worker lives: a lock of its processes, freed by the kernel with the last of them.

On SQLite a flock on a file beside the database, shared with the runners. On PostgreSQL an advisory
lock on the worker's listening connection. Others see a death at once, instead of after a lease.
"""

from __future__ import annotations

import glob
import hashlib
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from sqlalchemy import func, select

from taskrow.errors import DatabaseError
from taskrow.storage.claims import running_workers
from taskrow.storage.database import Database
from taskrow.storage.doorbell import ChannelBell, Doorbell
from taskrow.storage.gate import FileLock
from taskrow.storage.postgres import PostgresDatabase
from taskrow.storage.sqlite import SqliteDatabase

_SIGN = "-worker-"
_IDS = f"*-{'[0-9a-f]' * 8}"  # new_worker_id's: what others call their files is not ours to delete
_GLANCE = 1.0  # seconds: who looks whether a sign is locked, holds it for a moment
LOOK_AGAIN = 0.5  # seconds between two looks at a worker that may be dead
_UNSURE = 2.0  # seconds after a cut of one's own, in which others come back


class Liveness(ABC):
    """One worker's sign of life, and its view of the others'."""

    shared_file: int | None = None  # what runners inherit, so that the sign stands while they do

    def renew(self) -> None:  # noqa: B027 - most signs stand by themselves
        """Show the sign again where it was lost with a connection."""

    def tidy(self) -> None:  # noqa: B027 - most signs go with their worker
        """Remove what dead workers left of their signs, once nothing runs under them."""

    @abstractmethod
    def is_gone(self, worker: str) -> bool:
        """Whether that worker is surely dead. False also where it merely cannot be told."""

    def find_gone(
        self,
        workers: Collection[str],
        moment: float,  # noqa: ARG002 - one look at a file's lock is enough
    ) -> set[str]:
        """Those whose tasks may be taken; to be asked every ``LOOK_AGAIN`` (moment: monotonic)."""
        return {worker for worker in workers if self.is_gone(worker)}

    @abstractmethod
    def close(self) -> None:
        """Give the sign up: this worker has stopped."""


def show_life(database: Database, worker: str, bell: Doorbell) -> Liveness:
    """Begin to show that ``worker`` lives, before it claims anything."""
    if isinstance(database, SqliteDatabase):
        return FileLiveness(database.path, worker, lambda: _workers_of_rows(database))
    assert isinstance(database, PostgresDatabase)
    assert isinstance(bell, ChannelBell)
    return AdvisoryLiveness(database, worker, bell)


def living_workers(database: Path) -> list[str]:
    """The workers whose signs beside an SQLite file are locked."""
    signs = _signs_beside(database)
    return [_worker_of(database, sign) for sign in signs if _is_locked(sign)]


def leave_free_signs(database: Path, workers: Collection[str]) -> list[Path]:
    """Show that these workers are dead, as nobody can whose rows came with a copy.

    Returns their signs. One whose id is no name for a file, as of a damaged row, gets none.
    """
    signs = []
    for worker in workers:
        with suppress(OSError, ValueError):
            sign = _sign_of(database, worker)
            FileLock(sign).close()
            signs.append(sign)
    return signs


def _sign_of(database: Path, worker: str) -> Path:
    """ValueError where the id is no name for a file, as of a damaged row."""
    return database.with_name(f"{database.name}{_SIGN}{worker}")


def _worker_of(database: Path, sign: Path) -> str:
    return sign.name[len(database.name + _SIGN) :]


def _signs_beside(database: Path, ids: str = "*") -> list[Path]:
    return sorted(database.parent.glob(f"{glob.escape(database.name)}{_SIGN}{ids}"))


def _is_locked(sign: Path) -> bool:
    try:
        lock = FileLock(sign, make=False)
    except OSError:  # of another user, or gone by now
        return sign.exists()
    try:
        return not lock.try_lock()
    finally:
        lock.close()


def gone_workers(database: Database, workers: Collection[str]) -> set[str]:
    """Those of the given workers that show no life, in the eyes of who is no worker."""
    if isinstance(database, SqliteDatabase):
        return set(workers) - set(living_workers(database.path))
    return {worker for worker in workers if _is_lock_free(database, worker)}


class FileLiveness(Liveness):
    """A locked file ``<database>-worker-<id>``.

    One that is there and free is a death. Where none is, nobody knows: somebody may have deleted
    it under a worker that lives. So a sign stays for as long as something runs under its worker.
    ``in_use``: the workers under which anything does; DatabaseError where that cannot be told.
    """

    def __init__(self, database: Path, worker: str, in_use: Callable[[], set[str]]) -> None:
        self._database, self._worker, self._in_use = database, worker, in_use
        self._path = _sign_of(database, worker)
        self._lock = _lock_in_place(self._path)
        self.shared_file = self._lock.fileno()

    def is_gone(self, worker: str) -> bool:
        with suppress(OSError, ValueError):
            sign = _sign_of(self._database, worker)
            return not _is_locked(sign) and sign.exists()
        return False

    def tidy(self) -> None:
        free = [sign for sign in _signs_beside(self._database, _IDS) if not _is_locked(sign)]
        in_use = self._in_use() if free else set()  # looked up when they were dead: none claims now
        for sign in free:
            if _worker_of(self._database, sign) not in in_use:
                _remove_if_free(sign)

    def close(self) -> None:
        with suppress(OSError, DatabaseError):  # else the next one that tidies up does it
            if self._worker not in self._in_use():
                self._path.unlink()
        self._lock.close()


def _lock_in_place(sign: Path) -> FileLock:
    """A locked file that is still at its path: who tidies may take it before it is locked."""
    deadline = time.monotonic() + _GLANCE
    while True:
        lock = FileLock(sign)
        lock.lock_before(deadline)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(lock.fileno()), sign.stat()):
                return lock
        lock.close()


def _remove_if_free(sign: Path) -> None:
    """Delete a sign that nobody holds, while it is locked."""
    with suppress(OSError):  # of another user, or gone by now
        lock = FileLock(sign, make=False)
        try:
            if lock.try_lock():
                sign.unlink(missing_ok=True)
        finally:
            lock.close()


def _workers_of_rows(database: Database) -> set[str]:
    with database.read() as connection:
        return running_workers(connection)


class AdvisoryLiveness(Liveness):
    """An advisory lock named by a hash of the worker's id.

    A server that starts again, or cuts a connection, frees the lock of a worker that lives, until
    that one has a connection again. So a worker is called gone when its lock was free in two looks,
    and by nobody who has just been cut off: the others may have been, too.
    """

    def __init__(self, database: PostgresDatabase, worker: str, bell: ChannelBell) -> None:
        self._database, self._bell = database, bell
        self._free_since: dict[str, float] = {}  # monotonic
        # Shared, so that it is there at once where the server has not buried the old connection.
        bell.keep(f"SELECT pg_advisory_lock_shared({_key(worker)})")

    def renew(self) -> None:
        self._bell.mend()

    def is_gone(self, worker: str) -> bool:
        return _is_lock_free(self._database, worker)

    def find_gone(self, workers: Collection[str], moment: float) -> set[str]:
        before, self._free_since = self._free_since, {}
        if moment < self._bell.broke_at + _UNSURE:
            return set()
        for worker in workers:
            if self.is_gone(worker):
                self._free_since[worker] = before.get(worker, moment)
        return {worker for worker, at in self._free_since.items() if moment >= at + LOOK_AGAIN}

    def close(self) -> None:
        """The lock goes with the bell's connection."""


def _is_lock_free(database: Database, worker: str) -> bool:
    lock = func.pg_try_advisory_xact_lock(_key(worker))  # for this one statement
    with database.read() as connection:
        return bool(connection.execute(select(lock)).scalar())


def _key(worker: str) -> int:
    return int.from_bytes(hashlib.sha256(worker.encode()).digest()[:8], "big", signed=True)


def new_worker_id(host: str) -> str:
    """An id for a worker that starts now: readable, unique for each start, fit for a file name."""
    plain = "".join(c if c.isalnum() or c in "-_" else "-" for c in host)[:40]
    return f"{plain}-{os.getpid()}-{os.urandom(4).hex()}"
