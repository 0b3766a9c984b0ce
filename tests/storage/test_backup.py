"""A backup: whole, sound and private, while others write; and nothing where there can be none."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from taskrow.domain.task import Status
from taskrow.errors import DatabaseError
from taskrow.storage.backup import back_up
from taskrow.storage.database import Database, open_database
from taskrow.storage.schema import known_revisions
from tests.storage import log
from tests.storage.copy_workloads import submit_and_note
from tests.storage.processes import running
from tests.storage.rows import NOW, add, add_many, find, in_status
from tests.support.processes import eventually


def ids_in(copy: Path) -> set[str]:
    """What is in a copy that is nothing but its one file."""
    with closing(sqlite3.connect(f"file:{copy}?mode=ro&immutable=1", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return {row[0] for row in connection.execute("SELECT id FROM tasks")}


def damage(path: Path) -> None:
    """Write over a page of a file that nobody has open."""
    with path.open("r+b") as file:
        file.seek(4096 * 4)
        file.write(b"\xff" * 4096)


def test_it_is_one_file_with_everything_that_the_log_holds(
    sqlite: Database, path: Path, tmp_path: Path
) -> None:
    ids = [in_status(sqlite, status, queue=status).id for status in Status]
    assert log.size(path) > 0
    made = back_up(path, tmp_path / "copy.db")
    assert ids_in(made.path) == set(ids)
    assert made.contents.unfinished == {"queued": 1, "running": 1, "scheduled": 1}
    assert (made.contents.rows["tasks"], made.contents.newest_at) == (6, NOW)
    assert (made.contents.revision, made.size) == (known_revisions()[-1], made.path.stat().st_size)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir() if "tasks.db" not in file.name] == ["copy.db"]


def test_it_can_be_used_as_a_database(sqlite: Database, path: Path, tmp_path: Path) -> None:
    task_id = add(sqlite)
    back_up(path, tmp_path / "copy.db")
    copy = open_database(f"sqlite:///{tmp_path / 'copy.db'}", busy_timeout=5)
    assert find(copy, task_id) == find(sqlite, task_id)
    add(copy)
    copy.close()


def test_under_load_it_has_all_that_was_promised_before_and_others_go_on(
    sqlite: Database, sqlite_url: str, path: Path, tmp_path: Path
) -> None:
    add_many(sqlite, 2000, args="x" * 2000)
    noted = tmp_path / "noted"
    noted.touch()

    def submitted() -> list[str]:
        return noted.read_text().split()

    def more_are_submitted(than: int) -> None:
        eventually(lambda: len(submitted()) > than)

    with running(submit_and_note, sqlite_url, noted) as child:
        for turn in range(3):
            more_are_submitted(len(submitted()) + 20)
            promised = submitted()
            back_up(path, tmp_path / f"{turn}.db")
            assert set(promised) <= ids_in(tmp_path / f"{turn}.db")
        more_are_submitted(len(submitted()))
        child.tell()
        child.wait()


@pytest.mark.parametrize("force", [False, True])
def test_a_file_that_is_there_is_only_replaced_when_asked(
    sqlite: Database, path: Path, tmp_path: Path, force: bool
) -> None:
    task_id = add(sqlite)
    target = tmp_path / "copy.db"
    target.write_text("a backup of last week")
    if force:
        back_up(path, target, force=True)
        assert ids_in(target) == {task_id}
        return
    with pytest.raises(DatabaseError, match="is there already: name another file, or give --force"):
        back_up(path, target)
    assert target.read_text() == "a backup of last week"


@pytest.mark.parametrize("name", ["tasks.db", "tasks.db-wal", "tasks.db-new", "link", "hard"])
def test_the_database_is_no_place_for_its_backup(sqlite: Database, path: Path, name: str) -> None:
    task_id = add(sqlite)
    path.with_name("link").symlink_to(path)
    os.link(path, path.with_name("hard"))
    with pytest.raises(DatabaseError, match="is the database itself"):
        back_up(path, path.with_name(name), force=True)
    assert find(sqlite, task_id).id == task_id


def test_what_cannot_be_backed_up_leaves_nothing_behind(sqlite: Database, path: Path) -> None:
    add_many(sqlite, 200)
    sqlite.close()
    damage(path)
    missing = path.with_name("missing.db")
    for database, target, words in (
        (path, path.with_name("copy.db"), "damaged|malformed"),
        (missing, path.with_name("copy.db"), "there is no database"),
        (path, path.parent / "gone" / "copy.db", "does not exist: create it"),
        (path, path.parent, "is there already"),
    ):
        with pytest.raises(DatabaseError, match=words):
            back_up(database, target, force=True)
    assert {file.name for file in path.parent.iterdir() if "tasks.db" not in file.name} == set()
