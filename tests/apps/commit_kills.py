"""Tasks whose processes are killed at a chosen step of their first self.commit().

FIRST: each task dies so in its first attempt alone. The steps are found by wrapping what the engine
itself calls, so that nothing in app/ knows of them.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

from taskrow import TaskContext
from taskrow.engine.committing import Committer
from taskrow.engine.messages import COMMITTED
from taskrow.engine.runner import Runner
from taskrow.storage.database import Database
from tests.apps.commits import app, note, queue

__all__ = ["STEPS", "VICTIMS", "app"]

STEPS = ("before work", "in work", "after flush", "before COMMIT", "after COMMIT", "before report",
         "after report", "at the end")  # fmt: skip
VICTIMS = ("runner", "supervisor", "both")

_plan: tuple[str, str] | None = None  # the step and the victim of the task that runs


def reach(step: str) -> None:
    """Die here, or have the supervisor die, if that is the plan."""
    global _plan
    if _plan is None or _plan[0] != step:
        return
    (_, victim), _plan = _plan, None
    if victim in ("supervisor", "both"):
        os.kill(os.getppid(), signal.SIGKILL)
    if victim in ("runner", "both"):
        os.kill(os.getpid(), signal.SIGKILL)


@queue.task(bind=True, name="commits.die", crash_limit=1000)
def die(self: TaskContext, step: str, victim: str) -> None:
    global _plan  # noqa: PLW0603
    _plan = (step, victim) if self.request.attempt == 1 else None

    def work(session: Session) -> None:
        reach("before work")
        note(self, session)
        reach("in work")
        session.flush()
        reach("after flush")

    self.commit(work, result=self.request.attempt)
    reach("at the end")


@event.listens_for(Engine, "commit")
def _before_commit(_: Connection) -> None:
    reach("before COMMIT")


def _wrap(owner: Any, name: str, step: Callable[..., str]) -> None:
    whole = getattr(owner, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        done = whole(*args, **kwargs)
        reach(step(*args))
        return done

    setattr(owner, name, wrapped)


def _step_before_saying(_: Runner, *reports: Any) -> str:
    return "after report" if any(report.kind == COMMITTED for report in reports) else ""


for kind in Database.__subclasses__():
    _wrap(kind, "write_alone", lambda *_: "after COMMIT")
_wrap(Committer, "_commit_patiently", lambda *_: "before report")
_wrap(Runner, "say", _step_before_saying)
