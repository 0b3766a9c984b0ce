"""A restore: never under a running process, nothing lost, and nothing begun by surprise."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from taskrow.errors import DatabaseError
from taskrow.storage import lanes
from taskrow.storage.backup import back_up
from taskrow.storage.database import Database, open_database
from taskrow.storage.lanes import ALL, Pause
from taskrow.storage.liveness import FileLiveness
from taskrow.storage.restore import restore
from taskrow.storage.schema import ensure_schema, known_revisions
from tests.storage import log
from tests.storage.copy_workloads import show_a_sign_alone, stay_connected
from tests.storage.processes import running
from tests.storage.rows import NOW, add, add_many, find, take
from tests.storage.test_backup import damage, ids_in
from tests.support.revisions import migrate

LATER = NOW + timedelta(hours=4)
KEPT = "tasks.db.before-restore-20261121T110000Z"


@pytest.fixture
def backup(sqlite: Database, path: Path, tmp_path: Path) -> Path:
    """A backup of one queued task; the database has had another since, and is closed."""
    add(sqlite)
    made = back_up(path, tmp_path / "backup.db")
    add(sqlite)
    sqlite.close()
    return made.path


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def names(directory: Path) -> set[str]:
    return {file.name for file in directory.iterdir()} - {"backup.db"}


def test_it_brings_the_rows_back_and_keeps_what_was_there(
    sqlite: Database, backup: Path, path: Path
) -> None:
    done = restore(path, backup, now=LATER)
    assert done.kept == path.with_name(KEPT)
    assert (len(ids_in(done.kept)), done.contents.unfinished) == (2, {"queued": 1})
    [restored] = ids_in(path)
    assert find(sqlite, restored).status == "queued"
    assert names(path.parent) >= {"tasks.db", KEPT}
    assert not [name for name in names(path.parent) if name.startswith(".")]


def test_nothing_is_begun_until_somebody_says_so(
    sqlite: Database, backup: Path, path: Path
) -> None:
    restore(path, backup, now=LATER)
    ensure_schema(sqlite)
    add(sqlite, queue="new")
    with sqlite.read() as connection:
        assert lanes.pauses(connection) == {ALL: Pause(LATER, "restored from backup.db")}
    assert take(sqlite) == take(sqlite, queue="new") == []
    sqlite.write(lambda connection: lanes.resume(connection, ALL))
    assert len(take(sqlite)) == len(take(sqlite, queue="new")) == 1


def test_whoever_had_a_task_when_the_backup_was_made_is_known_to_be_gone(
    sqlite: Database, path: Path, tmp_path: Path
) -> None:
    add_many(sqlite, 2)
    take(sqlite, 1, worker="web1-1-aaaaaaaa")
    take(sqlite, 1, worker="no/name-of-a-file")
    made = back_up(path, tmp_path / "backup.db")
    sqlite.close()
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)  # who runs the workers, and must be able to look
    restore(path, made.path, now=LATER)
    sign = path.with_name(f"{path.name}-worker-web1-1-aaaaaaaa").stat()
    assert (sign.st_uid, stat.S_IMODE(sign.st_mode)) == (path.stat().st_uid, 0o600)
    mine = FileLiveness(path, "web1-2-bbbbbbbb", set)
    assert mine.is_gone("web1-1-aaaaaaaa")
    assert not mine.is_gone("no/name-of-a-file")
    mine.tidy()
    assert not mine.is_gone("web1-1-aaaaaaaa"), "its sign goes when nothing runs under it"
    mine.close()


def test_it_is_refused_while_a_process_has_the_database_open(
    backup: Path, path: Path, sqlite_url: str
) -> None:
    with running(stay_connected, sqlite_url) as child:
        assert child.hear() == "connected"
        before = names(path.parent)
        with pytest.raises(DatabaseError, match=rf"in use by pid {child.pid} \(.*stop the web"):
            restore(path, backup, now=LATER)
        assert names(path.parent) - before <= {"tasks.db-entry", "tasks.db-write"}
        child.tell()
        child.wait()
    restore(path, backup, now=LATER)


def test_it_is_refused_while_a_worker_lives_even_if_it_has_nothing_open(
    backup: Path, path: Path, sqlite_url: str
) -> None:
    with running(show_a_sign_alone, sqlite_url, "web1-7-aaaaaaaa") as child:
        assert child.hear() == "alive"
        with pytest.raises(DatabaseError, match="in use by worker web1-7-aaaaaaaa: stop it"):
            restore(path, backup, now=LATER)
        assert len(ids_in(path)) == 2
        child.kill()
    restore(path, backup, now=LATER)


@pytest.mark.parametrize("content", [b"no database" * 1000, b""])
def test_what_is_no_database_any_more_is_replaced_and_kept_with_its_log(
    backup: Path, path: Path, content: bytes
) -> None:
    log.log_of(path).write_bytes(b"a log that belongs to what is there")
    path.write_bytes(content)
    restore(path, backup, now=LATER)
    assert len(ids_in(path)) == 1
    assert not log.log_of(path).exists()
    kept = path.with_name(KEPT)
    assert kept.read_bytes() == content
    assert log.log_of(kept).read_bytes() == b"a log that belongs to what is there"


def test_a_damaged_database_is_replaced_and_kept(backup: Path, path: Path) -> None:
    damage(path)
    restore(path, backup, now=LATER)
    assert len(ids_in(path)) == 1
    assert path.with_name(KEPT).read_bytes()[4096 * 4 : 4096 * 5] == b"\xff" * 4096


def test_a_damaged_database_that_is_in_use_is_left_alone(
    backup: Path, path: Path, sqlite_url: str
) -> None:
    with running(stay_connected, sqlite_url) as child:
        assert child.hear() == "connected"
        with path.open("r+b") as file:  # under the feet of the one that has it open
            file.write(b"no database" * 1000)
        with pytest.raises(DatabaseError, match="in use by"):
            restore(path, backup, now=LATER)
        assert not path.with_name(KEPT).exists()


def test_a_database_that_is_gone_comes_back_without_its_old_log(backup: Path, path: Path) -> None:
    path.unlink()
    log.log_of(path).write_bytes(b"what is left")
    done = restore(path, backup, now=LATER)
    assert done.kept is None
    assert len(ids_in(path)) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not log.log_of(path).exists()


def test_an_older_backup_is_upgraded_and_stays_what_it_is(
    sqlite: Database, tmp_path: Path, path: Path
) -> None:
    sqlite.close()
    older, backup = known_revisions()[-2], tmp_path / "older.db"
    then = open_database(f"sqlite:///{backup}", busy_timeout=5)
    then.migrate(partial(migrate, revision=older))
    waiting = add(then)
    then.close()
    before = backup.read_bytes()
    assert restore(path, backup, now=LATER).contents.revision == older
    ensure_schema(sqlite, may_write=False)
    assert ids_in(path) == {waiting}
    assert take(sqlite) == []
    assert backup.read_bytes() == before


def test_the_file_keeps_its_mode_and_its_owner(backup: Path, path: Path) -> None:
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
    before = path.stat()
    restore(path, backup, now=LATER)
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode, before.st_uid, before.st_gid,
    )  # fmt: skip


def of_the_future(backup: Path) -> None:
    execute(backup, "UPDATE taskrow_alembic_version SET version_num = '9999'")


def of_another(backup: Path) -> None:
    backup.unlink()
    execute(backup, "CREATE TABLE customers (id INTEGER)")


def with_loose_rows(backup: Path) -> None:
    execute(backup, "INSERT INTO task_logs VALUES (77, 1, 'whose?')")


def a_letter(backup: Path) -> None:
    backup.write_text("I am a letter\n" * 1000)


def gone(backup: Path) -> None:
    backup.unlink()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (of_the_future, "at revision 9999, which this taskrow does not know"),
        (of_another, "no task database"),
        (with_loose_rows, "task_logs has rows of no task"),
        (damage, "damaged|malformed"),
        (a_letter, "file is not a database"),
        (gone, "is no file"),
    ],
)
def test_a_backup_that_is_unfit_changes_nothing(
    backup: Path, path: Path, spoil: object, words: str
) -> None:
    assert callable(spoil)
    spoil(backup)
    before = (names(path.parent), path.read_bytes())
    with pytest.raises(DatabaseError, match=words):
        restore(path, backup, now=LATER)
    assert (names(path.parent), path.read_bytes()) == before


def test_the_database_is_no_backup_of_itself(backup: Path, path: Path) -> None:
    with pytest.raises(DatabaseError, match="is the database itself"):
        restore(path, path, now=LATER)
    assert len(ids_in(path)) == 2


def test_other_tables_are_not_lost(sqlite: Database, backup: Path, path: Path) -> None:
    execute(path, "CREATE TABLE invoices (id INTEGER)", "CREATE TABLE customers (id INTEGER)")
    with pytest.raises(DatabaseError, match=r"which the backup lacks \(customers, invoices\)"):
        restore(path, backup, now=LATER)
    both = back_up(path, backup, force=True)
    execute(path, "DROP TABLE customers")
    restore(path, both.path, now=LATER)
    with sqlite.read() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM customers").fetchall()


def test_a_process_that_slept_through_a_restore_promises_nothing(
    sqlite: Database, backup: Path, path: Path, sqlite_url: str
) -> None:
    asleep = open_database(sqlite_url, busy_timeout=5)
    add_many(asleep, 1)
    asleep.rest()  # type: ignore[attr-defined]
    restore(path, backup, now=LATER)
    with pytest.raises(DatabaseError, match="deleted or replaced"):
        add(asleep)
    asleep.close()
