"""To run a PostgreSQL as another user than ourselves, who may not even get at its programs."""

from __future__ import annotations

import ctypes
import shutil
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1


def open_to_all(path: Path) -> bool:
    """Whether every user can get to the path and into or run what is there."""
    real = path.resolve()
    return all(step.stat().st_mode & stat.S_IXOTH for step in (real, *real.parents))


def copy_installation(prefix: Path, target: Path) -> Path:
    """Copy a PostgreSQL for somebody else to run, and return the copy's prefix.

    A wheel's programs look for their libraries in `<package>.libs` beside the package, so that the
    copy keeps these names.
    """
    package = prefix.parent
    copy = target / package.name / prefix.name
    for part in ("bin", "lib", "share"):
        shutil.copytree(prefix / part, copy / part, ignore=shutil.ignore_patterns("*.a"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name)
    return copy


def end_with_parent() -> Callable[[], None] | None:
    """What makes a new process end with us, even if we are killed; only Linux has the means.

    It has to run after the change of user, which clears it: `preexec_fn` does.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)
