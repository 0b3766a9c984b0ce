"""``check``: silent about what taskrow itself does, and loud about everything else."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from taskrow.domain.checksum import checksum_of
from taskrow.domain.task import FINAL, LIVE, Status
from taskrow.errors import DatabaseError, SchemaError
from taskrow.storage.checks import check
from taskrow.storage.database import Database
from taskrow.storage.invariants import Finding
from taskrow.storage.schema import ensure_schema
from taskrow.storage.submit import StoredRequest, submit
from taskrow.storage.tables import task_attempts, task_credentials, task_requests, tasks
from tests.storage.copy_workloads import show_a_sign_alone
from tests.storage.processes import running
from tests.storage.rows import (
    ERROR,
    LEASE,
    NOW,
    PURGE_AT,
    SECOND,
    add,
    cancel,
    claimed,
    ending,
    in_status,
    new_task,
    put,
    retry,
    settle,
    take,
)
from tests.support.pages import DOCS

ODD = ('{"a": ' * 40 + "1" + "}" * 40, '"\\ud800"', '{"n": 1e400}', f"[{'9' * 400}]", '"a\\u0000b"')


def broken(database: Database, **options: Any) -> dict[str, Finding]:
    findings = list(check(database, now=options.pop("now", NOW), **options))
    return {finding.name: finding for finding in findings if finding.broken}


def execute(database: Database, statement: Any, *rows: Any) -> None:
    database.write(lambda connection: connection.execute(statement, *rows).close())


def live_a_full_life(database: Database) -> None:
    """Everything that the transitions can do to rows."""
    for status in Status:
        in_status(database, status, queue=f"in {status}")
    twice = claimed(database, queue="twice")
    settle(database, ending(twice, Status.SCHEDULED, run_at=NOW, outcome="lost"))
    again = in_status(database, Status.FAILED, queue="again")
    retry(database, again.id)
    settle(database, ending(take(database, queue="again")[0], Status.SUCCEEDED))
    retry(database, again.id)
    settle(database, ending(take(database, queue="again")[0], Status.QUEUED))
    cancel(database, again.id)
    request = StoredRequest("{}", b"", sealed=b"sealed")
    task = new_task(queue="view")
    database.write(lambda c: submit(c, task, now=NOW, request=request))
    for text in ODD:
        add(database, queue="odd", args=text)


def test_what_taskrow_does_holds(database: Database) -> None:
    live_a_full_life(database)
    assert broken(database) == {}
    names = [finding.name for finding in check(database, now=NOW)]
    assert len(names) == len(set(names))


FAILED = {"status": "failed", "finished_at": NOW, "purge_at": PURGE_AT}
RAN = {"worker": "w", "attempt": 1, "started_at": NOW}
SUCCEEDED = FAILED | RAN | {"status": "succeeded"}
RUNS = RAN | {"status": "running", "lease_expires_at": LEASE}

POSSIBLE_ROWS: list[tuple[dict[str, Any], set[str]]] = [
    (FAILED, {"worker", "result", "attempts", "counts"}),
    (FAILED | RAN | {"error": ERROR}, {"attempts", "counts"}),
    (SUCCEEDED, {"counts"}),
    (SUCCEEDED | {"error": ERROR}, {"result", "counts"}),
    (RUNS | {"started_at": None}, {"worker"}),
    ({"result": "1"}, {"result"}),
    ({"args": "{"}, {"tasks JSON"}),
    ({"progress": "NaN ."}, {"tasks JSON"}),
]


@pytest.mark.parametrize(("row", "names"), POSSIBLE_ROWS)
def test_what_the_schema_lets_pass_is_found(
    database: Database, row: dict[str, Any], names: set[str]
) -> None:
    [task_id] = put(database, [row])
    found = broken(database)
    assert set(found) == names
    places = {place for name in names - {"counts", "tasks JSON"} for place in found[name].examples}
    assert places <= {task_id}


IMPOSSIBLE_ROWS: list[tuple[dict[str, Any], set[str]]] = [
    ({"status": "done"}, {"status"}),
    ({"status": "succeeded"} | RAN, {"finished", "counts"}),
    ({"finished_at": NOW}, {"finished", "purge"}),
    ({"purge_at": NOW}, {"purge"}),
    ({"lease_expires_at": NOW}, {"lease"}),
    (RUNS | {"lease_expires_at": None}, {"lease"}),
    (RUNS | {"worker": None}, {"worker"}),
]


@pytest.mark.parametrize(("row", "names"), IMPOSSIBLE_ROWS)
def test_what_the_schema_refuses_is_found_all_the_same(
    sqlite: Database, row: dict[str, Any], names: set[str]
) -> None:
    def force(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON").close()
        plain = {"queue": "q", "name": "n", "status": "queued", "priority": 0, "args": "{}"}
        times = {"run_at": NOW, "created_at": NOW, "id": "the id"}
        connection.execute(insert(tasks), plain | times | row)

    sqlite.write(force)
    found = broken(sqlite, quick=True)
    assert set(found) == names | {"quick_check"}
    assert set(broken(sqlite)) == names | {"integrity_check"}


def test_a_time_that_is_written_in_another_way_is_found(sqlite: Database, path: Path) -> None:
    ids = [add(sqlite) for _ in range(7)]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE tasks SET run_at = '2026-11-21 07:00:00' WHERE seq <> 4")
    found = broken(sqlite)["times"]
    assert (found.broken, len(found.examples)) == (6, 5)
    assert set(found.examples) < set(ids) - {ids[3]}


def test_attempts_that_never_were_are_found(database: Database) -> None:
    row = {"outcome": "lost", "worker": "w", "started_at": NOW, "finished_at": NOW}
    for status, attempts in (
        (Status.QUEUED, [0, 1]),
        (Status.RUNNING, [1]),
        (Status.SUCCEEDED, [1]),
        (Status.FAILED, [2]),
    ):
        for attempt in attempts:
            task = in_status(database, status, queue=f"{status} {attempt}")
            bad = row | {"task_seq": task.seq, "attempt": attempt}
            execute(database, insert(task_attempts), bad)
            assert task.id in broken(database)["attempts"].examples
    assert broken(database)["attempts"].broken == 5


def test_rows_of_no_task_are_found(sqlite: Database, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO task_credentials VALUES (7, x'00')")
        connection.execute("INSERT INTO task_logs VALUES (8, 1, '')")
    found = broken(sqlite)
    assert {name: one.examples for name, one in found.items()} == {
        "task_credentials": ("7",),
        "task_logs": ("8",),
    }


def test_secrets_and_answers_at_the_wrong_time_are_found(database: Database) -> None:
    for status in Status:
        task = in_status(database, status, queue=status)
        execute(database, insert(task_credentials), {"task_seq": task.seq, "sealed": b"x"})
        view = {"task_seq": task.seq, "request": "{}", "body": b"", "response_status": 200}
        execute(database, insert(task_requests), view)
    found = broken(database)
    assert set(found) == {"secrets", "answers"}
    assert (found["secrets"].broken, found["answers"].broken) == (len(FINAL), len(LIVE))


def test_other_texts_that_are_no_json_are_found(database: Database) -> None:
    failed = in_status(database, Status.FAILED)
    execute(database, update(task_attempts).values(error="{'type'"))
    request = {"task_seq": failed.seq, "request": "", "body": b"", "response_headers": "[]"}
    execute(database, insert(task_requests), request)
    found = broken(database)
    assert {name: one.examples for name, one in found.items()} == {
        "task_attempts JSON": (f"seq {failed.seq}",),
        "task_requests JSON": (f"seq {failed.seq}",),
    }
    assert broken(database, quick=True) == {}


def test_what_changed_after_its_submit_is_found(database: Database) -> None:
    def submit_request(body: bytes) -> str:
        request = StoredRequest("{}", body, checksum=checksum_of("{}", body))
        task = new_task(queue="view")
        return database.write(lambda c: submit(c, task, now=NOW, request=request))

    args = [add(database, args=json.dumps([number])) for number in range(450)]
    views = [submit_request(b"%d" % number) for number in range(45)]
    assert broken(database) == {}
    execute(database, update(tasks).where(tasks.c.id.in_(args[::200])).values(args="[7, 7]"))
    of_last = select(tasks.c.seq).where(tasks.c.id == views[-1]).scalar_subquery()
    changed = update(task_requests).where(task_requests.c.task_seq == of_last)
    execute(database, changed.values(body=b"changed"))
    found = broken(database)
    assert {name: one.examples for name, one in found.items()} == {
        "arguments": tuple(args[::200]),
        "requests": (views[-1],),
    }
    assert broken(database, quick=True) == {}
    if database.dialect == "sqlite":
        no_text = f"UPDATE tasks SET args = CAST(x'5b22e95d' AS TEXT) WHERE id = '{args[1]}'"
        database.write(lambda c: c.exec_driver_sql(no_text).close())
        found = broken(database)
        assert args[1] in found["arguments"].examples
        assert found["tasks JSON"].examples == ("seq 2",)
    execute(database, update(tasks).values(args_checksum=None))
    assert "arguments" not in broken(database)


def test_what_runs_has_a_living_worker_or_a_lease(database: Database, database_url: str) -> None:
    lost, living = claimed(database), claimed(database, worker="web1-7-aaaaaaaa")
    late = LEASE + SECOND
    assert broken(database, now=LEASE) == {}
    if database.dialect == "postgresql":
        assert broken(database, now=late)["running"].broken == 2
        return
    with running(show_a_sign_alone, database_url, living.worker) as child:
        assert child.hear() == "alive"
        assert broken(database, now=late)["running"].examples == (lost.id,)
        child.kill()
        assert broken(database, now=late)["running"].broken == 2


def test_a_missing_index_or_trigger_is_found(fresh: Database) -> None:
    ensure_schema(fresh)
    fresh.write(lambda c: c.exec_driver_sql("DROP INDEX ix_tasks_claim").close())
    on = " ON tasks" if fresh.dialect == "postgresql" else ""
    fresh.write(lambda c: c.exec_driver_sql(f"DROP TRIGGER tasks_final_row{on}").close())
    assert broken(fresh)["schema"].examples == ("ix_tasks_claim", "tasks_final_row")


def test_a_damaged_file_is_found_and_what_cannot_be_read_is_said(
    sqlite: Database, path: Path
) -> None:
    for _ in range(300):
        add(sqlite, args=json.dumps("x" * 500))
    sqlite.close()
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xff" * 8192)
    found = broken(sqlite)
    assert {"file", "rows", "texts"} <= set(found)
    assert all(finding.broken for finding in found.values())


def test_where_there_is_nothing_to_check_is_said_and_nothing_is_made(fresh: Database) -> None:
    with pytest.raises(DatabaseError):
        list(check(fresh, now=NOW))
    if fresh.dialect == "sqlite":
        assert not Path(fresh.place).exists()
    ensure_schema(fresh)
    fresh.write(
        lambda c: c.exec_driver_sql("UPDATE taskrow_alembic_version SET version_num = '0004'")
    )
    with pytest.raises(SchemaError, match=r"at revision 0004, .*run `taskrow upgrade`"):
        list(check(fresh, now=NOW))


def test_the_edits_that_are_called_safe_are(sqlite: Database, path: Path) -> None:
    page = (DOCS / "database.md").read_text()
    [edits] = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    statements = [one for one in re.sub(r"--.*", "", edits).split(";") if one.strip()]
    assert len(statements) == 7
    for status in Status:
        for number, statement in enumerate(statements):
            task = in_status(sqlite, status, queue=f"{status} {number}")
            if status in LIVE:
                execute(sqlite, insert(task_credentials), {"task_seq": task.seq, "sealed": b"x"})
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.execute(statement.replace("'...'", f"'{task.id}'"))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statements[2])  # what belongs to a cancel
    assert broken(sqlite) == {}
