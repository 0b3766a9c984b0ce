"""The queue of one application: submit, look up, cancel, retry, purge."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError

from taskrow.domain.ids import is_id, new_id
from taskrow.domain.options import TaskOptions
from taskrow.domain.settings import Settings
from taskrow.domain.task import Status, Task
from taskrow.engine.clock import Clock, utc_now
from taskrow.engine.history import History
from taskrow.engine.registry import Registry
from taskrow.engine.watcher import Watcher
from taskrow.errors import NoSuchTaskError, TaskExistsError, TransitionError
from taskrow.storage import logs, queries, upkeep
from taskrow.storage.database import Database, open_database
from taskrow.storage.logs import AttemptLogs
from taskrow.storage.schema import ensure_schema
from taskrow.storage.submit import NewTask, StoredRequest, submit

_PURGED_AT_ONCE = 500
_DEFAULTS = TaskOptions()
Around = Callable[[], AbstractContextManager[object]]


class QueueEngine:
    """What one application does with its tasks. Safe to share between threads and over a fork.

    ``around`` gives the context that a task function runs in (the application's), ``owner`` says
    who submits at this moment. ``application`` is by whose name its schedules are known.
    """

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        *,
        around: Around = nullcontext,
        clock: Clock = utc_now,
        owner: Callable[[], str | None] = lambda: None,
        application: str = "",
    ) -> None:
        self.settings, self.registry, self.around, self.clock = settings, registry, around, clock
        self.owner, self.application = owner, settings.application or application
        self._database = open_database(settings.database_url, busy_timeout=settings.busy_timeout)
        self._ready = False
        self._history = History()
        self._watcher: tuple[int, Watcher] | None = None
        self._starting = threading.Lock()

    @property
    def database(self) -> Database:
        """The database, its tables made and checked on first use; DatabaseError if it cannot be."""
        if not self._ready:
            ensure_schema(self._database)
            self._ready = True
        return self._database

    @property
    def unchecked_database(self) -> Database:
        """The database before any look at its tables: for ``taskrow upgrade``."""
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
        asked for. TaskExistsError, DatabaseError: nothing was submitted.
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
        try:
            return self.database.write(
                lambda connection: submit(connection, task, now=now, request=request)
            )
        except IntegrityError:
            if self.find(task.id) is None:
                raise
            raise TaskExistsError(
                f"there is a task {task.id} already: an id is used once"
            ) from None

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
        return NewTask(
            id=task_id or new_id(now),
            name=name,
            args=args,
            queue=options.queue,
            priority=options.priority,
            retries=options.retries,
            crash_limit=options.crash_limit,
            run_at=max(run_at or now, now),
            expires_at=expires_at,
            owner=owner,
            unique_key=unique_key,
            idempotency_key=idempotency_key,
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

    def cancel(self, task_id: str, *, ask_running: bool = True) -> Status:
        """Cancel a task that waits; ask one that runs to stop (at its next update_state).

        Returns the status it was found in. NoSuchTaskError; TransitionError when it is over, or
        runs and is not to be asked.
        """
        task, now = self.get(task_id), self.clock()
        purge_at = self.purge_at(task.name, Status.CANCELLED, now)
        found = self.database.write(
            lambda connection: upkeep.cancel(
                connection, task_id, now=now, purge_at=purge_at, ask_running=ask_running
            )
        )
        if found is None or found.final or (found is Status.RUNNING and not ask_running):
            raise TransitionError(f"task {task_id} is {found or 'purged'}: too late to cancel")
        return found

    def retry(self, task_id: str) -> None:
        """Queue a finished task once more.

        NoSuchTaskError; TransitionError when it is not over, or when another holds its unique key.
        """
        task, now = self.get(task_id), self.clock()
        try:
            retried = self.database.write(lambda c: upkeep.retry_by_hand(c, task_id, now=now))
        except IntegrityError:
            raise TransitionError(
                f"task {task_id} is unique, and another one that is not over holds its key"
            ) from None
        if not retried:
            raise TransitionError(
                f"task {task_id} is {task.status}: only a finished task is retried"
            )

    def options_of(self, name: str) -> TaskOptions:
        """What the function of this name asks for; the defaults where there is none."""
        found = self.registry.find(name)
        return _DEFAULTS if found is None else found.options

    def purge_at(self, name: str, status: Status, now: datetime) -> datetime:
        """When the row of a task that ends now may go."""
        return self.settings.purge_at(status, self.options_of(name).retention, now)

    def purge(self, *, older_than: timedelta | None = None) -> int:
        """Delete the finished rows whose time is up, in small batches; returns how many.

        ``older_than``: whatever finished longer ago than that, instead.
        """
        now, total = self.clock(), 0
        while True:
            if older_than is None:
                deleted = self.database.write(
                    lambda c: upkeep.purge(c, now=now, limit=_PURGED_AT_ONCE)
                )
            else:
                before = now - older_than
                deleted = self.database.write(
                    lambda c, before=before: upkeep.purge_older(  # type: ignore[misc]
                        c, finished_before=before, limit=_PURGED_AT_ONCE
                    )
                )
            total += deleted
            if deleted < _PURGED_AT_ONCE:
                return total

    def close(self) -> None:
        """Let go of the database."""
        if self._watcher is not None and self._watcher[0] == os.getpid():
            self._watcher[1].close()
        self._watcher = None
        self._database.close()
