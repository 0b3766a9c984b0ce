"""Cancelling what runs: it is asked, or its process is ended."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from taskrow import AsyncResult, NoSuchTaskError
from taskrow.domain.task import Status
from taskrow.engine.queue import QueueEngine
from tests.apps import commits, waiting
from tests.engine.commits import effects, make_effects
from tests.support.processes import ProcessFactory, eventually
from tests.support.rows import error_of, final, submit

APP = "tests.apps.waiting:app"


@pytest.mark.shared_worker
def test_a_task_sees_that_it_was_asked_to_stop(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    start.worker("--runners", "1", app=APP)
    task_id = submit(engine, waiting.look, str(tmp_path / "mark"))
    eventually((tmp_path / "mark").exists)
    AsyncResult(task_id, engine).revoke()
    assert final(engine, task_id).result == '"heard it"'


@pytest.mark.shared_worker
def test_a_task_that_does_not_listen_is_terminated(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    worker = start.worker("--runners", "1", app=APP)
    mark = tmp_path / "mark"
    task_id = submit(engine, waiting.deaf, str(mark))
    eventually(lambda: mark.exists() and mark.read_text())
    result = AsyncResult(task_id, engine)
    result.revoke()  # it hears nothing of that
    result.revoke(terminate=True)
    task = final(engine, task_id)
    assert (task.status, task.attempt, result.state) == (Status.CANCELLED, 1, "REVOKED")
    assert error_of(task)[0] == "Terminated"
    eventually(lambda: not is_alive(int(mark.read_text())))
    assert final(engine, submit(engine, waiting.add, 1, 2)).result == "3"
    assert worker.stop() == 0


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_waits_is_cancelled_and_what_is_over_stays(engine: QueueEngine) -> None:
    task_id = submit(engine, waiting.add, 1, 2)
    result = AsyncResult(task_id, engine)
    result.revoke(terminate=True)
    before = engine.get(task_id)
    assert before.status is Status.CANCELLED
    result.revoke(terminate=True)
    assert engine.get(task_id) == before
    engine.retry(task_id)
    assert engine.get(task_id).terminate_requested_at is None
    with pytest.raises(NoSuchTaskError):
        AsyncResult("01a1fddd-8b2a-77ed-a119-9862de4039b0", engine).revoke()


def test_a_task_that_stands_behind_another_is_stopped_without_having_begun(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    start.worker("--runners", "1", app=APP)
    mark, gate = tmp_path / "mark", tmp_path / "gate"
    for _ in range(50):  # so quick that the worker hands out many at once
        submit(engine, waiting.add, 1, 2)
    first = submit(engine, waiting.stand, str(mark), str(gate))
    behind = submit(engine, waiting.stand, str(mark), str(gate))
    eventually(mark.exists)
    engine.cancel(behind, terminate=True)
    assert final(engine, behind).status is Status.CANCELLED
    gate.touch()
    assert final(engine, first).result == '"through"'
    assert len(mark.read_text().splitlines()) == 1


# On SQLite nobody can write the wish while a commit holds the file.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_task_terminated_in_its_commit_has_no_effect(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    make_effects(engine)
    start.worker("--runners", "1", app="tests.apps.commits:app")
    mark = tmp_path / "mark"
    task_id = submit(engine, commits.stand, str(mark), str(tmp_path / "gate"))
    eventually(mark.exists)
    engine.cancel(task_id, terminate=True)
    assert final(engine, task_id).status is Status.CANCELLED
    assert not effects(engine)


# On PostgreSQL a transaction holds up nobody but who wants the same rows.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_commit_that_holds_up_all_others_is_ended(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    make_effects(engine)
    env = {"FLASK_TASKROW_BUSY_TIMEOUT": "2"}
    start.worker("--runners", "1", app="tests.apps.commits:app", env=env)
    mark = tmp_path / "mark"
    stopped = submit(engine, commits.stand, str(mark), str(tmp_path / "gate"))
    eventually(lambda: mark.exists() and mark.read_text())
    os.kill(int(mark.read_text()), signal.SIGSTOP)  # nothing but SIGKILL can end it now
    task = final(engine, stopped)
    assert (task.status, error_of(task)[0]) == (Status.FAILED, "TaskTimeout")
    assert "its commit held up all other writers for 2 s" in error_of(task)[1]
    assert not effects(engine)
    assert final(engine, submit(engine, commits.write)).status is Status.SUCCEEDED
