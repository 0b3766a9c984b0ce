"""Door 2: what a task says while it runs, and how often that is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from taskrow import ArgumentsError, AsyncResult
from tests.apps.doors.tasks import add, afterthought, announce, chatter, misreport
from tests.doors.site import Site, soon


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "gate"
    (tmp_path / "gate").touch()


def said(site: Site, task: AsyncResult | str) -> dict[str, Any] | None:
    progress = site.engine.get(task if isinstance(task, str) else task.id).progress
    return None if progress is None else dict(json.loads(progress))


@contextmanager
def counted_writes(site: Site) -> Iterator[list[int]]:
    """How often a row's progress is written, by a trigger beside ours."""
    counted: list[int] = []
    make = (
        "CREATE TABLE writes (n INTEGER)",
        "CREATE TRIGGER count_writes AFTER UPDATE OF progress ON tasks "
        "WHEN NEW.progress IS NOT OLD.progress BEGIN INSERT INTO writes VALUES (1); END",
    )
    for statement in make:
        site.engine.database.write(lambda c, s=statement: c.exec_driver_sql(s))  # type: ignore[misc]
    try:
        yield counted
        with site.engine.database.read() as connection:
            count = connection.exec_driver_sql("SELECT count(*) FROM writes").scalar_one()
            counted.append(count)
    finally:
        for statement in ("DROP TRIGGER count_writes", "DROP TABLE writes"):
            site.engine.database.write(lambda c, s=statement: c.exec_driver_sql(s))  # type: ignore[misc]


def test_progress_can_be_read_while_the_task_runs(in_app: Site, gate: Path) -> None:
    meta = {"current": 3, "total": 7, "status": "süß"}
    task = announce.delay(str(gate), "PROGRESS", meta)
    assert soon(lambda: said(in_app, task)) == {"state": "PROGRESS", "meta": meta}
    assert (task.state, task.info, task.result) == ("PROGRESS", meta, meta)
    gate.touch()
    assert task.get(30)["result"] == 42


def test_a_state_of_its_own_is_shown(in_app: Site, gate: Path) -> None:
    task = announce.delay(str(gate), "UPLOADING", {"file": "a.txt"})
    soon(lambda: said(in_app, task))
    assert (task.state, task.info) == ("UPLOADING", {"file": "a.txt"})


@pytest.mark.parametrize("state", ["SUCCESS", "FAILURE", "REVOKED"])
def test_a_task_that_calls_itself_done_is_not_over(in_app: Site, gate: Path, state: str) -> None:
    task = announce.delay(str(gate), state, {"current": 1})
    soon(lambda: said(in_app, task))
    assert task.state == state
    assert not task.ready()
    assert not task.successful()
    assert not task.failed()


@pytest.mark.parametrize("site", ["sqlite"], indirect=True, scope="session")  # for its trigger
def test_ten_thousand_updates_are_few_writes_and_the_last_one_is_always_there(site: Site) -> None:
    with site.app.app_context(), counted_writes(site) as writes:
        task = chatter.delay(10_000)
        row = site.final(task)
        assert said(site, task) == {
            "state": "PROGRESS", "meta": {"current": 9999, "total": 10_000},
        }  # fmt: skip
    assert row.started_at is not None
    assert row.finished_at is not None
    seconds = (row.finished_at - row.started_at).total_seconds()
    assert 1 <= writes[0] <= seconds * 10 + 2


def test_the_last_update_is_there_however_short_the_task_was(in_app: Site) -> None:
    tasks = [chatter.delay(2) for _ in range(20)]
    for task in tasks:
        in_app.final(task)
        assert said(in_app, task) == {"state": "PROGRESS", "meta": {"current": 1, "total": 2}}


def test_what_is_said_after_the_end_is_not_written(in_app: Site, gate: Path) -> None:
    task = afterthought.delay(str(gate))
    row = in_app.final(task)
    gate.touch()
    soon(lambda: True if gate.with_suffix(".said").exists() else None)
    for number in range(5):  # whatever was said has been heard when these are over
        assert add.delay(number, 1).get(30) == number + 1
    assert in_app.engine.get(task.id) == row
    assert said(in_app, task) == {"state": "PROGRESS", "meta": {"status": "the last word"}}


def test_progress_that_is_no_json_is_refused_in_the_task(in_app: Site) -> None:
    for how, why in {
        "type": "meta['when'] is of type object: progress must be JSON",
        "state": "update_state takes a state (text) and meta (a mapping)",
        "meta": "update_state takes a state (text) and meta (a mapping)",
    }.items():
        task = misreport.delay(how)
        error = json.loads(in_app.final(task).error or "")
        assert error == {"type": ArgumentsError.__name__, "message": why}
