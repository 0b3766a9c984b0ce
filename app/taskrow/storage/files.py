"""The SQLite file: where it may lie, and how it is made (private to its owner).

No function here opens a database that is in use: to close such a file would drop SQLite's locks.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from taskrow.errors import DatabaseError
from taskrow.storage.mounts import is_remote, kind_in, read_mounts


def database_path(name: str | None) -> Path:
    """The file of an SQLite URL, without symlinks.

    DatabaseError for a database in memory, and for a link that anybody could have put there.
    """
    if not name or name == ":memory:" or name.startswith("file:"):
        raise DatabaseError(
            "a task database must be a file, since the web and the worker are two processes: "
            "set TASKROW_DATABASE_URL to sqlite:////path/to/file.db"
        )
    if Path(name).is_symlink():
        refuse_strangers(Path(name))
    return Path(name).resolve()


def prepare_file(path: Path) -> None:
    """Make the file with mode 0600 if it is not there; DatabaseError where it cannot be used."""
    if not path.parent.is_dir():
        raise DatabaseError(
            f"the task database {path} cannot be opened: its directory does not exist; "
            "create it or set TASKROW_DATABASE_URL"
        )
    refuse_remote(path, read_mounts())
    if path.exists():
        _refuse_unusable(path)
    refuse_strangers(path)
    _refuse_a_log_without_its_file(path)
    try:
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise DatabaseError(
            f"the task database {path} cannot be created: {error.strerror}"
        ) from error
    _refuse_unusable(path)


def _refuse_unusable(path: Path) -> None:
    if not path.is_file():
        raise DatabaseError(f"the task database {path} is no file")
    if not os.access(path, os.R_OK | os.W_OK):
        raise DatabaseError(f"the task database {path} cannot be written: check its permissions")
    if not os.access(path.parent, os.W_OK):
        raise DatabaseError(
            f"the directory of the task database {path} cannot be written: SQLite needs it"
        )


def refuse_strangers(path: Path) -> None:
    """DatabaseError where others than its owner could have put, or could put, this file there."""
    if os.name != "posix":
        return
    rights = path.parent.stat().st_mode
    if not rights & stat.S_IWOTH:
        return
    if not rights & stat.S_ISVTX:
        raise DatabaseError(
            f"everybody may write in {path.parent}, and so replace the task database {path.name}: "
            f"take that right away (chmod o-w {path.parent}), or give it a directory of its own"
        )
    with suppress(FileNotFoundError):
        if path.lstat().st_uid not in (os.geteuid(), 0):
            raise DatabaseError(
                f"everybody may write in {path.parent}, and {path.name} there is another user's: "
                "give the task database a directory of its own"
            )


def _refuse_a_log_without_its_file(path: Path) -> None:
    """A new file would take over the log of one that is gone, or that processes still have open."""
    if path.exists() and path.stat().st_size > 0:
        return
    for suffix in ("-wal", "-shm"):
        left = path.with_name(path.name + suffix)
        if left.exists():
            raise DatabaseError(
                f"the task database {path} is gone or empty, but {left.name} is still there: stop "
                "what uses it and put the file back, or restore a backup (taskrow restore); to "
                f"begin anew, remove {left.name}"
            )


def refuse_remote(path: Path, mounts: str) -> None:
    """DatabaseError for a file on a network file system; ``mounts`` as of storage/mounts.py."""
    kind = kind_in(path.parent, mounts)
    if is_remote(kind):
        raise DatabaseError(
            f"the task database {path} lies on a network file system ({kind}), where SQLite loses "
            "data: use a local disk, or PostgreSQL"
        )
