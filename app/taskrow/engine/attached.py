"""The queue among the extensions of an application."""

from __future__ import annotations

from collections.abc import Mapping

from taskrow.engine.queue import QueueEngine
from taskrow.errors import NoApplicationError

KEY = "taskrow"


def attached(extensions: Mapping[str, object], application: str) -> QueueEngine:
    """The queue of an application. NoApplicationError where it has none."""
    engine = extensions.get(KEY)
    if engine is None:
        raise NoApplicationError(
            f"the application {application!r} has no TaskQueue: call TaskQueue(app) in it"
        )
    assert isinstance(engine, QueueEngine)
    return engine
