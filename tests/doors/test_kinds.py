"""Kinds of task functions: ``async def``, generators, and what a worker could not run."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from taskrow import OptionError, TaskQueue
from taskrow.domain.task import Status
from taskrow.engine.kinds import meta_of_yield
from taskrow.engine.queue import QueueEngine
from taskrow.engine.result import meta_of
from taskrow.errors import ArgumentsError
from tests.apps import kinds
from tests.support.processes import ProcessFactory, eventually
from tests.support.rows import error_of, final, runs, submit

APP = "tests.apps.kinds:app"
pytestmark = pytest.mark.shared_worker


def test_a_coroutine_runs_in_the_context_of_the_application(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    start.worker("--runners", "1", app=APP)
    ids = [submit(engine, kinds.add_slowly, number, 1) for number in range(3)]
    results = [final(engine, task_id).result for task_id in ids]
    assert results == [f'"tests.apps.kinds: {number + 1}"' for number in range(3)]
    failed = final(engine, submit(engine, kinds.fail_slowly, str(tmp_path / "failed")))
    assert (failed.attempt, error_of(failed)) == (2, ("LookupError", "not there"))
    late = final(engine, submit(engine, kinds.sleep_for_ever, str(tmp_path / "late")))
    assert error_of(late)[0] == "SoftTimeout"
    assert runs(tmp_path / "late") == 1  # it could clean up


def test_what_a_generator_yields_is_its_progress(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    gate, said = tmp_path / "gate", [0.25, [3, 4], {"current": 9, "status": "soon"}]
    start.worker("--runners", "1", app=APP)
    task_id = submit(engine, kinds.steps, str(gate), said)
    shown: list[dict[str, Any]] = [
        {"current": 0.25, "total": 1},
        {"current": 3, "total": 4},
        {"current": 9, "status": "soon"},
    ]
    for number, meta in enumerate(shown):
        eventually(lambda meta=meta: meta_of(engine.get(task_id)) == meta)  # type: ignore[misc]
        Path(f"{gate}{number}").touch()
    assert final(engine, task_id).result == '["tests.apps.kinds", 1]'


def test_a_generator_hears_of_a_cancel_at_its_yield(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    start.worker("--runners", "1", app=APP)
    task_id = submit(engine, kinds.until_cancelled, str(tmp_path / "mark"))
    eventually(lambda: engine.get(task_id).progress)
    engine.cancel(task_id)
    assert final(engine, task_id).status is Status.CANCELLED
    assert runs(tmp_path / "mark") == 1


def test_what_is_no_progress_is_an_error_at_the_yield(
    engine: QueueEngine, start: ProcessFactory
) -> None:
    start.worker("--runners", "1", app=APP)
    task = final(engine, submit(engine, kinds.mistaken, "half"))
    assert "a task yields its progress as a mapping, a number from 0 to 1" in (task.result or "")
    assert meta_of(task) == {"status": "corrected"}


@pytest.mark.parametrize(
    "said",
    [None, "half", True, -0.1, 1.5, float("nan"), (1, 0), (5, 4), (1, 2, 3), [1, 2], (True, 2)],
)
def test_only_what_a_bar_can_show_is_progress(said: object) -> None:
    with pytest.raises(ArgumentsError, match="a task yields its progress as"):
        meta_of_yield(said)


def test_called_directly_they_are_what_they_are() -> None:
    assert inspect.isgenerator(kinds.mistaken({"current": 1}))
    with pytest.raises(LookupError):
        asyncio.run(kinds.fail_slowly("/dev/null"))


class Account:
    def close(self) -> None: ...

    @staticmethod
    def count() -> None: ...


async def async_steps() -> AsyncIterator[float]:
    yield 0.5


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (Account().close, "Account.close belongs to a class"),
        (Account.close, "Account.close belongs to a class"),
        (Account.count, "Account.count belongs to a class"),
        (async_steps, "async_steps is an async generator"),
        (functools.partial(max, 1), "goes above a function, not functools.partial"),
    ],
)
def test_what_a_worker_could_not_run_is_refused(function: Callable[..., Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        TaskQueue().task(function)
