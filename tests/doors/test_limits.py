"""No room for one more task: 503 and 507, when to come again, and no row."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from taskrow import DiskFullError, QueueFullError
from taskrow.domain.options import TaskOptions
from taskrow.domain.settings import Settings
from taskrow.engine.queue import QueueEngine
from taskrow.engine.registry import Registry
from tests.apps.doors.tasks import add
from tests.doors.site import open_app
from tests.storage.mounts import fill_up, small_mount
from tests.support.processes import eventually, processes
from tests.support.rows import final, runs


def refused(answer: TestResponse, code: int, kind: str) -> TestResponse:
    assert (answer.status_code, answer.mimetype) == (code, "application/problem+json")
    assert answer.json["type"] == f"urn:taskrow:problem:{kind}"  # type: ignore[index]
    assert int(answer.headers["Retry-After"]) > 0
    return answer


def test_a_full_queue_is_a_503(database_url: str) -> None:
    with open_app(database_url, TASKROW_MAX_QUEUED=1) as app, app.app_context():
        client = app.test_client()
        assert client.post("/echo/x").status_code == 202
        refused(client.post("/echo/x"), 503, "queue-full")
        assert client.get("/status/01a1fde0-0000-7000-8000-000000000000").status_code == 404
        with pytest.raises(QueueFullError):
            add.delay(1, 2)


def test_a_disk_that_is_nearly_full_is_a_507(sqlite_url: str, tmp_path: Path) -> None:
    with open_app(sqlite_url, TASKROW_MIN_FREE_SPACE=2**39) as app, app.app_context():
        answer = refused(app.test_client().post("/echo/x"), 507, "disk-full")
        assert str(tmp_path) not in answer.text
        with pytest.raises(DiskFullError):
            add.delay(1, 2)


def test_a_disk_that_is_full_is_a_507_without_a_row_until_there_is_space(tmp_path: Path) -> None:
    with small_mount(tmp_path / "small", "1m") as mount:
        url = f"sqlite:///{mount / 'tasks.db'}"
        with open_app(url, TASKROW_MIN_FREE_SPACE=0) as app, app.app_context():
            client = app.test_client()
            assert client.post("/echo/x").status_code == 202
            filler = fill_up(mount)
            for _ in range(3):
                refused(client.post("/echo/x", data=b"x" * 100_000), 507, "disk-full")
            with pytest.raises(DiskFullError, match="full"):
                add.delay("x" * 100_000, 2)  # type: ignore[arg-type]
            filler.unlink()
            assert client.post("/echo/x", data=b"x" * 100_000).status_code == 202
            engine = app.extensions["taskrow"]
            with engine.database.read() as connection:
                query = "SELECT count(*) FROM tasks"
                assert connection.exec_driver_sql(query).scalar_one() == 2
                assert connection.exec_driver_sql("PRAGMA quick_check").scalar_one() == "ok"


def test_what_a_worker_has_finished_is_kept_while_the_disk_is_full(tmp_path: Path) -> None:
    mark, gate = tmp_path / "mark", tmp_path / "gate"
    with small_mount(tmp_path / "small", "1m") as mount:
        url = f"sqlite:///{mount / 'tasks.db'}"
        engine = QueueEngine(Settings(database_url=url, min_free_space=0), Registry())
        with processes(tmp_path, url) as start:
            worker = start.worker("--runners", "1", app="tests.faults.application:app")
            call = json.dumps({"args": [str(mark), str(gate)]})
            name = "tests.faults.application.note_and_wait"
            task_id = engine.submit(name, call, TaskOptions())
            eventually(mark.exists)
            filler = fill_up(mount)
            gate.touch()
            worker.wait_for("disk is full; trying again until it can")
            assert engine.get(task_id).status == "running"
            filler.unlink()
            task = final(engine, task_id)
            assert (task.status, task.attempt) == ("succeeded", 1)
            assert runs(mark) == 1
            assert worker.stop() == 0
        engine.close()
