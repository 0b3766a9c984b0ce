"""The doctor: silent about what is well, and right about each thing that is not."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Update, update

from taskrow.domain.options import TaskOptions
from taskrow.domain.settings import Settings
from taskrow.engine import lanes
from taskrow.engine.clock import utc_now
from taskrow.engine.doctor import file
from taskrow.engine.doctor.diagnosis import Diagnosis, Level, size, span
from taskrow.engine.doctor.examination import examine
from taskrow.engine.doctor.server import look_at_server
from taskrow.engine.queue import QueueEngine
from taskrow.engine.registry import Registry
from taskrow.storage import workers
from taskrow.storage.sqlite import SqliteDatabase
from taskrow.storage.tables import schedules, tasks
from tests.engine.scene import Site
from tests.storage.copy_workloads import read_until_told, show_a_sign_alone
from tests.storage.processes import running
from tests.storage.workloads import hold_write
from tests.support.processes import eventually

WORKER = "web1-7-aaaaaaaa"
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who holds a lock")


@pytest.fixture
def sqlite_engine(sqlite_url: str) -> QueueEngine:
    """A queue on a file, with its tables made and its patience short."""
    engine = QueueEngine(Settings(database_url=sqlite_url, busy_timeout=0.3), Registry())
    register(engine)
    return engine


def register(engine: QueueEngine) -> None:
    """A worker has started."""
    now = utc_now()
    engine.database.write(lambda c: workers.register(c, WORKER, queues="all", runners=1, now=now))


def put(engine: QueueEngine, name: str = "app.add") -> str:
    return engine.submit(name, "{}", TaskOptions())


def execute(engine: QueueEngine, statement: Update) -> None:
    engine.database.write(lambda connection: connection.execute(statement).close())


def found(engine: QueueEngine) -> dict[str, Diagnosis]:
    """What is not OK, without the version of SQLite, which is what it is."""
    told = {one.name: one for one in examine(engine) if one.level is not Level.OK}
    told.pop("SQLite", None)
    assert all(one.do for one in told.values())
    return told


def path_of(engine: QueueEngine) -> Path:
    database = engine.unchecked_database
    assert isinstance(database, SqliteDatabase)
    return database.path


def test_all_is_well(sqlite_engine: QueueEngine, sqlite_url: str) -> None:
    with running(show_a_sign_alone, sqlite_url, WORKER) as child:
        assert child.hear() == "alive"
        assert found(sqlite_engine) == {}
        names = [one.name for one in examine(sqlite_engine)]
    assert {"file system", "disk", "log", "gate", "schema", "clock", "workers"} < set(names)
    assert len(names) == len(set(names))


def test_a_server_is_looked_at_too(engine: QueueEngine) -> None:
    assert engine.database
    told = found(engine)
    assert set(told) == {"workers"}
    assert told["workers"].says == "none runs"
    if engine.database.dialect == "postgresql":
        names = [one.name for one in look_at_server(engine.database, engine.clock)]
        assert names == ["PostgreSQL", "its clock", "connections", "transactions"]
        late = [*look_at_server(engine.database, lambda: utc_now() - timedelta(minutes=9))][1]
        assert (late.level, late.says) == (Level.WARN, "9 min ahead of the one here")


def test_what_waits_for_nobody_is_bad(engine: QueueEngine) -> None:
    put(engine)
    told = found(engine)
    assert (told["workers"].level, told["workers"].says) == (Level.BAD, "none runs, and 1 wait")
    assert "app.add (1 tasks)" in told["task names"].says


def test_a_worker_that_died_without_a_word_is_named(engine: QueueEngine) -> None:
    register(engine)
    assert WORKER in found(engine)["dead workers"].says
    engine.database.write(lambda c: workers.sign_off(c, WORKER, now=utc_now()))
    assert "dead workers" not in found(engine)


def test_a_worker_that_lives_without_news_hangs(
    sqlite_engine: QueueEngine, sqlite_url: str
) -> None:
    then = utc_now() - timedelta(seconds=31)
    sqlite_engine.database.write(lambda c: workers.seen(c, WORKER, now=then))
    with running(show_a_sign_alone, sqlite_url, WORKER) as child:
        assert child.hear() == "alive"
        told = found(sqlite_engine)["workers"]
    assert told.level is Level.BAD
    assert f"longer than a lease: {WORKER}" in told.says


def test_pauses_are_told_with_their_reason(engine: QueueEngine) -> None:
    lanes.pause(engine, "mail")
    assert found(engine)["queues"].says == "paused: mail"
    lanes.pause_all(engine, "restored from x.db")
    told = found(engine)["queues"]
    assert told.says == "all are paused: restored from x.db"
    assert "resume --all" in told.do


def test_what_waits_for_long_is_told_and_what_is_paused_is_not(engine: QueueEngine) -> None:
    put(engine)
    assert "waiting" not in found(engine)
    then = utc_now() - timedelta(minutes=10)
    execute(engine, update(tasks).values(run_at=then))
    assert found(engine)["waiting"].says.endswith("the oldest of default for 10 min")
    lanes.pause(engine, "default")
    assert "waiting" not in found(engine)


def test_a_clock_that_was_set_back_shows_in_the_rows(engine: QueueEngine) -> None:
    put(engine)
    then = utc_now() + timedelta(hours=5)
    execute(engine, update(tasks).values(created_at=then))
    assert "the newest task was submitted in 5 h" in found(engine)["clock"].says


def test_schedules_that_do_not_fire_are_told(sqlite_url: str) -> None:
    site = Site(sqlite_url)
    site.clock.now = utc_now()
    site.function("report")
    site.declare("report", every=timedelta(minutes=5))
    engine = site.start().engine
    register(engine)
    with running(show_a_sign_alone, sqlite_url, WORKER) as child:
        assert child.hear() == "alive"
        assert "schedules" not in found(engine)
        reason = {"next_at": None, "disabled_reason": "it is no longer in the code"}
        for values, words in (
            ({"next_at": utc_now() - timedelta(hours=1)}, "due and not fired: report"),
            (reason, "disabled: report"),
        ):
            execute(engine, update(schedules).where(schedules.c.name == "report").values(values))
            assert found(engine)["schedules"].says == words
    engine.close()


@pytest.mark.parametrize(
    ("revision", "level"), [("0003", Level.WARN), ("9999", Level.BAD), (None, Level.WARN)]
)
def test_a_schema_of_another_version_is_told(
    sqlite_engine: QueueEngine, revision: str | None, level: Level
) -> None:
    with closing(sqlite3.connect(path_of(sqlite_engine))) as connection, connection:
        connection.execute("UPDATE taskrow_alembic_version SET version_num = ?", (revision or "",))
        if revision is None:
            connection.execute("DROP TABLE taskrow_alembic_version")
    told = found(sqlite_engine)
    assert (set(told), told["schema"].level) == ({"schema"}, level)


def test_a_database_that_is_not_there_is_not_made(sqlite_url: str, tmp_path: Path) -> None:
    engine = QueueEngine(Settings(database_url=sqlite_url), Registry())
    assert [one.says for one in examine(engine)] == ["not there yet"]
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_told(sqlite_engine: QueueEngine) -> None:
    sqlite_engine.close()
    path_of(sqlite_engine).write_bytes(b"a letter" * 1000)
    told = found(sqlite_engine)
    assert told["schema"].level is Level.BAD
    assert "not a database" in told["schema"].says


def test_a_network_file_system_is_bad(
    sqlite_engine: QueueEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "file_system_of", lambda _: "nfs4")
    told = found(sqlite_engine)["file system"]
    assert (told.level, told.says.split(":")[0]) == (Level.BAD, "nfs4")


@pytest.mark.parametrize(("share", "level"), [(2.0, Level.BAD), (0.2, Level.WARN)])
def test_a_disk_that_fills_is_told(sqlite_engine: QueueEngine, share: float, level: Level) -> None:
    found_free = os.statvfs(path_of(sqlite_engine).parent)
    least = int(found_free.f_bavail * found_free.f_frsize * share)
    settings = replace(sqlite_engine.settings, min_free_space=least)
    told = found(sqlite_engine.variant(settings, utc_now))["disk"]
    assert told.level is level


def readable(path: Path) -> None:
    path.chmod(0o644)


def another_ones(path: Path) -> None:
    os.chown(path.with_name(path.name + "-write"), 65534, 65534)


@pytest.mark.parametrize(
    ("spoil", "words"), [(readable, "may read tasks.db,"), (another_ones, "different users")]
)
def test_rights_that_are_wrong_are_told(
    sqlite_engine: QueueEngine, spoil: Callable[[Path], None], words: str
) -> None:
    if spoil is another_ones and os.geteuid() != 0:
        pytest.skip("only root gives files away")
    spoil(path_of(sqlite_engine))
    assert words in found(sqlite_engine)["rights"].says


@on_linux
def test_who_holds_up_the_log_is_named(sqlite_engine: QueueEngine, sqlite_url: str) -> None:
    path = path_of(sqlite_engine)
    with running(read_until_told, sqlite_url) as child:
        assert child.hear() == "reading"
        os.truncate(f"{path}-wal", 65 * 2**20)  # what a log is longer than it says, SQLite ignores
        told = found(sqlite_engine)["log"]
        assert told.says.startswith("65.0 MiB of write-ahead log: held up by the open transaction")
        assert f"pid {child.pid} (" in told.says
        child.tell()
        child.wait()
    assert "it is not folded in" in found(sqlite_engine)["log"].says


@on_linux
def test_a_stopped_process_that_holds_the_turn_to_write_is_named(
    sqlite_engine: QueueEngine, sqlite_url: str
) -> None:
    with running(hold_write, sqlite_url) as child:
        assert child.hear()
        child.send(signal.SIGSTOP)
        told = found(sqlite_engine)["gate"]
        assert told.level is Level.BAD
        assert f"the turn is held by pid {child.pid}" in told.says
        child.kill()
    assert eventually(lambda: "gate" not in found(sqlite_engine))


def test_sizes_and_times_are_said_as_people_say_them() -> None:
    assert [size(n) for n in (0, 1023, 1024, 5 * 2**20, 3 * 2**40)] == [
        "0 bytes", "1,023 bytes", "1.0 KiB", "5.0 MiB", "3,072.0 GiB",
    ]  # fmt: skip
    assert [span(n) for n in (0.4, 119, 120, 7100, 7300, 3600 * 47, 3600 * 72)] == [
        "0 s", "119 s", "2 min", "118 min", "2 h", "47 h", "3 days",
    ]  # fmt: skip
