"""A process that forks: each side has connections of its own, and neither harms the other."""

from __future__ import annotations

from collections import Counter

from taskrow.storage import queries
from taskrow.storage.database import Database
from tests.storage.processes import running
from tests.storage.rows import add
from tests.storage.workloads import (
    fork_between_writes,
    fork_inside_a_write,
    fork_while_a_thread_writes,
    leave_a_fork_behind,
)


def names(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted(task.name for task in queries.list_tasks(connection))


def test_a_fork_opens_the_database_anew(database: Database, database_url: str) -> None:
    with running(fork_between_writes, database_url) as child:
        assert Counter(child.hear()) == {"before": 1, "child": 20, "parent": 1, "after": 1}
    add(database)
    if database.dialect == "sqlite":
        with database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_a_fork_in_the_middle_of_a_thread_s_write_waits_for_its_end(
    database: Database, database_url: str
) -> None:
    with running(fork_while_a_thread_writes, database_url) as child:
        assert sorted(child.hear()) == ["child", "thread"]


def test_a_fork_inside_a_write_does_not_wait_for_itself(
    database: Database, database_url: str
) -> None:
    with running(fork_inside_a_write, database_url) as child:
        assert child.hear() == ["work"]


def test_a_fork_that_outlives_its_parent_loses_nothing(
    database: Database, database_url: str
) -> None:
    database.close()
    with running(leave_a_fork_behind, database_url) as child:
        first = child.hear()
        child.tell()
        assert child.hear() == "closed"
        child.wait()
        assert names(database) == ["child", "parent"]
        database.close()  # for a moment nobody but the fork has the database open
        child.tell()
        assert child.hear() != first
    assert names(database) == ["child", "child", "parent"]
