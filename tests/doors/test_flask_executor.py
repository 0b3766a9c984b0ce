"""Door 3 for those who come from Flask-Executor: stored futures, jobs, default callbacks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path

import pytest
from flask import Flask

from taskrow import Executor, Job, NotATaskError, OptionError, QueueExecutor, TransitionError
from taskrow.domain.ids import new_id
from taskrow.domain.task import Status
from taskrow.engine.clock import utc_now
from taskrow.storage import queries
from tests.apps.doors.tasks import add, double, executor, fail, give, queue, stand
from tests.doors.site import Site, open_app
from tests.support.processes import eventually


@pytest.fixture
def pool(in_app: Site) -> QueueExecutor:
    return queue.executor


@pytest.fixture
def key() -> str:
    """A key that no other test has used."""
    return f"report {new_id(utc_now())}"


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "gate"
    (tmp_path / "gate").touch()


# -- stored futures ----------------------------------------------------------------------------


def test_a_stored_future_is_asked_by_its_key(pool: QueueExecutor, key: str, gate: Path) -> None:
    future = pool.submit_stored(key, stand, str(gate))
    eventually(gate.with_name("gate.running").exists)
    assert pool.futures.running(key) is True
    assert key in pool.futures
    assert pool.futures.done(key) is False
    assert pool.futures._state(key) == "RUNNING"
    gate.touch()
    assert pool.futures.result(key, 30) == "through"
    assert future.result(30) == "through"
    assert pool.futures.done(key) is True
    assert pool.futures.running(key) is False
    assert pool.futures.exception(key) is None
    assert pool.futures._state(key) == "FINISHED"


def test_a_key_is_found_by_every_process_after_every_restart(
    in_app: Site, pool: QueueExecutor, key: str
) -> None:
    pool.submit_stored(key, add, 1, 2).result(30)
    with open_app(in_app.database_url) as restarted, restarted.app_context():
        assert queue.executor.futures.done(key)
        assert queue.executor.futures.result(key) == 3
        popped = queue.executor.futures.pop(key)
    assert popped is not None
    assert popped.result(0) == 3
    assert key not in pool.futures


def test_a_key_is_used_once_until_it_is_popped(
    in_app: Site, pool: QueueExecutor, key: str, gate: Path
) -> None:
    first = pool.submit_stored(key, stand, str(gate))
    before = in_app.count()
    with pytest.raises(ValueError, match=r"there is a future under the key .* pop it first"):
        pool.submit_stored(key, add, 1, 2)
    assert in_app.count() == before
    assert pool.futures.pop(key).task_id == first.task_id  # type: ignore[union-attr]
    assert pool.submit_stored(key, add, 1, 2).result(30) == 3
    assert pool.futures.result(key) == 3
    gate.touch()
    assert first.result(30) == "through"  # what was popped while it ran runs on


def test_they_can_be_counted(in_app: Site, pool: QueueExecutor, key: str) -> None:
    before = len(pool.futures)
    submit_with_key = in_app.engine.submit
    submit_with_key(add.name, '{"args": [1, 2]}', add.options, idempotency_key=f"other {key}")
    pool.submit_stored(key, add, 1, 2)
    assert len(pool.futures) == before + 1
    pool.futures.result(key, 30)
    assert len(pool.futures) == before + 1  # what is over stays until it is popped or purged
    pool.futures.pop(key)
    assert len(pool.futures) == before


def test_popping_what_is_over_deletes_its_row(in_app: Site, pool: QueueExecutor, key: str) -> None:
    future = pool.submit_stored(key, add, 1, 2)
    future.result(30)
    popped = pool.futures.pop(key)
    assert popped is not None
    assert (popped.done(), popped.result(0)) == (True, 3)
    assert in_app.engine.find(future.task_id) is None
    assert pool.futures.pop(key) is None


def test_a_failure_is_stored_too(pool: QueueExecutor, key: str) -> None:
    pool.submit_stored(key, fail, "value", "lost")
    assert isinstance(pool.futures.exception(key, 30), ValueError)
    with pytest.raises(ValueError, match="lost"):
        pool.futures.result(key)


def test_a_stored_future_can_be_cancelled(in_app: Site, pool: QueueExecutor, key: str) -> None:
    pool(countdown=60).submit_stored(key, add, 1, 2)
    assert pool.futures._state(key) == "PENDING"
    assert pool.futures.cancel(key) is True
    assert pool.futures.cancelled(key) is True
    assert pool.futures._state(key) == "CANCELLED_AND_NOTIFIED"


def test_a_key_that_nobody_holds_is_answered_with_none(pool: QueueExecutor) -> None:
    stored = pool.futures
    asked: list[Callable[[str], object]] = [
        stored.done, stored.running, stored.cancelled, stored.cancel, stored.exception,
        stored.result, stored.get, stored.pop, stored._state,
    ]  # fmt: skip
    assert [ask("nothing") for ask in asked] == [None] * 9
    assert "nothing" not in stored


def test_a_future_can_be_added_while_it_is_not_over(
    pool: QueueExecutor, key: str, gate: Path
) -> None:
    waiting, over = pool.submit(stand, str(gate)), pool.submit(give, 1)
    over.result(30)
    pool.futures.add(key, waiting)
    assert pool.futures.done(key) is False
    with pytest.raises(TransitionError, match="submit it with submit_stored"):
        pool.futures.add(f"{key} 2", over)
    other = pool.submit(stand, str(gate))
    with pytest.raises(ValueError, match="pop it first"):
        pool.futures.add(key, other)


@pytest.mark.parametrize("wrong", ["", 5, "a\nb", "x" * 501], ids=["empty", "5", "lines", "long"])
def test_a_key_is_a_text(pool: QueueExecutor, wrong: str) -> None:
    with pytest.raises(OptionError, match="the key of a future must be a text"):
        pool.submit_stored(wrong, add, 1, 2)


# -- jobs and options --------------------------------------------------------------------------


def test_a_job_has_the_verbs_of_its_executor(in_app: Site, key: str) -> None:
    assert isinstance(double, Job)
    assert double(4) == 8
    assert double.submit(4).result(30) == 8
    assert double.submit_stored(key, 5).result(30) == 10
    assert executor.futures.result(key) == 10
    assert list(double.map([1, 2, 3], timeout=30, chunksize=2)) == [2, 4, 6]
    assert executor.submit(double, 6).result(30) == 12
    assert double.task.delay(7).get(30) == 14
    assert in_app.engine.get(double.submit(4).task_id).retries == 1


def test_an_executor_submits_with_its_options(in_app: Site) -> None:
    mail = queue.executor(queue="mail", priority=5, countdown=60)
    mail.submit(add, 1, 2)
    mail.map(add, [1, 2], [3, 4])
    mail(priority=6).submit(give, 1)
    with in_app.engine.database.read() as connection:
        found = queries.list_tasks(connection, queue="mail", limit=4)
    assert [(t.priority, t.status) for t in found] == [(6, Status.SCHEDULED)] + 3 * [
        (5, Status.SCHEDULED)
    ]
    for task in found:
        in_app.engine.cancel(task.id)


def test_a_wrong_option_of_an_executor_is_refused_at_once(in_app: Site) -> None:
    with pytest.raises(OptionError, match="'quue' is no option of a submit; did you mean 'queue'"):
        queue.executor(quue="mail")


def test_default_callbacks_are_called_for_each_future(pool: QueueExecutor) -> None:
    seen, both = list[int](), threading.Event()

    def note(future: futures.Future[int]) -> None:
        seen.append(future.result())
        if len(seen) == 2:
            both.set()

    pool.add_default_done_callback(note)
    pool.submit(give, 1)
    assert list(pool.map(give, [2])) == [2]
    assert both.wait(30)
    assert sorted(seen) == [1, 2]


def test_the_extension_is_an_executor_with_a_queue_of_its_own(tmp_path: Path) -> None:
    app = Flask(__name__, instance_path=str(tmp_path))
    extension = Executor(app)

    @extension.job
    def triple(n: int) -> int:
        return 3 * n

    with app.app_context():
        future = triple.submit(4)
        assert extension.queue.AsyncResult(future.task_id).state == "PENDING"
        with pytest.raises(NotATaskError):
            extension.submit(len, [])
    with pytest.raises(RuntimeError, match="has a TaskQueue already"):
        Executor(app)
    app.extensions["taskrow"].close()
