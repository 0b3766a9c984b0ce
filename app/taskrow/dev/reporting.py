"""How the processes of ``taskrow dev`` tell which files of the application they have loaded."""

from __future__ import annotations

import os
import sys
import sysconfig
import threading
from contextlib import suppress
from pathlib import Path

FILES = "_TASKROW_DEV_FILES"  # the environment variable with the file to which they are appended
_EVERY = 0.5  # seconds


def report_modules() -> None:
    """Append the files of this process's modules to the file that ``taskrow dev`` asked for."""
    path = os.environ.get(FILES)
    if path is not None:
        threading.Thread(target=_keep_reporting, args=[Path(path)], daemon=True).start()


def loaded_files() -> set[str]:
    """The Python files that are loaded, but for those that were installed."""
    installed = tuple(
        os.path.join(sysconfig.get_path(kind), "")
        for kind in ("stdlib", "platstdlib", "purelib", "platlib")
    )
    found = set()
    for module in list(sys.modules.values()):
        with suppress(Exception):  # a module may be any object
            file = module.__file__
            if file and file.endswith(".py") and not file.startswith(installed):
                found.add(os.path.abspath(file))
    return found


def _keep_reporting(path: Path) -> None:
    told: set[str] = set()
    while path.exists():
        new = loaded_files() - told
        if new:
            with suppress(OSError), path.open("a") as file:
                file.write("".join(f"{name}\n" for name in sorted(new)))
            told |= new
        threading.Event().wait(_EVERY)
