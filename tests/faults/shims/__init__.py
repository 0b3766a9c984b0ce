"""Small C libraries that stand between a program and the system; compiled where they are used."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.faults.needs import Unavailable

_HERE = Path(__file__).parent


def build(name: str, directory: Path) -> Path:
    """Compile ``name``.c into ``directory``; returns the library for LD_PRELOAD."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise Unavailable("there is no C compiler: `apt-get install gcc libc6-dev`")
    library = directory / f"{name}.so"
    if not library.exists():
        source = _HERE / f"{name}.c"
        options = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
        subprocess.run([compiler, *options, "-o", library, source, "-ldl"], check=True)
    return library
