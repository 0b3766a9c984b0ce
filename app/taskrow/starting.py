"""How a process of taskrow's own starts: what it loads stays to its end, and is garbage never.

A collector that goes through all of it again and again, the last time when the process ends, takes
a third of the time of a short command, and of the start of a runner.
"""

from __future__ import annotations

import gc

_SELDOM = 100_000  # objects more than before, until the collector looks while the process starts
_usual: tuple[int, int, int] | None = None


def begin_start() -> None:
    """What is imported from here on until :func:`end_start` is hardly looked at."""
    global _usual  # noqa: PLW0603 - the collector is the process's, too
    _usual = gc.get_threshold()
    gc.set_threshold(_SELDOM, *_usual[1:])


def end_start() -> None:
    """The application is loaded. Nothing happens where no start began: that process is not ours."""
    global _usual  # noqa: PLW0603
    if _usual is None:
        return
    gc.freeze()
    if gc.get_threshold()[0] == _SELDOM:  # an application that has chosen its own keeps it
        gc.set_threshold(*_usual)
    _usual = None
