"""Flaws that an image must show: a harness that does not notice them proves nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from io import BytesIO
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from taskrow import TaskContext, in_worker
from taskrow.domain.ids import new_id
from taskrow.engine.clock import utc_now
from taskrow.storage import sqlite
from taskrow.web import submission


def apply(name: str | None) -> None:
    """Put a flaw into this process; None: there is none. KeyError for one that is not known."""
    if name is not None:
        MUTANTS[name]()


def _pragma(name: str, ours: str, theirs: str) -> Callable[[], None]:
    def mutate() -> None:
        pragmas = sqlite._WRITER_PRAGMAS
        assert f"PRAGMA {name} = {ours}" in pragmas
        sqlite.__dict__["_WRITER_PRAGMAS"] = tuple(
            f"PRAGMA {name} = {theirs}" if p == f"PRAGMA {name} = {ours}" else p for p in pragmas
        )

    return mutate


def _answer_before_commit() -> None:
    """Views are answered with 202 while the row is still on its way into the file."""
    from tests.faults.power.application import app

    answer, chosen = app.wsgi_app, threading.local()

    def early(environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"] != "/view" or in_worker():
            return answer(environ, start_response)
        task_id = new_id(utc_now())
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))

        def submit() -> None:
            chosen.id = task_id
            answer(environ | {"wsgi.input": BytesIO(body)}, lambda *_: lambda _: None)

        threading.Thread(target=submit).start()
        start_response("202 ACCEPTED", [("Location", f"/status/{task_id}")])
        return [b""]

    submission.__dict__["new_id"] = lambda now: getattr(chosen, "id", None) or new_id(now)
    app.wsgi_app = early  # type: ignore[method-assign]


def _effects_apart() -> None:
    """A task's writes are committed by themselves, before its success is."""
    commit = TaskContext.commit

    def apart(self: TaskContext, work: Callable[[Session], object], **more: Any) -> None:
        from tests.faults.power.application import app, queue

        with app.app_context():
            database = queue.engine().database
            note = text("INSERT INTO effects VALUES (:task)")
            database.write(lambda c: c.execute(note, {"task": self.request.id}) and None)
        commit(self, lambda _: None, **more)

    TaskContext.commit = apart  # type: ignore[method-assign, assignment]


MUTANTS: dict[str, Callable[[], None]] = {
    "synchronous-normal": _pragma("synchronous", "FULL", "NORMAL"),
    "synchronous-off": _pragma("synchronous", "FULL", "OFF"),
    "journal-in-memory": _pragma("journal_mode", "WAL", "MEMORY"),
    "answer-before-commit": _answer_before_commit,
    "effects-apart": _effects_apart,
}
