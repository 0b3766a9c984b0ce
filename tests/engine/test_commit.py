"""self.commit(): the task's own writes and its success, both or neither."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from taskrow import ClaimLost, CommitError, TaskContext, TaskFunction
from taskrow.domain.options import TaskOptions
from taskrow.domain.task import Status
from taskrow.engine.queue import QueueEngine
from taskrow.storage.tables import task_counts, tasks, workers
from tests.apps import commits
from tests.apps.commits import Effect
from tests.engine.commits import APP, effects, make_effects
from tests.support.processes import Process, ProcessFactory, eventually
from tests.support.rows import error_of, final, submit

pytestmark = pytest.mark.shared_worker


@pytest.fixture
def worker(engine: QueueEngine, start: ProcessFactory) -> Process:
    """A worker with one runner, and the table of effects."""
    make_effects(engine)
    return start.worker("--runners", "1", app=APP, env={"FLASK_TASKROW_BUSY_TIMEOUT": "2"})


def test_the_writes_and_the_success_come_together(engine: QueueEngine, worker: Process) -> None:
    task = final(engine, submit(engine, commits.write))
    assert (task.status, json.loads(task.result or "")) == (Status.SUCCEEDED, {"done": 1})
    assert json.loads(task.progress or "")["meta"]["current"] == 3
    assert effects(engine) == {task.id: 1}
    with engine.database.read() as connection:
        assert connection.execute(select(func.sum(task_counts.c.n))).scalar() == 1
    worker.wait_for(f"{task.id} tests.apps.commits.write succeeded in")


@pytest.mark.parametrize("how", ["raise", "commit", "update", "exit", "object"])
def test_after_it_the_task_is_over_whatever_the_function_does(
    engine: QueueEngine, worker: Process, how: str
) -> None:
    task = final(engine, submit(engine, commits.go_on, how))
    if how != "object":  # which is no JSON, but nobody's result either
        worker.wait_for(f"{task.id} tests.apps.commits.go_on stays succeeded, but after its commit")
    assert final(engine, submit(engine, commits.write)).status is Status.SUCCEEDED
    assert engine.get(task.id) == task
    assert (task.status, task.attempt, task.result) == (Status.SUCCEEDED, 1, json.dumps(how))
    assert effects(engine)[task.id] == 1


@pytest.mark.own_worker
def test_the_function_may_go_on_over_many_heartbeats(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    make_effects(engine)
    env = {"FLASK_TASKROW_LEASE": "1", "FLASK_TASKROW_HEARTBEAT": "0.1"}
    worker = start.worker("--runners", "1", app=APP, env=env)
    mark = tmp_path / "mark"
    final(engine, submit(engine, commits.go_on, "wait", str(mark)))
    eventually(mark.exists)
    beats = heartbeat_of(engine)
    eventually(lambda: heartbeat_of(engine) != beats)
    Path(f"{mark}-gate").touch()
    eventually(Path(f"{mark}-end").exists)
    assert worker.stop() == 0


def heartbeat_of(engine: QueueEngine) -> object:
    with engine.database.read() as connection:
        return connection.execute(select(workers.c.last_seen_at)).scalar()


@pytest.mark.parametrize(
    ("how", "kind", "words"),
    [
        ("raise", "ValueError", "spoiled"),
        ("table", "CommitError", "its tables must be in the same database"),
        ("async", "CommitError", "must be a plain function, not async"),
        ("word", "CommitError", "takes a function of a session, not 'no function'"),
        ("result", "ResultError", ""),
        ("exit", "SystemExit", "4"),
    ],
)
def test_what_fails_in_it_leaves_nothing(
    engine: QueueEngine, worker: Process, how: str, kind: str, words: str
) -> None:
    task = final(engine, submit(engine, commits.spoil, how))
    assert task.status is Status.FAILED
    assert error_of(task)[0] == kind
    assert words in error_of(task)[1]
    assert not effects(engine)
    assert final(engine, submit(engine, commits.write)).status is Status.SUCCEEDED


@pytest.mark.parametrize("how", ["rollback", "end", "caught"])
def test_a_transaction_that_the_work_undoes_is_no_success(
    engine: QueueEngine, worker: Process, how: str
) -> None:
    task = final(engine, submit(engine, commits.spoil, how))
    if how == "caught" and engine.database.dialect == "sqlite":  # which undoes the statement alone
        assert (task.status, effects(engine)) == (Status.SUCCEEDED, {task.id: 1})
        return
    assert error_of(task)[0] == "DatabaseError"
    assert "leave commit and rollback to taskrow" in error_of(task)[1]
    assert not effects(engine)
    assert final(engine, submit(engine, commits.write)).status is Status.SUCCEEDED


def test_a_commit_of_the_sessions_own_stays_within_it(engine: QueueEngine, worker: Process) -> None:
    task = final(engine, submit(engine, commits.own_commit))
    assert error_of(task) == ("ValueError", "and yet not")
    assert not effects(engine)


@pytest.mark.parametrize("fails", [False, True])
def test_a_task_submitted_in_it_is_there_if_it_holds(
    engine: QueueEngine, worker: Process, fails: bool
) -> None:
    task = final(engine, submit(engine, commits.with_child, fails))
    assert task.status is (Status.FAILED if fails else Status.SUCCEEDED)
    with engine.database.read() as connection:
        ids = connection.execute(select(tasks.c.id)).scalars().all()
    children = [one for one in ids if one != task.id]
    assert len(children) == (0 if fails else 1)
    assert all(final(engine, child).status is Status.SUCCEEDED for child in children)


def test_a_soft_timeout_is_heard_in_the_work(engine: QueueEngine, worker: Process) -> None:
    task = final(engine, submit(engine, commits.overstay))
    assert (task.status, task.result) == (Status.SUCCEEDED, '"cleaned up"')
    assert not effects(engine)


def test_called_directly_it_commits_without_a_task(engine: QueueEngine) -> None:
    make_effects(engine)
    write: TaskFunction[..., Any] = TaskFunction(
        write_directly, name="write", bind=True, options=TaskOptions(), find_engine=lambda: engine
    )
    assert write("a") == "committed"
    with pytest.raises(ValueError, match="b fails"):
        write("b")
    assert effects(engine) == {"a": 1}


def test_a_session_of_another_database_is_refused(engine: QueueEngine, tmp_path: Path) -> None:
    make_effects(engine)

    def work(self: TaskContext, session: Any) -> None:
        self.commit(lambda ours: ours.add(Effect(task="a", attempt=0)), session=session)

    function: TaskFunction[..., Any] = TaskFunction(
        work, name="work", bind=True, options=TaskOptions(), find_engine=lambda: engine
    )
    other = create_engine(f"sqlite:///{tmp_path / 'other.db'}")
    same = create_engine(engine.settings.database_url)
    with Session(other) as session, pytest.raises(CommitError, match="no transaction spans the"):
        function(session)
    with pytest.raises(CommitError, match="must be an SQLAlchemy session, not 'db'"):
        function("db")
    assert not effects(engine)
    with Session(same) as session:
        function(session)
    function(scoped_session(sessionmaker(same)))
    assert effects(engine) == {"a": 2}
    other.dispose()
    same.dispose()


def write_directly(self: TaskContext, word: str) -> str:
    def work(session: Session) -> None:
        session.add(Effect(task=word, attempt=0))
        session.flush()
        if word == "b":
            raise ValueError("b fails")

    self.commit(work, result="committed")
    return "returned"


def test_the_errors_are_of_one_family() -> None:
    assert issubclass(ClaimLost, CommitError)
