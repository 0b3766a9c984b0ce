"""What the child processes of test_keys.py and test_watching.py do."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from taskrow.domain.settings import Settings
from taskrow.engine.queue import QueueEngine
from taskrow.engine.registry import Registry
from taskrow.storage.database import open_database
from taskrow.storage.submit import submit
from tests.storage.processes import PATIENCE, Line
from tests.storage.rows import NOW, add, find, new_task


def submit_with_keys(_: Line, url: str, threads: int, keys: dict[str, Any]) -> list[str]:
    """Submit a task with the same keys from so many threads at once; returns what each got."""
    database = open_database(url, busy_timeout=30)
    start = threading.Barrier(threads)

    def one() -> str:
        task = new_task(**keys)
        start.wait(PATIENCE)
        return database.write(lambda connection: submit(connection, task, now=NOW))

    with ThreadPoolExecutor(threads) as pool:
        found = [ran.result() for ran in [pool.submit(one) for _ in range(threads)]]
    database.close()
    return found


def wait_before_and_after_a_fork(line: Line, url: str) -> str:
    """Wait for a task, fork, and wait in the fork for another one; says the ids, then both ends."""
    engine = QueueEngine(Settings(database_url=url), Registry())
    first, second = add(engine.database), add(engine.database)
    line.say([first, second])
    ended = engine.watcher.wait(first, PATIENCE)
    assert ended is not None
    line.say(ended.status)
    pid = os.fork()
    if pid == 0:
        try:
            ended = engine.watcher.wait(second, PATIENCE)
            assert ended is not None
            line.say(ended.status)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    status = find(engine.database, second).status
    engine.close()
    return status
