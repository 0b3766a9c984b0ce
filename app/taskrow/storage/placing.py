"""Files that appear under their name whole or not at all, and never in the place of another one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taskrow.errors import DatabaseError


@contextmanager
def workplace(beside: Path) -> Iterator[Path]:
    """A directory for this user alone, on the file system of ``beside``; it goes with the block."""
    try:
        place = Path(tempfile.mkdtemp(prefix=f".{beside.name}-", dir=beside.parent))
    except OSError as error:
        raise DatabaseError(f"nothing can be written beside {beside}: {error.strerror}") from error
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def put(made: Path, target: Path, *, replace: bool) -> None:
    """Give a new file its name, and have the disk keep both. DatabaseError where there is one.

    ``replace``: put it in the place of one that is there.
    """
    try:
        sync(made)
        if replace:
            made.replace(target)
        else:
            _rename(made, target)
        sync(target.parent)
    except FileExistsError:
        raise DatabaseError(f"{target} is there already: name another file") from None
    except OSError as error:
        raise DatabaseError(f"{target} cannot be written: {error.strerror}") from error


def keep_as(path: Path, name: Path) -> None:
    """A file is about to be replaced: let it stay by another name. Until then it has both."""
    try:
        os.link(path, name)
    except FileExistsError:
        raise DatabaseError(f"{name} is there already: try again") from None
    except OSError:  # a file system without links: for a moment there is no file
        path.rename(name)


def sync(path: Path) -> None:
    """Have the disk keep a file, or the names in a directory, as they are now."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _rename(path: Path, target: Path) -> None:
    """FileExistsError where another rename would take the place of a file."""
    try:
        os.link(path, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if target.exists():
            raise FileExistsError(target) from None
        path.rename(target)
    else:
        path.unlink()
