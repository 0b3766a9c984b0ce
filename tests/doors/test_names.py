"""Names, aliases and ids: what a row is known by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from taskrow import OptionError, TaskExistsError, TaskQueue
from taskrow.domain.ids import new_id
from taskrow.domain.options import TaskOptions
from taskrow.domain.schedule import Plan, make_rule
from taskrow.engine.clock import utc_now
from taskrow.engine.queue import QueueEngine
from tests.apps import options
from tests.apps.doors.tasks import add, fail, tracked
from tests.apps.doors.tasks import queue as in_use
from tests.doors.site import Site
from tests.doors.test_ids import KNOWN_SHAPE
from tests.support.processes import ProcessFactory, eventually
from tests.support.rows import final, submit


def test_rows_under_an_alias_are_run_as_well(engine: QueueEngine, start: ProcessFactory) -> None:
    names = ["old.place.moved", "older", "options.moved"]
    ids = [engine.submit(name, '{"args": ["there"]}', TaskOptions()) for name in names]
    start.worker("--runners", "1", app="tests.apps.options:app")
    ended = [final(engine, task_id) for task_id in ids]
    assert [(task.name, task.result) for task in ended] == [(n, '"there"') for n in names]
    assert engine.get(submit(engine, options.moved, "new")).name == "options.moved"


def test_a_name_is_given_once() -> None:
    queue = TaskQueue()

    @queue.task(name="one", aliases="uno")
    def first() -> None: ...

    def second() -> None: ...

    for taken in ("one", "uno"):
        with pytest.raises(OptionError, match="already: give one of them a name="):
            queue.task(name=taken)(second)
    for aliases in ("one", ["uno"], ["two"], ["three", "three"]):
        with pytest.raises(OptionError, match="already: leave that alias out"):
            queue.task(name="two", aliases=aliases)(second)
    assert queue.task(name="two", aliases="three")(second).name == "two"  # nothing was kept of them


@pytest.mark.parametrize("aliases", ["", "two\nlines", "view:x", ["a", 5], None, 5, {"a"}])
def test_what_is_no_name_is_refused(aliases: object) -> None:
    with pytest.raises(OptionError, match=r"^aliases must be names in plain characters"):
        TaskQueue().task(aliases=aliases)


OURS = r"^names that begin with 'taskrow.' are taskrow's own: call 'taskrow.purge' something else$"


def test_names_of_taskrows_own_are_refused_where_they_are_declared(in_app: Site) -> None:
    def purge() -> None: ...

    queue = TaskQueue()
    with pytest.raises(OptionError, match=OURS):
        queue.task(name="taskrow.purge")(purge)
    with pytest.raises(OptionError, match=OURS):
        queue.task(name="purge", aliases="taskrow.purge")(purge)
    with pytest.raises(OptionError, match=OURS):
        queue.declare(Plan(name="taskrow.purge", task_name="purge", rule=make_rule(every=60)))
    with pytest.raises(OptionError, match=OURS):
        in_use.schedule("taskrow.purge", add, every=60, args=[1, 2])
    queue.task(name="taskrows.purge", aliases="taskrow")(purge)


def test_an_id_may_be_made_before(in_app: Site) -> None:
    task_id = new_id(utc_now())
    task = add.apply_async((1, 2), task_id=task_id)
    assert (task.id, task.get(30)) == (task_id, 3)


def test_an_id_is_used_once(in_app: Site) -> None:
    task = add.delay(1, 2)
    before = in_app.count()
    with pytest.raises(TaskExistsError, match=f"there is a task {task.id} already"):
        add.apply_async((3, 4), task_id=task.id)
    with pytest.raises(TaskExistsError, match=f"there is a task {task.id} already"):
        in_app.engine.submit("x", "{}", TaskOptions(), task_id=task.id, unique_key=task.id)
    assert in_app.count() == before
    assert task.get(30) == 3


@pytest.mark.parametrize(
    "task_id", ["", "mine", KNOWN_SHAPE.upper(), 5, KNOWN_SHAPE + "\n", KNOWN_SHAPE.encode()]
)
def test_what_is_no_id_is_refused(in_app: Site, task_id: Any) -> None:
    with pytest.raises(OptionError, match=r"^task_id must be a UUIDv7"):
        add.apply_async((1, 2), task_id=task_id)


def test_the_retries_of_one_task_replace_those_of_the_function(in_app: Site) -> None:
    task = fail.apply_async(("value",), retries=7, countdown=60)
    assert in_app.engine.get(task.id).retries == 7
    assert fail.options.retries == 0
    in_app.engine.cancel(task.id)
    for wrong in (-1, True, "3"):
        with pytest.raises(OptionError, match=r"^retries must be a whole number"):
            fail.apply_async(("value",), retries=wrong)  # type: ignore[arg-type]


def test_a_function_may_show_that_it_has_started(in_app: Site, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    waiting = tracked.apply_async((str(gate),), countdown=3600)
    assert waiting.state == "PENDING"
    in_app.engine.cancel(waiting.id)
    task = tracked.delay(str(gate))
    eventually(lambda: task.state == "STARTED")
    assert task.info == {}
    gate.touch()
    eventually(lambda: task.state == "HALFWAY")
    Path(f"{gate}.second").touch()
    assert (task.get(30), task.state) == ("through", "SUCCESS")


@pytest.mark.parametrize("value", [None, 1, "yes"])
def test_track_started_is_yes_or_no(value: object) -> None:
    with pytest.raises(OptionError, match=r"^track_started must be True or False"):
        TaskQueue().task(track_started=value)
