"""Put a backup in the place of the database file, while nobody uses it.

What is unfinished in a backup may have run since it was made. So in what is restored all queues are
paused, until somebody who knows says otherwise. What ran when it was made is lost with its workers,
which is shown to those that come.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL

from taskrow.domain.times import to_text
from taskrow.errors import DatabaseError
from taskrow.storage import lanes
from taskrow.storage.claims import running_workers
from taskrow.storage.joined import OWN_TABLES
from taskrow.storage.liveness import leave_free_signs
from taskrow.storage.placing import keep_as, put, workplace
from taskrow.storage.schema import upgrade
from taskrow.storage.snapshots import Contents, copy_into, look_over, opened, tables_of
from taskrow.storage.sole_use import sole_use
from taskrow.storage.sqlite import SqliteDatabase

_BESIDE = ("-wal", "-shm", "-journal")
_PATIENCE = 1.0  # seconds in which others may let go of a database


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What is in the database now; ``kept``: the file that was there before, None: there was none.

    ``contents`` are those of the backup; its tables are upgraded.
    """

    contents: Contents
    kept: Path | None


def restore(database: Path, source: Path, *, now: datetime) -> Restored:
    """Make a backup the database. DatabaseError, SchemaError: the database is what it was."""
    _refuse_source(database, source)
    with workplace(database) as place:
        copy = place / database.name
        with opened(source) as connection:
            copy_into(copy, connection)
        contents = look_over(copy)
        workers = _pause_all(copy, f"restored from {source.name}", now)
        with sole_use(database, _PATIENCE) as connection:
            if connection is not None:
                _refuse_to_lose_tables(connection, contents)
            for file in (copy, *leave_free_signs(database, workers)):
                _give_to_owner(file, database)
            kept = _swap(copy, database, now)
    return Restored(contents=contents, kept=kept)


def _refuse_source(database: Path, source: Path) -> None:
    if not source.is_file():
        raise DatabaseError(f"{source} is no file")
    with suppress(OSError):
        if source.samefile(database):
            raise DatabaseError(f"{source} is the database itself: name a backup of it")


def _pause_all(copy: Path, reason: str, now: datetime) -> set[str]:
    """Bring its tables up to date, too. Returns the workers under which anything runs there."""
    database = SqliteDatabase(URL.create("sqlite", database=str(copy)), busy_timeout=_PATIENCE)
    try:
        upgrade(database)
        database.write(
            lambda connection: lanes.pause(connection, lanes.ALL, now=now, reason=reason)
        )
        with database.read() as connection:
            workers = running_workers(connection)
    finally:
        database.close()  # the last to close it folds its log in
    if copy.with_name(f"{copy.name}-wal").exists():
        raise DatabaseError("the copy cannot be written: its log was not folded in")
    return workers


def _refuse_to_lose_tables(connection: sqlite3.Connection, contents: Contents) -> None:
    """The file may be the application's own, and the backup one of taskrow's tables alone."""
    if lost := sorted(set(tables_of(connection)) - set(contents.rows) - OWN_TABLES):
        raise DatabaseError(
            f"the database holds other tables, which the backup lacks ({', '.join(lost)}): they "
            "would be gone; if that is wanted, move the database away first"
        )


def _give_to_owner(file: Path, database: Path) -> None:
    """Root may restore what is another user's, who must be able to use it afterwards."""
    with suppress(FileNotFoundError):
        before, mine = database.stat(), file.stat()
        if (before.st_uid, before.st_gid) != (mine.st_uid, mine.st_gid):
            try:
                os.chown(file, before.st_uid, before.st_gid)
            except OSError as error:
                raise DatabaseError(
                    f"{database} is another user's: restore it as that user"
                ) from error
        file.chmod(before.st_mode & 0o777)


def _swap(copy: Path, database: Path, now: datetime) -> Path | None:
    """Put the copy in place; what was there stays by the name that is returned."""
    stamp = "".join(c for c in to_text(now)[:19] if c not in "-:")
    kept = database.with_name(f"{database.name}.before-restore-{stamp}Z")
    was_there = database.exists()
    if was_there:
        keep_as(database, kept)
    for suffix in _BESIDE:  # of a file that was damaged, or is gone: the copy must not be read so
        with suppress(FileNotFoundError):
            database.with_name(database.name + suffix).rename(kept.with_name(kept.name + suffix))
    put(copy, database, replace=True)
    return kept if was_there else None
