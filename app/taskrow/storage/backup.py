"""A backup of a database file: taken while others write, and looked over before it counts.

It holds every task whose submit had returned when the backup began.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from taskrow.errors import DatabaseError
from taskrow.storage.placing import put, workplace
from taskrow.storage.snapshots import (
    Contents,
    contents_of,
    copy_into,
    look_over,
    opened,
    standing_still,
)


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A copy that was made: one file of ``size`` bytes, which SQLite finds sound."""

    path: Path
    size: int
    contents: Contents


def back_up(database: Path, target: Path, *, force: bool = False) -> Backup:
    """Copy the database file to ``target``, private to this user; writers go on meanwhile.

    ``force``: in the place of a file that is there. DatabaseError: nothing has changed.
    """
    target = target.absolute()
    _refuse_target(database, target, force=force)
    with workplace(target) as place:
        copy = place / target.name
        with opened(database) as source, standing_still(source):
            copy_into(copy, source)
            expected = contents_of(source)
        if look_over(copy) != expected:
            raise DatabaseError(f"the copy of {database} does not hold what the database holds")
        put(copy, target, replace=force)
    return Backup(path=target, size=target.stat().st_size, contents=expected)


def _refuse_target(database: Path, target: Path, *, force: bool) -> None:
    if not database.exists():
        raise DatabaseError(f"there is no database {database}: nothing was submitted yet")
    if not target.parent.is_dir():
        raise DatabaseError(f"the directory {target.parent} does not exist: create it")
    own = target.parent.resolve() == database.parent and target.name.startswith(database.name + "-")
    with suppress(OSError):
        own |= target.samefile(database)
    if own:
        raise DatabaseError(f"{target} is the database itself: name another file")
    if target.exists() and not (force and target.is_file()):
        raise DatabaseError(f"{target} is there already: name another file, or give --force")
