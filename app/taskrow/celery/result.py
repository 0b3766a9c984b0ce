"""Celery's results: of a task that was submitted, and of one that ran here."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from taskrow.celery import states
from taskrow.celery.missing import refusing_imports
from taskrow.domain.task import Task as Row
from taskrow.engine.result import AsyncResult as PlainResult
from taskrow.engine.result import state_of
from taskrow.errors import NoSuchTaskError

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine


class AsyncResult(PlainResult):
    """A task by its id, with everything that Celery's handle can do.

    ``AsyncResult(id)`` belongs to the current application.
    """

    def __init__(self, id: str, engine: QueueEngine | None = None, **_: Any) -> None:
        if engine is None:
            from taskrow.celery.binding import current_engine

            engine = current_engine()
        super().__init__(id, engine)

    def get(self, timeout: float | None = None, propagate: bool = True, **_: Any) -> Any:
        """Wait for the result and return it; see taskrow's own. Intervals have no meaning."""
        return super().get(timeout, propagate=propagate)

    wait = get

    def revoke(self, connection: Any = None, terminate: bool = False, **_: Any) -> None:
        """Cancel the task: at once while it waits; one that runs is asked to stop.

        terminate: the process that runs it is ended. Nothing happens when it is over or not there.
        """
        with suppress(NoSuchTaskError):
            super().revoke(terminate=terminate)

    def exists(self) -> bool:
        """Whether there is a row."""
        return self._row is not None

    @property
    def _row(self) -> Row | None:
        return self._engine.find(self.id)

    @property
    def name(self) -> str | None:
        return None if (row := self._row) is None else row.name

    @property
    def queue(self) -> str | None:
        return None if (row := self._row) is None else row.queue

    @property
    def worker(self) -> str | None:
        return None if (row := self._row) is None else row.worker

    @property
    def date_done(self) -> datetime | None:
        return None if (row := self._row) is None else row.finished_at

    @property
    def children(self) -> list[AsyncResult]:
        """None: taskrow has no workflows yet."""
        return []

    @property
    def parent(self) -> None:
        return None

    def maybe_throw(self, propagate: bool = True, **_: Any) -> Any:
        """Raise what the task raised, where it failed or was cancelled."""
        failed = state_of(self._row) in states.PROPAGATE_STATES
        return self.get(propagate=propagate) if failed else self.result


class EagerResult:
    """What ``apply()`` came to: the task has run already, here, and there is no row."""

    def __init__(
        self,
        id: str,
        result: Any,
        state: str,
        traceback: str | None = None,
    ) -> None:
        self.id = self.task_id = id
        self.result = self.info = result
        self.state = self.status = state
        self.traceback = traceback

    def get(self, timeout: float | None = None, propagate: bool = True, **_: Any) -> Any:
        """What it returned; what it raised is raised, or with propagate=False returned."""
        if propagate and self.state in states.PROPAGATE_STATES:
            raise self.result
        return self.result

    wait = get

    def ready(self) -> bool:
        return True

    def successful(self) -> bool:
        return self.state == states.SUCCESS

    def failed(self) -> bool:
        return self.state == states.FAILURE

    def forget(self) -> None:
        """Nothing is kept of it."""

    def revoke(self, *_: Any, **__: Any) -> None:
        """It is over."""


if not TYPE_CHECKING:  # a type checker tells by itself
    __getattr__ = refusing_imports(__name__)
