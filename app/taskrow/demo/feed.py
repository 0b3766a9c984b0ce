"""What the page shows: the newest rows as the JSON monitor tells them, and who works on them."""

from __future__ import annotations

import os
import shlex
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from taskrow.domain.times import to_text
from taskrow.engine.queue import QueueEngine
from taskrow.storage import queries
from taskrow.storage.requests import find_answer
from taskrow.storage.sqlite import SqliteDatabase
from taskrow.storage.tables import workers
from taskrow.web.descriptions import describe

_SHOWN = 12


def read_feed(engine: QueueEngine) -> dict[str, Any]:
    """The newest tasks, the time by the server's clock, and the worker's process id."""
    now = engine.clock()
    with engine.database.read() as connection:
        tasks = queries.list_tasks(connection, limit=_SHOWN)
        told = [describe(task, find_answer(connection, task.id)) for task in tasks]
        heard_since = now - timedelta(seconds=3 * engine.settings.heartbeat)
        return {
            "now": to_text(now),
            "worker": worker_pid(connection, heard_since),
            "tasks": told,
        }


def worker_pid(connection: Connection, heard_since: datetime) -> int | None:
    """The process of the newest worker that lives; None where there is none.

    Its id says which (``host-pid-random``). Only one that was heard of lately counts, for after a
    restart of the machine an old number belongs to somebody else.
    """
    query = (
        select(workers.c.id)
        .where(workers.c.stopped_at.is_(None), workers.c.last_seen_at >= heard_since)
        .order_by(workers.c.started_at.desc())
    )
    pids = [int(worker.split("-")[-2]) for worker in connection.execute(query).scalars()]
    return next((pid for pid in pids if _lives(pid)), None)


def shell_name(engine: QueueEngine) -> str | None:
    """The database file as one types it here; None where it is no file."""
    if not isinstance(engine.database, SqliteDatabase):
        return None
    path, here = engine.database.path, Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
