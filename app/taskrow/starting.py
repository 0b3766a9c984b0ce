"""How a process of taskrow's own starts: whom it ends with, and that what it loads is no garbage.

What it loads stays to its end. A collector that goes through all of it again and again, the last
time when the process ends, takes a third of the time of a short command, and of a runner's start.
"""

from __future__ import annotations

import gc
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_SELDOM = 100_000  # objects more than before, until the collector looks while the process starts
_usual: tuple[int, int, int] | None = None


def die_with(parent: int) -> None:
    """Have the kernel end this process when ``parent`` ends. Elsewhere than on Linux: only if it
    has ended already; later a line to the parent must tell.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we could ask
        os._exit(1)


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
