"""Door 3: an executor like ``ThreadPoolExecutor``, over the rows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import pytest

from taskrow import NotATaskError, QueueExecutor, TaskFailed, TaskFuture
from taskrow.domain.task import Status
from tests.apps.doors.tasks import add, fail, give, obedient, queue, stand
from tests.doors.site import Site, soon
from tests.support.processes import eventually
from tests.support.rows import runs


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "gate"
    (tmp_path / "gate").touch()


@pytest.fixture
def pool(in_app: Site) -> QueueExecutor:
    return queue.executor


@pytest.fixture
def blocked(in_app: Site, gate: Path) -> list[TaskFuture]:
    """Both runners are busy, so whatever is submitted next waits."""
    busy = [queue.executor.submit(stand, str(gate)) for _ in range(2)]
    eventually(lambda: runs(gate.with_name("gate.running")) == 2)
    for future in busy:
        in_app.long_running(future.task_id)
    return busy


def test_it_is_an_executor_with_futures(pool: QueueExecutor) -> None:
    future = pool.submit(add, 1, b=2)
    assert isinstance(pool, futures.Executor)
    assert isinstance(future, futures.Future)
    assert future.result(30) == 3
    assert (future.done(), future.running(), future.cancelled()) == (True, False, False)
    assert future.exception(30) is None


def test_a_future_is_a_row_that_others_can_find(in_app: Site, pool: QueueExecutor) -> None:
    future = pool.submit(add, 1, 2)
    assert in_app.final(future.task_id).result == "3"
    assert in_app.get_json(f"/tasks/{future.task_id}")["result"] == 3


def test_map_keeps_the_order(pool: QueueExecutor) -> None:
    assert list(pool.map(add, range(10), [10] * 10)) == list(range(10, 20))
    assert list(pool.map(add, [], [])) == []


def test_map_submits_no_more_ahead_than_it_is_told(in_app: Site, pool: QueueExecutor) -> None:
    taken: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(6):
            taken.append(number)
            yield number

    results = pool.map(add, numbers(), [10] * 9, buffersize=2)
    assert taken == [0, 1]
    assert (next(results), taken) == (10, [0, 1, 2])
    assert (next(results), taken) == (11, [0, 1, 2, 3])
    assert list(results) == [12, 13, 14, 15]
    assert list(pool.map(add, [], [], buffersize=1)) == []
    before = in_app.count()
    for wrong, error in ((0, ValueError), (-1, ValueError), (1.5, TypeError), ("2", TypeError)):
        with pytest.raises(error, match=r"^buffersize must be "):
            pool.map(add, [1], [2], buffersize=wrong)  # type: ignore[arg-type]
    assert in_app.count() == before


def test_map_submits_nothing_ahead_after_a_shutdown(in_app: Site) -> None:
    with queue.executor as pool:
        results = pool.map(add, range(4), range(4), buffersize=2)
    with pytest.raises(RuntimeError, match="cannot submit after shutdown"):
        next(results)


def test_map_raises_where_the_failure_is(pool: QueueExecutor) -> None:
    results = pool.map(fail, ["value", "key"], timeout=30)
    with pytest.raises(ValueError, match="no"):
        next(results)


def test_map_gives_up_after_its_timeout(pool: QueueExecutor, gate: Path) -> None:
    with pytest.raises(TimeoutError):
        list(pool.map(stand, [str(gate)], timeout=0.05))


def test_result_and_exception_give_up_after_their_timeout(pool: QueueExecutor, gate: Path) -> None:
    future = pool.submit(stand, str(gate))
    for wait in (future.result, future.exception):
        with pytest.raises(TimeoutError):
            wait(0.05)
    assert not future.done()
    gate.touch()
    assert future.result(30) == "through"


def test_a_failure_is_the_exception_of_the_future(pool: QueueExecutor) -> None:
    future = pool.submit(fail, "key", "lost")
    error = future.exception(30)
    assert isinstance(error, TaskFailed)
    assert isinstance(error, KeyError)
    with pytest.raises(KeyError, match="lost"):
        future.result(30)


def test_a_waiting_future_can_be_cancelled(
    in_app: Site, pool: QueueExecutor, blocked: list[TaskFuture]
) -> None:
    future = pool.submit(add, 1, 2)
    assert not future.running()
    assert future.cancel()
    assert future.cancel()  # and again
    assert (future.cancelled(), future.done()) == (True, True)
    assert in_app.engine.get(future.task_id).status is Status.CANCELLED
    with pytest.raises(futures.CancelledError):
        future.result(30)


def test_a_running_future_cannot_be_cancelled_and_is_not_disturbed(
    in_app: Site, pool: QueueExecutor, blocked: list[TaskFuture], gate: Path
) -> None:
    assert blocked[0].running()
    assert not blocked[0].cancel()
    assert in_app.engine.get(blocked[0].task_id).cancel_requested_at is None
    gate.touch()
    assert blocked[0].result(30) == "through"
    assert not blocked[0].cancel()


def test_a_future_whose_task_is_cancelled_elsewhere_is_cancelled(
    in_app: Site, pool: QueueExecutor, blocked: list[TaskFuture], tmp_path: Path
) -> None:
    waiting = pool.submit(add, 1, 2)
    in_app.engine.cancel(waiting.task_id)
    with pytest.raises(futures.CancelledError):
        waiting.result(30)
    assert waiting.cancelled()


def test_callbacks_are_called_once_each_also_when_it_is_too_late(pool: QueueExecutor) -> None:
    called: list[tuple[str, object]] = []
    future = pool.submit(give, "x")
    future.add_done_callback(lambda f: called.append(("early", f.result())))
    future.result(30)
    future.add_done_callback(lambda f: called.append(("late", f.result())))
    soon(lambda: called if len(called) == 2 else None)
    assert sorted(called) == [("early", "x"), ("late", "x")]


def test_a_callback_may_ask_and_cancel_its_own_future(pool: QueueExecutor) -> None:
    answers: list[tuple[bool, bool]] = []
    future = pool.submit(give, "x")
    future.add_done_callback(lambda f: answers.append((f.cancel(), f.done())))
    assert soon(lambda: answers or None, 5) == [(False, True)]
    assert pool.submit(give, "y").result(30) == "y"


def test_callbacks_of_a_cancelled_future_are_called(
    pool: QueueExecutor, blocked: list[TaskFuture]
) -> None:
    future, called = pool.submit(add, 1, 2), threading.Event()
    future.add_done_callback(lambda f: called.set() if f.cancelled() else None)
    future.cancel()
    assert called.wait(30)


def test_wait_and_as_completed_know_these_futures(pool: QueueExecutor, gate: Path) -> None:
    slow, fast = pool.submit(stand, str(gate)), pool.submit(give, "fast")
    done, waiting = futures.wait([slow, fast], 30, futures.FIRST_COMPLETED)
    assert (done, waiting) == ({fast}, {slow})
    gate.touch()
    order = [future.result() for future in futures.as_completed([slow, fast], 30)]
    assert sorted(order) == ["fast", "through"]
    failing = pool.submit(fail, "value")
    done, _ = futures.wait([failing], 30, futures.FIRST_EXCEPTION)
    assert done == {failing}


def test_wait_counts_a_cancelled_future_as_done(
    pool: QueueExecutor, blocked: list[TaskFuture]
) -> None:
    future = pool.submit(add, 1, 2)
    future.cancel()
    assert futures.wait([future], 5).done == {future}


def test_the_block_ends_when_all_is_done(in_app: Site) -> None:
    with queue.executor as pool:
        submitted = [pool.submit(add, number, 1) for number in range(5)]
    assert [future.done() for future in submitted] == [True] * 5


def test_shutdown_can_leave_the_tasks_to_themselves(pool: QueueExecutor, gate: Path) -> None:
    future = pool.submit(stand, str(gate))
    pool.shutdown(wait=False)
    assert not future.done()
    gate.touch()
    assert future.result(30) == "through"


def test_shutdown_can_cancel_what_has_not_started(
    in_app: Site, blocked: list[TaskFuture], gate: Path
) -> None:
    pool = queue.executor
    waiting = [pool.submit(add, number, 1) for number in range(3)]
    pool.shutdown(cancel_futures=True)
    assert [future.cancelled() for future in waiting] == [True] * 3
    assert not blocked[0].done()


def test_after_shutdown_nothing_is_taken(in_app: Site) -> None:
    pool, before = queue.executor, in_app.count()
    pool.shutdown()
    with pytest.raises(RuntimeError, match="cannot submit after shutdown"):
        pool.submit(add, 1, 2)
    assert in_app.count() == before
    assert queue.executor.submit(add, 1, 2).result(30) == 3


def undecorated() -> None:
    """Nothing that a worker could find."""


def test_a_function_that_is_no_task_is_refused(in_app: Site, pool: QueueExecutor) -> None:
    before = in_app.count()
    with pytest.raises(NotATaskError) as caught:
        pool.submit(undecorated)
    assert str(caught.value) == (
        "undecorated is not a task function, so a worker could not find it: "
        "put @queue.task above its definition"
    )
    with pytest.raises(TypeError, match="is not a task function"):
        pool.submit(lambda: None)
    with pytest.raises(TypeError, match="missing a required argument"):
        pool.submit(add, 1)  # type: ignore[call-arg]
    assert in_app.count() == before


def test_a_bound_task_function_gets_its_task(
    in_app: Site, pool: QueueExecutor, tmp_path: Path
) -> None:
    future = pool.submit(obedient, str(tmp_path / "mark"))
    soon(lambda: in_app.engine.get(future.task_id).progress)
    assert future.running()
    in_app.engine.cancel(future.task_id)
    with pytest.raises(futures.CancelledError):
        future.result(30)
