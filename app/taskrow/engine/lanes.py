"""Pause and resume queues, see how full they are, and wait until they are empty."""

from __future__ import annotations

import select
import time
from collections.abc import Collection
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING

from taskrow.domain.options import TaskOptions
from taskrow.engine.listening import Listener
from taskrow.storage import lanes
from taskrow.storage.doorbell import open_doorbell
from taskrow.storage.drained import is_drained
from taskrow.storage.lanes import Lane, Pause
from taskrow.storage.submit import DONE

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine

_SHORTEST = 0.005  # seconds between two looks while commits come thick


def pause(engine: QueueEngine, queue: str, reason: str | None = None) -> None:
    """Have workers claim nothing more from a queue; what runs goes on. OptionError for no name."""
    name, now = TaskOptions(queue=queue).queue, engine.clock()
    engine.database.write(lambda c: lanes.pause(c, name, now=now, reason=reason))


def resume(engine: QueueEngine, queue: str) -> bool:
    """Have workers claim from a queue again. False: it was not paused."""
    name = TaskOptions(queue=queue).queue
    return engine.database.write(lambda connection: lanes.resume(connection, name))


def pause_all(engine: QueueEngine, reason: str | None = None) -> None:
    """Have workers claim nothing more from any queue, also from those that come to be."""
    now = engine.clock()
    engine.database.write(lambda c: lanes.pause(c, lanes.ALL, now=now, reason=reason))


def resume_all(engine: QueueEngine) -> bool:
    """Take :func:`pause_all` back; what was paused by its own name stays so. False: it was not."""
    return engine.database.write(lambda connection: lanes.resume(connection, lanes.ALL))


def pauses(engine: QueueEngine) -> dict[str, Pause]:
    """The pauses by the names of their queues; the empty name stands for all queues."""
    with engine.database.read() as connection:
        return lanes.pauses(connection)


def paused(engine: QueueEngine) -> dict[str, datetime]:
    """The paused queues, and since when; the empty name stands for all queues."""
    return {name: pause.since for name, pause in pauses(engine).items()}


def overview(engine: QueueEngine) -> list[Lane]:
    """Every queue in which something waits or runs, or that is paused."""
    with engine.database.read() as connection:
        return lanes.overview(connection)


def drain(engine: QueueEngine, queues: Collection[str], timeout: float | None) -> None:
    """Wait until nothing runs, and nothing that could run waits, in these queues (none: in all).

    What is scheduled for later does not count unless it was begun already (a retry), nor what waits
    in a paused queue. TimeoutError after ``timeout`` seconds.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    with closing(open_doorbell(engine.database, DONE)) as bell:
        listener = Listener(bell)
        while True:
            _look_when_due(listener, deadline)
            with engine.database.read() as connection:
                if is_drained(connection, queues, now=engine.clock()):
                    return
            moment = time.monotonic()
            if deadline is not None and moment >= deadline:
                names = ", ".join(sorted(queues)) or "the queues"
                raise TimeoutError(f"{names} did not drain within {timeout} seconds")
            listener.found_nothing(moment)


def _look_when_due(listener: Listener, deadline: float | None) -> None:
    """Sleep until the bell rings, the listener wants to look anyway, or time is up."""
    while not listener.is_due(moment := time.monotonic()):
        if deadline is not None and moment >= deadline:
            return
        patience = listener.timeout(moment)
        if deadline is not None:
            patience = min(patience, max(0.0, deadline - moment))
        bell = [] if listener.bell.fileno is None else [listener.bell.fileno]
        select.select(bell, [], [], patience)
        time.sleep(_SHORTEST)
