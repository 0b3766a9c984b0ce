"""Versions that do not fit, and floods."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from subprocess import TimeoutExpired

from tests.faults.board import case
from tests.faults.scene import Scene

_FLOOD, _WORKERS = 20_000, 8


@case(34, "the tables are newer than the code", expected="nothing is claimed or accepted; said so")
def newer_tables(scene: Scene) -> str:
    task_id = scene.submit("add", 20, 22)
    with closing(sqlite3.connect(scene.file, isolation_level=None)) as file:
        file.execute("UPDATE taskrow_alembic_version SET version_num = '9999'")
    worker = scene.start.start("taskrow", "--app", "tests.faults.application:app", "worker")
    try:
        code = worker.process.wait(30)
    except TimeoutExpired:
        raise AssertionError(f"the worker goes on: {worker.output()}") from None
    assert code != 0, "the worker ended as if all were well"
    assert "newer than this taskrow knows" in worker.output(), worker.output()
    refused = scene.web().submit().status
    with closing(sqlite3.connect(scene.file)) as file:
        rows = file.execute("SELECT id, status FROM tasks").fetchall()
    assert rows == [(task_id, "queued")], rows
    assert refused == 503, f"the web process answers {refused}"
    return f"the worker ends with {code} and says why; the web process answers {refused}"


@case(37, "eight workers start on a flood", expected="each task runs once, nobody is locked out")
def herd(scene: Scene) -> str:
    scene.submit("add", 1, 1)
    with closing(sqlite3.connect(scene.file, isolation_level=None)) as file:
        (columns,) = zip(*_columns(file), strict=True)
        chosen = ", ".join(columns)
        given = ", ".join("printf('%036d', n)" if name == "id" else name for name in columns)
        numbers = f"SELECT 1 UNION ALL SELECT n + 1 FROM one WHERE n < {_FLOOD}"
        file.execute(
            f"WITH RECURSIVE one(n) AS ({numbers}) "
            f"INSERT INTO tasks ({chosen}) SELECT {given} FROM tasks, one"
        )
    workers = [
        scene.start.start(
            "taskrow", "--app", "tests.faults.application:app", "worker", "--burst", "--runners",
            "1", log="worker",
        )
        for _ in range(_WORKERS)
    ]  # fmt: skip
    codes = [worker.process.wait(120) for worker in workers]
    assert codes == [0] * _WORKERS, codes
    said = "".join(worker.output() for worker in workers)
    assert "locked" not in said
    assert "dropped" not in said
    with closing(sqlite3.connect(scene.file)) as file:
        ended = file.execute(
            "SELECT count(*), min(attempt), max(attempt) FROM tasks WHERE status = 'succeeded'"
        ).fetchone()
    assert ended == (_FLOOD + 1, 1, 1), ended
    return f"{_FLOOD} tasks, {_WORKERS} workers: one attempt each, no error"


def _columns(file: sqlite3.Connection) -> list[tuple[str]]:
    query = "SELECT name FROM pragma_table_info('tasks') WHERE name <> 'seq'"
    return list(file.execute(query).fetchall())
