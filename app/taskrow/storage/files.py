"""The SQLite file: where it may lie, and how it is made (private to its owner).

No function here opens a database that is in use: to close such a file would drop SQLite's locks.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from taskrow.errors import DatabaseError
from taskrow.storage.mounts import is_remote, kind_in, read_mounts


def database_path(name: str | None) -> Path:
    """The file of an SQLite URL, without symlinks. DatabaseError for a database in memory."""
    if not name or name == ":memory:" or name.startswith("file:"):
        raise DatabaseError(
            "a task database must be a file, since the web and the worker are two processes: "
            "set TASKROW_DATABASE_URL to sqlite:////path/to/file.db"
        )
    return Path(name).resolve()


def prepare_file(path: Path) -> None:
    """Make the file with mode 0600 if it is not there; DatabaseError where it cannot be used."""
    if not path.parent.is_dir():
        raise DatabaseError(
            f"the task database {path} cannot be opened: its directory does not exist; "
            "create it or set TASKROW_DATABASE_URL"
        )
    refuse_remote(path, read_mounts())
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


def refuse_remote(path: Path, mounts: str) -> None:
    """DatabaseError for a file on a network file system; ``mounts`` as of storage/mounts.py."""
    kind = kind_in(path.parent, mounts)
    if is_remote(kind):
        raise DatabaseError(
            f"the task database {path} lies on a network file system ({kind}), where SQLite loses "
            "data: use a local disk, or PostgreSQL"
        )
