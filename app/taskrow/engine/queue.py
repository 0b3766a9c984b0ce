"""The queue of one application: submit, look up, cancel, retry, purge."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from taskrow.domain.checksum import checksum_of
from taskrow.domain.ids import is_id, new_id
from taskrow.domain.options import TaskOptions
from taskrow.domain.settings import Settings
from taskrow.domain.task import Status, Task
from taskrow.engine import by_hand
from taskrow.engine.clock import Clock, utc_now
from taskrow.engine.history import History
from taskrow.engine.joining import Surroundings, write_on
from taskrow.engine.limits import Limits
from taskrow.engine.purging import purge_of
from taskrow.engine.registry import Registry
from taskrow.engine.retention import Retention
from taskrow.engine.watcher import Watcher
from taskrow.errors import NoSuchTaskError
from taskrow.storage import logs, queries
from taskrow.storage.database import Database, open_database
from taskrow.storage.given_ids import id_is_taken, is_about_id
from taskrow.storage.joined import is_writing
from taskrow.storage.logs import AttemptLogs
from taskrow.storage.schema import ensure_schema
from taskrow.storage.submit import NewTask, StoredRequest, submission

if TYPE_CHECKING:
    from taskrow.engine.inline import EagerRuns

_DEFAULTS = TaskOptions()
Write = Callable[[Callable[[Connection], Any]], Any]
Around = Callable[[], AbstractContextManager[object]]


class QueueEngine:
    """What one application does with its tasks. Safe to share between threads and over a fork.

    ``around`` gives the context that a task function runs in (the application's), ``owner`` says
    who submits at this moment, ``surroundings`` know the application's database session.
    ``application`` is by whose name its schedules are known.
    """

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        *,
        around: Around = nullcontext,
        clock: Clock = utc_now,
        owner: Callable[[], str | None] = lambda: None,
        surroundings: Surroundings | None = None,
        application: str = "",
    ) -> None:
        self.settings, self.registry, self.around, self.clock = settings, registry, around, clock
        self.owner, self.surroundings = owner, surroundings or Surroundings()
        self.application = settings.application or application
        self._database = open_database(settings.database_url, busy_timeout=settings.busy_timeout)
        self.waiting: Callable[[], AbstractContextManager[object]] = nullcontext  # a runner's own
        self.limits = Limits(settings)
        self._ready = False
        self.outlives_upgrades = False  # a runner does, for its supervisor goes on
        self._history = History()
        self._retention = Retention(settings, self.options_of)
        self._watcher: tuple[int, Watcher] | None = None
        self._starting = threading.Lock()
        self.eager = settings.eager
        self.eager_runs: EagerRuns | None = None

    def variant(self, settings: Settings, clock: Clock) -> QueueEngine:
        """The same queue with other settings and another clock; what is open is not shared."""
        return QueueEngine(
            settings,
            self.registry,
            around=self.around,
            clock=clock,
            owner=self.owner,
            surroundings=self.surroundings,
            application=self.application,
        )

    @property
    def database(self) -> Database:
        """The database, its tables made and checked on first use; DatabaseError if it cannot be."""
        if not self._ready:
            ensure_schema(self._database, may_be_newer=self.outlives_upgrades)
            self._ready = True
        return self._database

    @property
    def unchecked_database(self) -> Database:
        """The database before any look at its tables: for ``taskrow upgrade``."""
        return self._database

    def ready_beside(self, connection: Connection) -> Database:
        """The database; its tables are not made while ``connection`` holds the lock to write."""
        if not self._ready:
            ensure_schema(self._database, may_write=not is_writing(connection))
            self._ready = True
        return self._database

    @property
    def watcher(self) -> Watcher:
        """The one thread of this process that waits for tasks to end."""
        with self._starting:
            if self._watcher is None or self._watcher[0] != os.getpid():
                self._watcher = os.getpid(), Watcher(self.database)
            return self._watcher[1]

    def submit(
        self,
        name: str,
        args: str,
        options: TaskOptions,
        *,
        run_at: datetime | None = None,
        expires_at: datetime | None = None,
        request: StoredRequest | None = None,
        task_id: str | None = None,
        unique_key: str | None = None,
        idempotency_key: str | None = None,
        now: datetime | None = None,
    ) -> str:
        """Write a task and return its id: when this returns, the row is committed and fsynced.

        ``args`` is JSON text (domain/payload.py). Where another task holds one of the keys, nothing
        is written and the id is that task's. ``now``: the moment of the submit, where it has been
        asked for. TaskExistsError, DatabaseError (DiskFullError, QueueFullError): it was not.
        """
        now = now or self.clock()
        task = self.new_task(
            name,
            args,
            options,
            now=now,
            run_at=run_at,
            expires_at=expires_at,
            task_id=task_id,
            owner=self.owner(),
            unique_key=unique_key,
            idempotency_key=idempotency_key,
        )
        return self.write(task, now=now, request=request)

    def write(
        self,
        task: NewTask,
        *,
        now: datetime,
        request: StoredRequest | None = None,
        connection: Connection | None = None,
    ) -> str:
        """Write a task that was made by :meth:`new_task`; returns its id, as :meth:`submit`.

        ``connection``: write in its transaction instead, and the caller commits
        (engine/joining.py).
        """
        self.limits.check(self._database)
        work = submission(self._database.dialect, task, now=now, request=request)
        try:
            held_by = self.writing_on(connection)(work)
        except IntegrityError as error:
            if not is_about_id(error):
                raise
            raise id_is_taken(task.id) from None
        found = held_by if isinstance(held_by, str) else task.id
        if self.eager and connection is None and found == task.id:
            self.run_at_once([found])
        return found

    def writing_on(self, connection: Connection | None) -> Write:
        """How to write: in transactions of our own, or in the caller's."""
        return self.database.write if connection is None else partial(write_on, self, connection)

    def run_at_once(self, task_ids: Iterable[str]) -> None:
        """Run tasks in this thread: what an eager queue does with each that is submitted."""
        from taskrow.engine.inline import eager_runs

        runs = eager_runs(self)
        for task_id in task_ids:
            runs.run(task_id)

    def new_task(
        self,
        name: str,
        args: str,
        options: TaskOptions,
        *,
        now: datetime,
        run_at: datetime | None = None,
        expires_at: datetime | None = None,
        task_id: str | None = None,
        owner: str | None = None,
        unique_key: str | None = None,
        idempotency_key: str | None = None,
    ) -> NewTask:
        """A task that is not written yet, with the options of its function."""
        if expires_at is None and options.expires is not None:
            expires_at = now + timedelta(seconds=options.expires)
        return NewTask(  # by position: by name it takes twice as long
            task_id or new_id(now),
            name,
            args,
            checksum_of(args),
            options.queue,
            options.priority,
            options.retries,
            options.crash_limit,
            now if run_at is None else max(run_at, now),
            expires_at,
            owner,
            unique_key,
            idempotency_key,
        )

    def find(self, task_id: str) -> Task | None:
        """The task with this id, as its row stands."""
        if not is_id(task_id):
            return None
        with self.database.read() as connection:
            return queries.find(connection, task_id)

    def get(self, task_id: str) -> Task:
        """Like :meth:`find`, but NoSuchTaskError where there is none."""
        task = self.find(task_id)
        if task is None:
            raise NoSuchTaskError(
                f"there is no task {task_id!r}: it never was, or it has been purged"
            )
        return task

    def attempt_logs(self, task_id: str) -> list[AttemptLogs]:
        """What the ended attempts of a task logged, first attempt first; NoSuchTaskError.

        For those who may see it: a log may hold what the task's submitter must not know.
        """
        self.get(task_id)
        with self.database.read() as connection:
            return logs.attempt_logs(connection, task_id)

    def usual_seconds(self, name: str) -> float | None:
        """How long tasks of this name ran on average lately; None: none has ended."""
        return self._history.usual_seconds(self.database, name, self.clock())

    def cancel(self, task_id: str, *, ask_running: bool = True, terminate: bool = False) -> Status:
        """Cancel a task that waits; ask one that runs to stop (at its next update_state).

        terminate: the process that runs it is ended, and the task is cancelled by it. Returns the
        status it was found in. NoSuchTaskError; TransitionError when it is over, or runs and is not
        to be asked.
        """
        return by_hand.cancel(self, task_id, ask_running=ask_running, terminate=terminate)

    def retry(self, task_id: str) -> None:
        """Queue a finished task once more.

        NoSuchTaskError; TransitionError when it is not over, KeyHeldError when another task that
        is not over holds its unique key, CredentialsGoneError for a view whose request had some.
        """
        by_hand.retry(self, task_id)

    def options_of(self, name: str) -> TaskOptions:
        """What the function of this name asks for; the defaults where there is none."""
        found = self.registry.find(name)
        return _DEFAULTS if found is None else found.options

    def purge_at(self, name: str, status: Status, now: datetime) -> datetime:
        """When the row of a task that ends now may go."""
        return self._retention.purge_at(name, status, now)

    def purge(self, *, older_than: timedelta | None = None) -> int:
        """Delete the finished rows whose time is up (engine/purging.py); returns how many."""
        return purge_of(self.database, now=self.clock(), older_than=older_than).run()

    def close(self) -> None:
        """Let go of the database."""
        if self._watcher is not None and self._watcher[0] == os.getpid():
            self._watcher[1].close()
        self._watcher = None
        if self.eager_runs is not None and self.eager_runs.pid == os.getpid():
            self.eager_runs.close()
        self.eager_runs = None
        self._database.close()
