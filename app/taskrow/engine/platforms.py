"""Where a worker can run (docs/platforms.md); the web half of taskrow asks less of a system."""

from __future__ import annotations

import os

from taskrow.errors import PlatformError


def check_worker_platform(name: str = os.name) -> None:
    """PlatformError where a worker cannot run: without flock it would take live ones for dead."""
    if name != "posix":
        raise PlatformError
