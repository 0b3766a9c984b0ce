"""The SQLite file: where it may lie, and how it is made (private to its owner).

No function here opens a database that is in use: to close such a file would drop SQLite's locks.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from taskrow.errors import DatabaseError

_REMOTE = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "afs", "ceph", "fuse.sshfs"}
_OCTAL = re.compile(r"\\([0-7]{3})")  # how mountinfo writes a space in a path


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
    refuse_remote(path, _read_mounts())
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
    """DatabaseError for a file on a network file system; ``mounts`` is Linux's mountinfo."""
    kind = _file_system(path.parent, mounts)
    if kind in _REMOTE:
        raise DatabaseError(
            f"the task database {path} lies on a network file system ({kind}), where SQLite loses "
            "data: use a local disk, or PostgreSQL"
        )


def _file_system(directory: Path, mounts: str) -> str:
    """The type of the file system below ``directory``; empty where the platform does not say."""
    found, longest = "", -1
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        mount = Path(_OCTAL.sub(lambda code: chr(int(code[1], 8)), left.split(" ")[4]))
        if directory.is_relative_to(mount) and len(mount.parts) >= longest:
            found, longest = right.split(" ", 1)[0], len(mount.parts)
    return found


def _read_mounts() -> str:
    with suppress(OSError):
        return Path("/proc/self/mountinfo").read_text()
    return ""


def identity_of(path: str) -> tuple[int, int] | None:
    """By which a file is known as the same one; None where there is none."""
    try:
        found = os.stat(path)  # at each commit, and a Path takes twice as long
    except OSError:
        return None
    return found.st_dev, found.st_ino
