"""What the child processes of the tests do. Each function gets the line to its test first."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from sqlalchemy import Connection

from taskrow.domain.task import Status
from taskrow.errors import DatabaseError
from taskrow.storage import claims, finish, queries
from taskrow.storage.claims import Claim
from taskrow.storage.database import Database, open_database
from taskrow.storage.doorbell import open_doorbell
from taskrow.storage.finish import Ending
from taskrow.storage.liveness import show_life
from taskrow.storage.schema import ensure_schema
from taskrow.storage.sqlite import SqliteDatabase
from taskrow.storage.submit import DONE, WORK, ring, submit
from tests.storage.processes import PATIENCE, Line
from tests.storage.rows import LEASE, NOW, add, ending, new_task, take
from tests.support.processes import eventually


def open_and_submit(_: Line, url: str) -> str:
    """Open a database that may not be there yet, and write one task."""
    database = open_database(url, busy_timeout=10)
    ensure_schema(database)
    task_id = add(database)
    database.close()
    return task_id


def drain(_: Line, url: str, worker: str, batch: int) -> list[str]:
    """Claim and end tasks as a worker does, until none is left; returns their ids."""
    database = open_database(url, busy_timeout=30)
    done: list[str] = []
    held: list[Ending] = []

    def exchange(connection: Connection) -> list[Claim]:
        assert finish.succeed(connection, held, now=NOW) == []
        return claims.claim(
            connection, worker=worker, queue="default", limit=batch, now=NOW, lease=LEASE
        )

    while found := database.write(exchange):
        held = [ending(claim, Status.SUCCEEDED) for claim in found]
        done += [claim.id for claim in found]
    database.close()
    return done


def hold_write(line: Line, url: str) -> None:
    """Stand in the middle of a write transaction until told to go on."""
    database = open_database(url, busy_timeout=5)

    def write(connection: Connection) -> None:
        submit(connection, new_task(name="app.held"), now=NOW)
        line.say("holding")
        line.wait()

    database.write(write)


def write_until_told(line: Line, url: str) -> int:
    """Write tasks one by one as fast as it goes, until told to stop; returns how many."""
    database = open_database(url, busy_timeout=30)
    line.say("writing")
    written = 0
    while not line.is_told():
        add(database)
        written += 1
    return written


def write_slowly(database: Database, name: str) -> None:
    """Write a task in a transaction that takes longer than to come back for the next one."""

    def write(connection: Connection) -> None:
        submit(connection, new_task(name=name), now=NOW)
        time.sleep(0.002)

    database.write(write)


def write_slowly_until_told(line: Line, url: str) -> None:
    """Write slowly and without a pause, until told to stop."""
    database = open_database(url, busy_timeout=30)
    line.say("writing")
    while not line.is_told():
        write_slowly(database, "app.other")
    database.close()


def submit_when_told(line: Line, url: str) -> str:
    """Open the database, and write one task when told to."""
    database = open_database(url, busy_timeout=5)
    ensure_schema(database)
    line.say("open")
    line.wait()
    return add(database)


def write_on_a_small_disk(_: Line, url: str, limit: int) -> tuple[int, str]:
    """Write until no file may grow any more; returns how many tasks, and the error's name."""
    database = open_database(url, busy_timeout=5)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    stored = 0
    try:
        while stored < 1000:
            add(database, args="x" * 256 * 1024)
            stored += 1
    except Exception as error:  # noqa: BLE001 - the test looks at it
        return stored, type(error).__name__
    return stored, "nothing"


def write_without_descriptors(_: Line, url: str) -> str:
    """Write when no file can be opened any more, which the log would be, anew, after the commit."""
    database = open_database(url, busy_timeout=5)
    assert isinstance(database, SqliteDatabase)
    add(database)
    database._open()._writer.checkpoints.log.let_go()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        task_id = add(database)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    with database.read() as connection:
        return "stored" if queries.find(connection, task_id) else "lost"


def fork_between_writes(_: Line, url: str) -> list[str]:
    """Write before a fork, in the child, and afterwards; returns the names that were written."""
    database = open_database(url, busy_timeout=5)
    add(database, name="before")
    parents = _connected(database)
    pid = os.fork()
    if pid == 0:
        _in_fork(lambda: _write_in_fork(database, parents))
    add(database, name="parent")
    assert os.waitpid(pid, 0)[1] == 0, "the fork failed"
    add(database, name="after")
    with database.read() as connection:
        found = [task.name for task in queries.list_tasks(connection)]
    database.close()
    return found


def _write_in_fork(database: Database, parents: object) -> None:
    if database.dialect == "sqlite":
        assert _connected(database) == [], "a file of the database is open in a fork"
    for _ in range(20):
        add(database, name="child")
    if database.dialect == "postgresql":
        assert _connected(database) != parents


def _connected(database: Database) -> object:
    """What a process has of the database: the open files, or the server's process."""
    if isinstance(database, SqliteDatabase):
        links = [os.readlink(file) for file in Path("/proc/self/fd").iterdir() if file.exists()]
        names = [str(database.path), f"{database.path}-wal", f"{database.path}-shm"]
        return [link for link in links if link in names]
    with database.read() as connection:
        return connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()


def fork_while_a_thread_writes(_: Line, url: str) -> list[str]:
    """Fork in the middle of a thread's write; returns the names that were written."""
    database = open_database(url, busy_timeout=5)
    inside = threading.Event()

    def write(connection: Connection) -> None:
        submit(connection, new_task(name="thread"), now=NOW)
        inside.set()
        threading.Event().wait(0.2)

    thread = threading.Thread(target=database.write, args=(write,))
    thread.start()
    inside.wait(PATIENCE)
    pid = os.fork()
    if pid == 0:
        _in_fork(lambda: add(database, name="child"))
    thread.join()
    assert os.waitpid(pid, 0)[1] == 0, "the fork failed"
    with database.read() as connection:
        return [task.name for task in queries.list_tasks(connection)]


def fork_inside_a_write(_: Line, url: str) -> list[str]:
    """Fork inside the work of a write; returns the names that were written."""
    database = open_database(url, busy_timeout=5)

    def write(connection: Connection) -> int:
        submit(connection, new_task(name="work"), now=NOW)
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        return os.waitpid(pid, 0)[1]

    assert database.write(write) == 0
    with database.read() as connection:
        return [task.name for task in queries.list_tasks(connection)]


def leave_a_fork_behind(line: Line, url: str) -> str:
    """Open the database, fork, close it and end; the fork goes on, and writes when told to."""
    database = open_database(url, busy_timeout=5)
    add(database, name="parent")
    parent = os.getpid()
    if os.fork() == 0:
        _in_fork(lambda: _outlive(line, database, parent))
    line.wait()
    database.close()
    return "closed"


def _outlive(line: Line, database: Database, parent: int) -> None:
    line.say(add(database, name="child"))
    eventually(lambda: os.getppid() != parent)
    line.wait()
    line.say(add(database, name="child"))


def _in_fork(work: Callable[[], object]) -> NoReturn:
    try:
        work()
    except BaseException:  # noqa: BLE001 - a fork never returns into the test
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def open_as_nobody(_: Line, url: str) -> str:
    """Open a database as a user without rights; returns how it is refused."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    try:
        ensure_schema(open_database(url, busy_timeout=1))
    except DatabaseError as error:
        return str(error)
    return "it was opened"


def live(line: Line, url: str, worker: str) -> str:
    """Show life as a worker until told to sign off."""
    database = open_database(url, busy_timeout=5)
    bell = open_doorbell(database, WORK)
    sign = show_life(database, worker, bell)
    line.say("alive")
    line.wait()
    sign.close()
    bell.close()
    return "signed off"


def live_with_a_runner(line: Line, url: str, worker: str) -> None:
    """Show life as a worker with one runner, which ends when it is told to."""
    database = open_database(url, busy_timeout=5)
    sign = show_life(database, worker, open_doorbell(database, WORK))
    assert sign.shared_file is not None
    if os.fork() == 0:
        _in_fork(line.wait)
    line.say("alive")
    threading.Event().wait(PATIENCE)


def finish_when_told(line: Line, url: str, status: Status) -> str:
    """Claim a task and end it when told to."""
    database = open_database(url, busy_timeout=5)
    [claim] = take(database)
    line.say("running")
    line.wait()

    def write(connection: Connection) -> None:
        one = ending(claim, status)
        many = [one] if status is Status.SUCCEEDED else []
        assert finish.succeed(connection, many, now=NOW) == []
        assert many or finish.end(connection, one, now=NOW)
        ring(connection, DONE)

    database.write(write)
    return claim.id
