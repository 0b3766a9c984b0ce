"""Find the task of a URL for the client that asks, and wait for it where the client likes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask, current_app

from taskrow.domain.polling import retry_after
from taskrow.domain.task import Task
from taskrow.engine.attached import attached
from taskrow.engine.queue import QueueEngine
from taskrow.errors import DatabaseError
from taskrow.web.access import access
from taskrow.web.prefer import Preferences
from taskrow.web.problems import no_such_task, unavailable


def engine_of(app: Flask) -> QueueEngine:
    """The queue of an application. NoApplicationError where it has none."""
    return attached(app.extensions, app.name)


def current_engine() -> QueueEngine:
    """The queue of the current application."""
    return engine_of(current_app)


@contextmanager
def answering_503() -> Iterator[None]:
    """What the database refuses is a 503 to the client, and a line in the log."""
    try:
        yield
    except DatabaseError as error:
        current_app.logger.error("%s", error)
        raise unavailable(error) from None


def find_visible(task_id: str) -> Task:
    """The task with this id. Problem 404 where there is none, or it is not this client's."""
    task = current_engine().find(task_id)
    if task is None or not access().shows(task):
        raise no_such_task()
    return task


def wait_for_end(task: Task, preferences: Preferences) -> Task:
    """The task once it is over, or as it stands when the client's patience ends.

    Problem 404 when its row goes away meanwhile.
    """
    if task.status.final or not preferences.wait:
        return task
    wait = current_engine().watcher.wait
    return waited_for(task.id, lambda: wait(task.id, preferences.wait))


def waited_for(task_id: str, wait: Callable[[], Task | None]) -> Task:
    """The task that a wait ends with, or as it stands when the wait was in vain.

    Problem 404 when its row goes away meanwhile.
    """
    try:
        found = wait()
    except TimeoutError:
        found = current_engine().find(task_id)
    if found is None:
        raise no_such_task()
    return found


def pause_before_next_look(task: Task) -> int:
    """Seconds for ``Retry-After``: by the task's age, and how long its like usually run."""
    engine = current_engine()
    age = (engine.clock() - task.created_at).total_seconds()
    return retry_after(max(0.0, age), engine.usual_seconds(task.name))
