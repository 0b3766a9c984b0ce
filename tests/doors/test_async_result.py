"""Door 2: AsyncResult, in every state that a task can be in."""

from __future__ import annotations

import builtins
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from taskrow import AsyncResult, NoSuchTaskError, OptionError, TaskCancelled, TaskFailed
from taskrow.domain.task import Task
from taskrow.engine.result import failure_of
from tests.apps.doors import tasks
from tests.apps.doors.tasks import add, announce, fail, give, queue
from tests.doors.site import Site, soon
from tests.doors.test_ids import KNOWN_SHAPE


def facts(result: AsyncResult) -> dict[str, Any]:
    """Everything that a result says without waiting."""
    return {
        "state": result.state,
        "status": result.status,
        "info": result.info,
        "result": result.result,
        "ready": result.ready(),
        "successful": result.successful(),
        "failed": result.failed(),
        "traceback": result.traceback,
    }


def expected(state: str, info: Any, result: Any, **flags: Any) -> dict[str, Any]:
    other = {"ready": False, "successful": False, "failed": False, "traceback": None}
    return {"state": state, "status": state, "info": info, "result": result} | other | flags


def test_it_is_known_by_its_id_everywhere(in_app: Site) -> None:
    task = add.delay(1, 2)
    assert task.task_id == task.id == task.__class__(task.id, in_app.engine).id
    for again in (add.AsyncResult(task.id), queue.AsyncResult(task.id)):
        assert again == task
        assert hash(again) == hash(task)
        assert again.get(30) == 3
    assert task != add.AsyncResult(KNOWN_SHAPE)
    assert repr(task) == f"<AsyncResult {task.id}>"


def test_pending_while_it_waits(in_app: Site) -> None:
    task = add.apply_async((1, 2), countdown=60)
    assert facts(task) == expected("PENDING", {}, {})
    in_app.engine.cancel(task.id)


def test_pending_while_it_runs_and_has_said_nothing(in_app: Site, tmp_path: Path) -> None:
    task = tasks.stand.delay(str(tmp_path / "gate"))
    in_app.running(task)
    assert facts(task) == expected("PENDING", {}, {})
    (tmp_path / "gate").touch()
    assert task.get(30) == "through"


def test_progress_while_it_runs(in_app: Site, tmp_path: Path) -> None:
    meta = {"current": 1, "total": 2, "status": "half"}
    task = announce.delay(str(tmp_path / "gate"), "PROGRESS", meta)
    soon(lambda: True if task.state == "PROGRESS" else None)
    assert facts(task) == expected("PROGRESS", meta, meta)
    (tmp_path / "gate").touch()


def test_success_with_a_mapping_is_its_own_info(in_app: Site) -> None:
    task = give.delay({"current": 5})
    task.get(30)
    value = {"current": 5}
    assert facts(task) == expected("SUCCESS", value, value, ready=True, successful=True)


@pytest.mark.parametrize("value", [3, None, "text", [1, 2], False])
def test_success_with_any_other_value_has_a_mapping_as_info(in_app: Site, value: Any) -> None:
    task = give.delay(value)
    assert task.get(30) == value
    info = {"current": 1, "total": 1, "status": "Task completed!", "result": value}
    assert facts(task) == expected("SUCCESS", info, value, ready=True, successful=True)


def test_failure(in_app: Site) -> None:
    task = fail.delay("key", "lost")
    in_app.final(task)
    told = facts(task)
    assert (told["state"], told["ready"], told["failed"]) == ("FAILURE", True, True)
    assert told["successful"] is False
    for error in (told["info"], told["result"]):
        assert isinstance(error, TaskFailed)
        assert isinstance(error, KeyError)
        assert (str(error), error.type) == ("'lost'", "KeyError")
    assert told["traceback"].endswith("KeyError: 'lost'\n")


def test_revoked(in_app: Site) -> None:
    task = add.apply_async((1, 2), countdown=60)
    in_app.engine.cancel(task.id)
    info = {"current": 0, "total": 1, "status": "Cancelled"}
    assert facts(task) == expected("REVOKED", info, info, ready=True)


@pytest.mark.parametrize("task_id", [KNOWN_SHAPE, "junk", "", "\0"])
def test_pending_where_there_is_no_such_task_as_celery_has_it(in_app: Site, task_id: str) -> None:
    task = add.AsyncResult(task_id)
    assert facts(task) == expected("PENDING", {}, {})
    with pytest.raises(NoSuchTaskError, match="there is no task"):
        task.get(timeout=0)


def test_get_gives_up_after_its_timeout_and_the_task_goes_on(in_app: Site, tmp_path: Path) -> None:
    task = tasks.stand.delay(str(tmp_path / "gate"))
    for timeout in (0, 0.05):
        with pytest.raises(TimeoutError, match=f"{task.id} did not end within {timeout} seconds"):
            task.get(timeout=timeout)
    (tmp_path / "gate").touch()
    assert task.get(30) == "through"


def test_what_is_no_time_and_no_id_is_named(in_app: Site) -> None:
    with pytest.raises(OptionError, match="or None to wait for ever, not 'soon'"):
        add.delay(1, 2).get("soon")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="timeout must be seconds"):
        queue.drain(timeout="soon")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="the id of a task is a text, not 5"):
        queue.AsyncResult(5)  # type: ignore[arg-type]


def test_get_of_what_is_over_needs_no_waiting(in_app: Site) -> None:
    task = add.delay(1, 2)
    in_app.final(task)
    assert [task.get(timeout=0), task.get()] == [3, 3]


def test_get_of_a_failed_task_raises_what_can_be_caught_by_either_name(in_app: Site) -> None:
    task = fail.delay("value", "no good")
    with pytest.raises(TaskFailed, match=r"^no good$"):
        task.get(30)
    with pytest.raises(ValueError, match=r"^no good$"):
        task.get(30)
    error = task.get(30, propagate=False)
    assert isinstance(error, ValueError)
    assert str(error) == "no good"


def test_get_of_a_failed_task_with_an_exception_of_the_applications_own(in_app: Site) -> None:
    with pytest.raises(TaskFailed) as caught:
        fail.delay("unprintable").get(30)
    assert caught.value.type == "tests.apps.doors.tasks.Unprintable"
    assert type(caught.value).__name__ == "Unprintable"


def test_get_of_a_cancelled_task(in_app: Site) -> None:
    task = add.apply_async((1, 2), countdown=60)
    in_app.engine.cancel(task.id)
    with pytest.raises(TaskCancelled, match=f"task {task.id} was cancelled"):
        task.get(30)
    assert task.get(30, propagate=False)["status"] == "Cancelled"


def test_a_purged_task_is_unknown(in_app: Site) -> None:
    task = add.delay(1, 2)
    task.get(30)
    with in_app.engine.database.read() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    in_app.engine.database.write(
        lambda c: c.exec_driver_sql(f"DELETE FROM tasks WHERE id = '{task.id}'")
    )
    assert task.state == "PENDING"
    with pytest.raises(NoSuchTaskError):
        task.get(30)


ANY_ROW = Task(**{field.name: None for field in fields(Task)})  # type: ignore[arg-type]
BUILTIN = [
    name for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, Exception)
    and not issubclass(kind, BaseExceptionGroup)
]  # fmt: skip


@pytest.mark.parametrize("name", BUILTIN)
@pytest.mark.parametrize("message", ["it broke", ""])
def test_a_failure_is_also_the_builtin_exception_of_its_name(name: str, message: str) -> None:
    error = json.dumps({"type": name, "message": message})
    made = failure_of(replace(ANY_ROW, error=error))
    with pytest.raises(getattr(builtins, name)) as caught:
        raise made
    assert isinstance(caught.value, TaskFailed)
    assert (str(caught.value), caught.value.type) == (message, name)


@pytest.mark.parametrize(
    "name", ["ExceptionGroup", "SystemExit", "print", "os.system", "", "a b", "str", "__import__"]
)
def test_a_failure_of_any_other_name_is_a_task_failed_and_nothing_else(name: str) -> None:
    error = json.dumps({"type": name, "message": "it broke"})
    made = failure_of(replace(ANY_ROW, error=error))
    assert isinstance(made, TaskFailed)
    assert (str(made), made.type) == ("it broke", name)
    assert type(made).__mro__[1] is TaskFailed
