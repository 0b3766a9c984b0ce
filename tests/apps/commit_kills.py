"""Tasks whose processes are killed at a chosen step of their first self.commit().

Each task dies so once, and notes it just before, in a file that tells later attempts. The steps are
found by wrapping what the engine itself calls, so that nothing in app/ knows of them.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

from taskrow import TaskContext
from taskrow.engine.committing import Committer
from taskrow.engine.messages import COMMITTED
from taskrow.engine.runner import Runner
from taskrow.storage import writer
from taskrow.storage.database import Database
from taskrow.storage.prepared import drive
from tests.apps.commits import app, note, queue

__all__ = ["COMMITTED_STEPS", "DEATHS", "STEPS", "VICTIMS", "Death", "app", "read_deaths"]

STEPS = ("before work", "in work", "after flush", "before COMMIT", "after COMMIT", "before report",
         "after report", "at the end")  # fmt: skip
COMMITTED_STEPS = STEPS[STEPS.index("after COMMIT") :]
VICTIMS = ("runner", "supervisor", "both")
DEATHS = "COMMIT_DEATHS"  # the environment variable with the file


@dataclass
class Death:
    """Who was killed, in which attempt of which task; ``passed``: the steps before."""

    step: str
    victim: str
    task: str
    attempt: int
    supervisor: int
    passed: list[str]


def read_deaths(file: Path) -> list[Death]:
    """All that were noted."""
    lines = file.read_text().splitlines() if file.exists() else []
    return [Death(**json.loads(line)) for line in lines]


_plan: Death | None = None  # of the task that runs


def reach(step: str) -> None:
    """Die here, or have the supervisor die, if that is the plan."""
    global _plan
    if _plan is None or not step:
        return
    if _plan.step != step:
        _plan.passed.append(step)
        return
    death, _plan = _plan, None
    with Path(os.environ[DEATHS]).open("a") as file:
        file.write(f"{json.dumps(asdict(death))}\n")
    if death.victim in ("supervisor", "both"):
        os.kill(death.supervisor, signal.SIGKILL)
    if death.victim in ("runner", "both"):
        os.kill(os.getpid(), signal.SIGKILL)


@queue.task(bind=True, name="commits.die", crash_limit=1000)
def die(self: TaskContext, step: str, victim: str) -> None:
    global _plan  # noqa: PLW0603
    task_id, attempt = str(self.request.id), self.request.attempt
    has_died = any(death.task == task_id for death in read_deaths(Path(os.environ[DEATHS])))
    plan = Death(step, victim, task_id, attempt, os.getppid(), [])
    _plan = None if has_died else plan

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


def _drive(connection: Connection, sql: str, values: Any = ()) -> Any:
    """On SQLite the COMMIT goes to the driver, and SQLAlchemy hears nothing of it."""
    if sql == "COMMIT":
        reach("before COMMIT")
    return drive(connection, sql, values)


def _wrap(owner: Any, name: str, step: Callable[..., str]) -> None:
    whole = getattr(owner, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        done = whole(*args, **kwargs)
        reach(step(*args))
        return done

    setattr(owner, name, wrapped)


def _step_before_saying(_: Runner, *reports: Any) -> str:
    return "after report" if any(report.kind == COMMITTED for report in reports) else ""


writer.__dict__["drive"] = _drive
for kind in Database.__subclasses__():
    _wrap(kind, "write_alone", lambda *_: "after COMMIT")
_wrap(Committer, "_commit_patiently", lambda *_: "before report")
_wrap(Runner, "say", _step_before_saying)
