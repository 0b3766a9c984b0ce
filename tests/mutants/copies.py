"""A copy of taskrow with a flaw in it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.mutants.flaw import Flaw
from tests.support.processes import ROOT

_PACKAGE = ROOT / "app" / "taskrow"


def edited(flaw: Flaw) -> dict[str, str]:
    """The files that a flaw changes, with it; AssertionError where the code is not as it was."""
    texts: dict[str, str] = {}
    for file, there, instead in flaw.edits:
        text = texts.get(file) or (_PACKAGE / file).read_text()
        assert text.count(there) == 1, f"{flaw.name}: {file} has changed: {there!r}"
        texts[file] = text.replace(there, instead)
    return texts


def make_copy(flaw: Flaw, directory: Path) -> dict[str, str]:
    """Put a flawed copy into a directory; returns the environment of whoever is to use it."""
    package = directory / "app" / "taskrow"
    shutil.copytree(_PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    (directory / "migrations").symlink_to(ROOT / "migrations")
    for file, text in edited(flaw).items():
        (package / file).write_text(text)
    return dict(os.environ) | {"PYTHONPATH": f"{directory / 'app'}{os.pathsep}{ROOT}"}
