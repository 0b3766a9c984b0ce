"""One thread of a process waits for all tasks that somebody here waits for.

It sleeps on the doorbell. While commits come thick it looks at the rows only every few
milliseconds, so that a busy database costs it next to nothing; the first ring is never delayed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from queue import Empty, SimpleQueue

from taskrow.domain.task import Task
from taskrow.engine.bed import Bed
from taskrow.engine.listening import Listener
from taskrow.engine.watches import Callback, Watch, Watches
from taskrow.errors import DatabaseError
from taskrow.storage import queries, watched
from taskrow.storage.database import Database
from taskrow.storage.doorbell import open_doorbell
from taskrow.storage.submit import DONE
from taskrow.storage.watched import Mark

log = logging.getLogger("taskrow.watcher")

_REST = 0.5  # seconds between tries while the database cannot be used
_NOBODY = 1.0  # how long a ring stands unread while nobody waits
_UNHEARD = 0.25  # PostgreSQL rings for the end of a task; for other changes it is asked this often
_NEVER = 3600.0
_SHORTEST_PAUSE = 0.005  # between two looks
_LONGEST_PAUSE = 0.25
_PAUSE_PER_LOOK = 20  # a look is followed by so many times what it took: 5 % of a core at most

_CLOSED = "the queue was closed while somebody waited for a task"


class Watcher:
    """Calls back when tasks end, or change."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watches = Watches()
        self._bed = Bed()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._looked_at = self._look_at = self._fresh_at = 0.0  # the last look; none before
        self._nobody = False

    def watch(self, task_id: str, callback: Callback) -> None:
        """Call ``callback`` with the task once it is final, from the watcher's thread."""
        self._add(Watch(task_id, callback))

    def wait(self, task_id: str, timeout: float | None) -> Task | None:
        """Wait for a task to end. TimeoutError after ``timeout`` seconds; None: its row is gone.

        DatabaseError when the queue is closed meanwhile.
        """
        return self._wait(task_id, None, timeout)

    def wait_for_change(self, task: Task, timeout: float | None) -> Task | None:
        """Wait until the row of a task differs from ``task`` in what a client sees of it.

        That is: status, attempt, progress, a request to cancel, run_at, priority, queue. Returns
        the task as it then stands; otherwise like :meth:`wait`.
        """
        return self._wait(task.id, watched.mark_of(task), timeout)

    def close(self) -> None:
        """Stop the thread."""
        with self._starting:
            if self._closing:
                return
            self._closing = True
        self._bed.wake()
        if self._thread is not None:
            self._thread.join()
        self._bed.close()
        for watch in self._watches.take_all():
            watch.in_vain(DatabaseError(_CLOSED))

    def _wait(self, task_id: str, mark: Mark | None, timeout: float | None) -> Task | None:
        found: SimpleQueue[Task | DatabaseError | None] = SimpleQueue()
        watch = Watch(task_id, found.put, mark, in_vain=found.put)
        self._add(watch)
        try:
            answer = found.get(timeout=_patience(timeout))
        except Empty:
            if self._watches.remove(watch):
                what = "end" if mark is None else "change"
                words = f"task {task_id} did not {what} within {timeout} seconds"
                raise TimeoutError(words) from None
            answer = found.get()  # it came at the same moment
        finally:
            self._watches.remove(watch)
        if isinstance(answer, DatabaseError):
            raise answer
        return answer

    def _add(self, watch: Watch) -> None:
        with self._starting:
            if self._closing:
                raise DatabaseError(_CLOSED)
            self._watches.add(watch)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="taskrow-watcher", daemon=True
                )
                self._thread.start()
            self._bed.wake()

    # -- the thread ---

    def _run(self) -> None:
        while not self._closing:
            try:
                with closing(open_doorbell(self._database, DONE)) as bell:
                    self._listen(Listener(bell))
            except DatabaseError:  # it may come back; whoever waits has a timeout of their own
                self._rest()
            except Exception:
                log.exception("the watcher of tasks stumbled; it goes on")
                self._rest()

    def _rest(self) -> None:
        until = time.monotonic() + _REST
        while not self._closing and (left := until - time.monotonic()) > 0:
            self._bed.sleep(None, left)

    def _listen(self, listener: Listener) -> None:
        while not self._closing:
            self._bed.sleep(*self._until(listener))
            now = time.monotonic()
            if self._watches.has_fresh and now >= self._fresh_at:
                self._look_at_fresh(now)
            if now >= self._look_at and (listener.is_due(now) or self._wait_unheard(now) == 0):
                self._look_at_all(listener, now)

    def _until(self, listener: Listener) -> tuple[int | None, float | None]:
        """What to sleep on beside the call of a newcomer: the bell (no file in a pause); a time."""
        now = time.monotonic()
        waits = [self._fresh_at - now] if self._watches.has_fresh else []
        if now < self._look_at:
            return None, min([*waits, self._look_at - now])
        if self._watches:
            waits += [listener.timeout(now), self._wait_unheard(now)]
        return listener.bell.fileno, min(waits, default=None)

    def _wait_unheard(self, now: float) -> float:
        """Seconds until a look for changes that do not ring."""
        if self._database.dialect == "sqlite" or not self._watches.has_changes:
            return _NEVER
        return max(0.0, self._looked_at + _UNHEARD - now)

    def _look_at_fresh(self, now: float) -> None:
        """What ended while somebody came to wait for it has rung already, for nobody."""
        fresh = self._watches.take_fresh()
        if self._nobody:  # from now on rings are for somebody
            self._nobody, self._look_at = False, now
        ends = {watch.task_id for watch in fresh if watch.mark is None}
        self._look(list(ends), [watch for watch in fresh if watch.mark is not None])
        self._fresh_at = time.monotonic() + _SHORTEST_PAUSE

    def _look_at_all(self, listener: Listener, now: float) -> None:
        self._looked_at = now
        self._nobody = not self._watches
        if self._nobody:
            self._look_at = now + _NOBODY
        elif self._look(self._watches.ended_ids(), self._watches.changing()):
            return
        listener.found_nothing(now)

    def _look(self, ends: Sequence[str], changing: Sequence[Watch]) -> int:
        """Look at the rows and call whoever waited for what is there; returns how many."""
        began = time.thread_time()
        with self._database.read() as connection:
            over = watched.find_ended(connection, ends)
            marks = watched.find_marks(connection, {watch.task_id for watch in changing})
            changed = [watch for watch in changing if marks.get(watch.task_id) != watch.mark]
            ids = {*over, *(watch.task_id for watch in changed)}
            tasks = {task.id: task for task in queries.find_many(connection, ids)}
        self._pause(time.thread_time() - began)
        over = [one for one in over if one not in tasks or tasks[one].status.final]
        called = self._watches.take_ends(over) + self._watches.take_changes(changed)
        for watch in called:
            _call(watch, tasks.get(watch.task_id))
        return len(called)

    def _pause(self, cost: float) -> None:
        pause = min(max(_SHORTEST_PAUSE, cost * _PAUSE_PER_LOOK), _LONGEST_PAUSE)
        self._look_at = max(self._look_at, time.monotonic() + pause)


def _call(watch: Watch, task: Task | None) -> None:
    try:
        watch.callback(task)
    except Exception:
        log.exception("what was to be called at the end of task %s failed", watch.task_id)


def _patience(timeout: float | None) -> float | None:
    """Within what the operating system can count."""
    return None if timeout is None else max(0.0, min(timeout, threading.TIMEOUT_MAX))
