"""Lives many lives, each with one operation that fails; runs with shims/inject.c in front.

A warm process, which forks for each life: to import everything takes longer than to live.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from taskrow.domain.ids import new_id
from taskrow.engine.queue import QueueEngine
from taskrow.testing.driven import driven
from tests.faults.operations.life import Life, make_app
from tests.faults.power.audit import Promised, audit
from tests.faults.power.journal import Promises, read_journal

FILE = "tasks.db"
ACTIONS = ("nothing", "kill", "eio", "full", "short", "eio-on", "full-on", "read-only-on")


class Host:
    """Where lives are lived. ``directory`` fails, ``notes`` does not."""

    def __init__(self, shim: Path, directory: Path, notes: Path, mutant: str | None) -> None:
        self._shim = ctypes.CDLL(str(shim))
        self._shim.fault_count.restype = ctypes.c_long
        self._directory, self._notes, self._mutant = directory, notes, mutant

    def count(self) -> int:
        """How many operations a life has."""
        self._clean()
        status = self._fork(lambda: self._live(0, "nothing"))
        assert status == 0, self._said()
        return int((self._notes / "count").read_text())

    def fail_at(self, number: int, action: str) -> tuple[bool, list[str]]:
        """Live with one operation that goes wrong.

        Returns whether anybody noticed (it died, or something was refused), and what is wrong with
        what is left.
        """
        self._clean()
        status = self._fork(lambda: self._live(number, action))
        died = action == "kill" and status == signal.SIGKILL
        wrongs = [] if status == 0 or died else [f"status {status}: {self._said()}"]
        refused = self._notes / "refused"
        noticed = died or (refused.exists() and refused.read_text() != "0")
        wrongs += self._audit()
        status = self._fork(self._finish)
        wrongs += [] if status == 0 else [f"it does not go on: {status}: {self._said()}"]
        wrongs += self._audit()
        return noticed, wrongs + self._unfinished()

    # -- in the child ----------------------------------------------------------------------------

    def _live(self, number: int, action: str) -> None:
        promises = Promises(self._notes / "promises")
        app, _ = make_app()
        with driven(app, self._directory / FILE) as tasks:
            if self._mutant == "promise-first":
                _promise_first(tasks.engine, promises)
            self._shim.fault_arm(ctypes.c_long(number), ctypes.c_int(ACTIONS.index(action)))
            life = Life(tasks, promises)
            life.live()
            count = self._shim.fault_count()
            self._shim.fault_arm(ctypes.c_long(0), ctypes.c_int(0))
            (self._notes / "count").write_text(str(count))
            (self._notes / "refused").write_text(str(life.refused))

    def _finish(self) -> None:
        app, _ = make_app()
        with driven(app, self._directory / FILE) as tasks:
            Life(tasks, Promises(self._notes / "promises")).finish()

    # -- in the host -----------------------------------------------------------------------------

    def _fork(self, live: Callable[[], None]) -> int:
        """Run it in a child; returns its exit code, or the signal that it died of."""
        if (child := os.fork()) == 0:
            code = 70
            try:
                live()
                code = 0
            except BaseException:  # noqa: BLE001 - the host tells it
                (self._notes / "said").write_text(traceback.format_exc())
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        return abs(os.waitstatus_to_exitcode(status))

    def _said(self) -> str:
        said = self._notes / "said"
        return said.read_text()[-1500:] if said.exists() else "nothing"

    def _audit(self) -> list[str]:
        promised = Promised()
        for entry in read_journal(self._notes / "promises"):
            promised.add(entry.promise)
        return audit(self._directory / FILE, promised)

    def _unfinished(self) -> list[str]:
        with closing(sqlite3.connect(self._directory / FILE)) as file:
            query = "SELECT count(*) FROM tasks WHERE status IN ('queued', 'running')"
            (left,) = file.execute(query).fetchone()
        return [f"{left} tasks never end"] if left else []

    def _clean(self) -> None:
        for place in (self._directory, self._notes):
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(mode=0o700)
        (self._notes / "promises").touch()


def _promise_first(engine: QueueEngine, promises: Promises) -> None:
    """A mutant: the promise is given before the row is written."""
    submit = engine.submit

    def early(*args: Any, **kwargs: Any) -> str:
        task_id = new_id(engine.clock())
        promises.note(id=task_id)
        return submit(*args, **kwargs, task_id=task_id)

    engine.submit = early  # type: ignore[method-assign]


def main() -> None:
    """``host SHIM DIRECTORY NOTES ACTION FIRST EVERY MUTANT``: one JSON line for each life."""
    shim, directory, notes, action, first, every, mutant = sys.argv[1:]
    host = Host(Path(shim), Path(directory), Path(notes), mutant or None)
    operations = host.count()
    print(json.dumps({"operations": operations}), flush=True)
    for number in range(int(first), operations + 1, int(every)):
        noticed, wrongs = host.fail_at(number, action)
        print(json.dumps({"at": number, "noticed": noticed, "wrongs": wrongs}), flush=True)


if __name__ == "__main__":
    main()
