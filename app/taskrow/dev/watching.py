"""Which Python files have changed: those below a directory, and those that children have loaded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

Stamps = dict[str, tuple[int, int]]

_MOST_FILES = 5_000  # below the directory: beyond that only what is loaded is watched
_SKIPPED = {"__pycache__", "node_modules", "site-packages"}


class Watch:
    """Compares files with what they were. ``reported``: a file that names others, line by line."""

    def __init__(self, directory: Path, reported: Path) -> None:
        self._directory, self._reported = directory, reported
        self._tree: set[str] = set()
        self._stamps = self._look()

    def changed(self) -> str | None:
        """A file that has changed since this was asked before; None: none has."""
        before, tree_before = self._stamps, self._tree
        self._stamps = self._look()
        gone = before.keys() - self._stamps.keys()
        new = self._tree - tree_before - before.keys()
        other = {name for name, stamp in self._stamps.items() if before.get(name, stamp) != stamp}
        return min(gone | new | other, default=None)

    def _look(self) -> Stamps:
        self._tree = set(_python_files(self._directory))
        names = self._tree | set(self._reported.read_text().splitlines())
        stamps = ((name, _stamp(name)) for name in names)
        return {name: stamp for name, stamp in stamps if stamp is not None}


def _stamp(name: str) -> tuple[int, int] | None:
    try:
        found = os.stat(name)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _python_files(directory: Path) -> Iterator[str]:
    left = _MOST_FILES
    for place, directories, files in os.walk(directory):
        directories[:] = [
            name
            for name in directories
            if name not in _SKIPPED
            and not name.startswith(".")
            and not os.path.exists(os.path.join(place, name, "pyvenv.cfg"))
        ]
        left -= len(files) + len(directories)
        if left < 0:
            return
        yield from (os.path.join(place, name) for name in files if name.endswith(".py"))
