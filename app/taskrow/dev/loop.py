"""Run the web server and the worker, and start both again when the code has changed."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from taskrow.dev.children import Child, say
from taskrow.dev.watching import Watch

_EVERY = 0.5  # seconds between two looks at the files
_SETTLED = 0.1  # seconds without a further change: editors write several files
_PATIENCE = 5.0  # seconds, beyond the worker's grace, that a child may take to end


def develop(children: Sequence[Child], reported: Path, grace: float) -> None:
    """Keep them running until Ctrl-C or SIGTERM."""
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        signal.signal(number, _interrupt)
    watch = Watch(Path.cwd(), reported)
    try:
        _start(children)
        while True:
            time.sleep(_EVERY)
            _look(children, watch, grace + _PATIENCE)
    except KeyboardInterrupt:
        say("dev", "stopping")
    finally:
        _stop(children, grace + _PATIENCE)


def report_file() -> Path:
    """A new, empty file in which the children name what they have loaded."""
    with tempfile.NamedTemporaryFile(prefix="taskrow-dev-", delete=False) as file:
        return Path(file.name)


def _look(children: Sequence[Child], watch: Watch, patience: float) -> None:
    for child in children:
        code = child.ended()
        if code is not None:
            say("dev", f"the {child.name} ended ({code}); it starts again when a file changes")
    changed = watch.changed()
    if changed is None:
        return
    say("dev", f"{changed} changed: starting again")
    _stop(children, patience)
    time.sleep(_SETTLED)
    while watch.changed() is not None:
        time.sleep(_SETTLED)
    _start(children)


def _start(children: Sequence[Child]) -> None:
    for child in children:
        child.start()


def _stop(children: Sequence[Child], patience: float) -> None:
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.wait(patience)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
