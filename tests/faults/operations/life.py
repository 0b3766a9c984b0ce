"""A whole life of tasks in one process: tables are made, tasks come, run, fail, end and are purged.

Whoever lives it may die or meet an error at any operation. What was promised is noted in a file of
its own, outside the directory that fails.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from taskrow import TaskContext, TaskQueue
from taskrow.errors import TaskrowError
from taskrow.storage.sqlite import SqliteDatabase
from taskrow.testing.driven import Tasks
from tests.faults.power.journal import Promises


def make_app() -> tuple[Flask, TaskQueue]:
    """The application of a life."""
    app = Flask(__name__)
    queue = TaskQueue(app)

    @queue.task(name="add")
    def add(one: int, other: int) -> int:
        return one + other

    @queue.task(name="stumble", bind=True, retries=1, backoff=0.01)
    def stumble(self: TaskContext) -> str:
        if self.request.attempt == 1:
            raise ValueError("the first time")
        return "the second time"

    @queue.task(name="effect", bind=True)
    def effect(self: TaskContext) -> None:
        def note(session: Session) -> None:
            session.execute(text("INSERT INTO effects VALUES (:task)"), {"task": self.request.id})

        self.commit(note, result="with effect")

    return app, queue


class Life:
    """One life. Trouble is told to whoever asks for something; then life goes on."""

    def __init__(self, tasks: Tasks, promises: Promises) -> None:
        self._tasks, self._promises = tasks, promises
        self.refused = 0

    def live(self) -> None:
        """From the first task to the purge."""
        self._submit("add", [1, 2])
        self._try(self._make_effects)
        for _ in range(2):
            for name, args in (("add", [20, 22]), ("stumble", []), ("effect", [])):
                self._submit(name, args)
            self._try(self._tasks.run_pending)
            self._note_ended()
        self._submit("add", [0, 0], later=True)
        self._try(self._cancel_newest)
        self._try(self._fold_log)
        self._try(lambda: self._tasks.advance(minutes=2))
        self._note_ended()

    def finish(self) -> None:
        """Live on, undisturbed, until nothing is left to do."""
        self._tasks.advance(minutes=5)

    def _submit(self, name: str, args: list[int], *, later: bool = False) -> None:
        engine = self._tasks.engine
        run_at = engine.clock() + timedelta(days=1) if later else None

        def submit() -> None:
            function = engine.registry.get(name)
            call = json.dumps({"args": args})
            task_id = engine.submit(name, call, function.options, run_at=run_at)
            self._promises.accepted(task_id, name, args)

        self._try(submit)

    def _make_effects(self) -> None:
        statement = text("CREATE TABLE IF NOT EXISTS effects (task TEXT NOT NULL)")
        self._tasks.engine.database.write(lambda c: c.execute(statement).close())

    def _cancel_newest(self) -> None:
        for newest in self._tasks.submitted()[-1:]:
            self._tasks.engine.cancel(newest.id)
            self._promises.ended(newest.id, "cancelled", None)

    def _fold_log(self) -> None:
        database = self._tasks.engine.database
        assert isinstance(database, SqliteDatabase)
        database.truncate_log()

    def _note_ended(self) -> None:
        with suppress(TaskrowError):
            for task in self._tasks.submitted():
                if task.status.final:
                    self._promises.ended(task.id, str(task.status), task.result)

    def _try(self, do: Callable[[], object]) -> None:
        try:
            do()
        except TaskrowError:  # in a sentence of ours; anything else is a bug
            self.refused += 1
