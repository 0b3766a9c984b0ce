"""Liveness: that a worker is dead is known at once; that it is slow is never taken for death."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from taskrow.domain.task import Status
from taskrow.storage.database import Database
from taskrow.storage.doorbell import ChannelBell, Doorbell, open_doorbell
from taskrow.storage.gate import FileLock
from taskrow.storage.liveness import FileLiveness, Liveness, gone_workers, new_worker_id, show_life
from taskrow.storage.submit import WORK, ring
from tests.storage.processes import running
from tests.storage.rows import claimed, ending, settle
from tests.storage.workloads import live, live_with_a_runner
from tests.support.processes import eventually

OTHER = "web1-1-aaaaaaaa"


@pytest.fixture
def bell(database: Database) -> Iterator[Doorbell]:
    bell = open_doorbell(database, WORK)
    yield bell
    bell.close()


@pytest.fixture
def mine(database: Database, bell: Doorbell) -> Iterator[Liveness]:
    """The sign of life of a worker in this process."""
    sign = show_life(database, "web1-0-00000000", bell)
    yield sign
    sign.close()


def test_a_worker_that_lives_is_not_gone(mine: Liveness, database_url: str) -> None:
    with running(live, database_url, OTHER) as child:
        assert child.hear() == "alive"
        assert not mine.is_gone(OTHER)
        assert not mine.is_gone(OTHER), "to ask does not take the sign away"


def test_a_worker_that_was_killed_is_gone_at_once(mine: Liveness, database_url: str) -> None:
    with running(live, database_url, OTHER) as child:
        assert child.hear() == "alive"
        child.kill()
        assert eventually(lambda: mine.is_gone(OTHER), seconds=10)
        assert mine.is_gone(OTHER), "and it stays so"


def test_a_worker_that_is_stopped_is_not_gone(mine: Liveness, database_url: str) -> None:
    with running(live, database_url, OTHER) as child:
        assert child.hear() == "alive"
        child.send(signal.SIGSTOP)
        assert not mine.is_gone(OTHER)


def test_a_worker_that_signed_off_shows_no_life(
    database: Database, mine: Liveness, database_url: str
) -> None:
    with running(live, database_url, OTHER) as child:
        assert child.hear() == "alive"
        child.tell()
        assert child.hear() == "signed off"
        assert eventually(lambda: gone_workers(database, [OTHER]) == {OTHER}, seconds=10)
        assert mine.is_gone(OTHER) == (database.dialect == "postgresql"), "without a file: unknown"


def test_a_worker_that_signs_off_while_something_runs_under_it_is_gone(
    database: Database, mine: Liveness, database_url: str
) -> None:
    with running(live, database_url, OTHER) as child:
        assert child.hear() == "alive"
        claim = claimed(database, worker=OTHER)
        child.tell()
        assert child.hear() == "signed off"
        assert eventually(lambda: mine.is_gone(OTHER), seconds=10)
    mine.tidy()
    assert mine.is_gone(OTHER), "its sign stands until its task is taken from it"
    assert settle(database, ending(claim, Status.SUCCEEDED))
    mine.tidy()
    assert mine.is_gone(OTHER) == (database.dialect == "postgresql"), "its file is cleared away"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whether_a_worker_lives_whose_sign_was_deleted_is_not_known(
    database: Database, mine: Liveness, database_url: str
) -> None:
    with running(live, database_url, OTHER) as child:
        assert child.hear() == "alive"
        Path(f"{database.place}-worker-{OTHER}").unlink()
        assert not mine.is_gone(OTHER)


@pytest.mark.parametrize("worker", ["web1/1-aaaaaaaa", "../web1", "web1\0", "web1" * 100])
def test_a_damaged_id_is_nobody_of_whom_anything_is_known(mine: Liveness, worker: str) -> None:
    if isinstance(mine, FileLiveness):
        assert not mine.is_gone(worker)
    else:
        assert mine.is_gone(worker), "an id is but a number there"


def test_two_may_ask_about_the_same_worker(
    database: Database, mine: Liveness, bell: Doorbell, database_url: str
) -> None:
    third = show_life(database, "web1-3-cccccccc", bell)
    with running(live, database_url, OTHER) as child:
        assert child.hear() == "alive"
        assert not any(sign.is_gone(OTHER) for sign in (mine, third, mine))
        child.kill()
        assert eventually(lambda: mine.is_gone(OTHER) and third.is_gone(OTHER), seconds=10)
    third.close()


def test_on_sqlite_a_worker_lives_as_long_as_one_of_its_runners(
    sqlite: Database, sqlite_url: str, path: Path
) -> None:
    bell = open_doorbell(sqlite, WORK)
    mine = show_life(sqlite, "web1-0-00000000", bell)
    with running(live_with_a_runner, sqlite_url, OTHER) as child:
        assert child.hear() == "alive"
        child.kill()
        assert not mine.is_gone(OTHER)
        child.tell("end, runner")
        assert eventually(lambda: mine.is_gone(OTHER))
    mine.tidy()
    assert not list(path.parent.glob(f"*{OTHER}")), "its file is cleared away"
    mine.close()
    assert not list(path.parent.glob("*-worker-*"))
    bell.close()


def test_the_sign_is_shown_again_when_the_connection_was_cut(postgresql: Database) -> None:
    bell, other_bell = (open_doorbell(postgresql, WORK) for _ in range(2))
    assert isinstance(bell, ChannelBell)
    sign = show_life(postgresql, "me", bell)
    other = show_life(postgresql, "other", other_bell)
    assert not other.is_gone("me")
    _cut(postgresql, bell)
    assert eventually(lambda: other.is_gone("me"))
    assert eventually(bell.rang)
    sign.renew()
    assert not other.is_gone("me")
    for each in (bell, other_bell):
        each.close()


@pytest.fixture
def signs(postgresql: Database) -> Iterator[Callable[[str], tuple[ChannelBell, Liveness]]]:
    """Shows the signs of workers, each on a connection of its own."""
    bells = []

    def show(worker: str) -> tuple[ChannelBell, Liveness]:
        bell = open_doorbell(postgresql, WORK)
        assert isinstance(bell, ChannelBell)
        bells.append(bell)
        return bell, show_life(postgresql, worker, bell)

    yield show
    for bell in bells:
        bell.close()


def test_the_sign_comes_back_in_one_step_with_the_connection(
    postgresql: Database, signs: Callable[[str], tuple[ChannelBell, Liveness]]
) -> None:
    (bell, _), (_, other) = signs("me"), signs("other")
    _cut(postgresql, bell)
    assert eventually(bell.rang)
    assert not other.is_gone("me")


def test_the_sign_comes_back_before_the_server_has_buried_the_old_connection(
    signs: Callable[[str], tuple[ChannelBell, Liveness]],
) -> None:
    (old, _), _, (_, other) = signs("me"), signs("me"), signs("other")
    old.close()
    assert not other.is_gone("me")


def test_a_ring_that_is_read_while_the_connection_is_seen_to_is_heard_later(
    postgresql: Database, signs: Callable[[str], tuple[ChannelBell, Liveness]]
) -> None:
    bell, sign = signs("me")
    with postgresql.read() as connection:
        ring(connection, WORK)
    assert eventually(lambda: _reads_a_ring(sign, bell))
    assert bell.rang()
    assert not bell.rang()
    assert bell.interval is None


def _reads_a_ring(sign: Liveness, bell: ChannelBell) -> bool:
    sign.renew()
    return bell.interval == 0.0


def test_a_worker_is_gone_when_its_lock_is_free_in_two_looks(
    signs: Callable[[str], tuple[ChannelBell, Liveness]],
) -> None:
    _, mine = signs("me")
    assert mine.find_gone({"dead", "me"}, 10.0) == set()
    assert mine.find_gone({"dead", "me"}, 10.4) == set()
    assert mine.find_gone({"dead", "me"}, 10.5) == {"dead"}


def test_a_lock_that_was_free_once_says_nothing_later(
    signs: Callable[[str], tuple[ChannelBell, Liveness]],
) -> None:
    _, mine = signs("me")
    assert mine.find_gone({"late"}, 10.0) == set()
    late, _ = signs("late")
    assert mine.find_gone({"late"}, 10.5) == set()
    late.close()
    assert eventually(lambda: mine.is_gone("late"))
    assert mine.find_gone({"late"}, 11.0) == set()
    assert mine.find_gone({"late"}, 11.5) == {"late"}


def test_who_was_cut_off_calls_nobody_gone_before_others_had_time_to_come_back(
    postgresql: Database, signs: Callable[[str], tuple[ChannelBell, Liveness]]
) -> None:
    bell, mine = signs("me")
    _cut(postgresql, bell)
    assert eventually(bell.rang)
    assert mine.find_gone({"dead"}, bell.broke_at + 1.9) == set()
    assert mine.find_gone({"dead"}, bell.broke_at + 2.0) == set()
    assert mine.find_gone({"dead"}, bell.broke_at + 2.5) == {"dead"}


def test_a_sign_that_cannot_be_shown_just_now_is_no_error(postgresql: Database) -> None:
    bell = open_doorbell(postgresql, WORK)
    assert isinstance(bell, ChannelBell)
    sign = show_life(postgresql, "me", bell)
    for _ in range(2):
        _cut(postgresql, bell)
        assert eventually(bell.rang)
    _cut(postgresql, bell)
    sign.renew()
    assert eventually(bell.rang)
    sign.renew()
    assert not sign.is_gone("me")
    bell.close()


def _cut(database: Database, bell: ChannelBell) -> None:
    with database.read() as connection:
        pid = bell.connection.info.backend_pid
        connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)").close()


def test_no_two_starts_of_a_worker_share_an_id() -> None:
    ids = {new_worker_id("web1") for _ in range(10_000)}
    assert len(ids) == 10_000


@pytest.mark.parametrize("host", ["web1", "web1.example.com", "../../etc", "", "ä b\0", "x" * 300])
def test_an_id_of_a_worker_is_fit_for_a_file_name(host: str) -> None:
    assert re.fullmatch(r"[\w-]{0,40}-\d+-[0-9a-f]{8}", new_worker_id(host))


def test_the_signs_of_killed_workers_are_tidied_away_and_no_other_files(tmp_path: Path) -> None:
    database = tmp_path / "tasks.db"
    mine, other = (FileLiveness(database, worker, set) for worker in ("web1-0-00000000", OTHER))
    (tmp_path / "tasks.db-worker-web1-7-dddddddd").touch()
    (tmp_path / "tasks.db-worker-notes.txt").touch()
    mine.tidy()
    assert {path.name.partition("-worker-")[2] for path in tmp_path.iterdir()} == {
        "web1-0-00000000",
        OTHER,
        "notes.txt",
    }
    assert not mine.is_gone(OTHER)
    other.close()
    mine.close()


def test_a_sign_that_was_tidied_away_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_before, sign = FileLock.lock_before, tmp_path / f"tasks.db-worker-{OTHER}"
    thieves = [sign.unlink]

    def lock_after_a_theft(lock: FileLock, deadline: float) -> None:
        if thieves:
            thieves.pop()()
        lock_before(lock, deadline)

    monkeypatch.setattr(FileLock, "lock_before", lock_after_a_theft)
    other = FileLiveness(tmp_path / "tasks.db", OTHER, set)
    assert sign.exists()
    mine = FileLiveness(tmp_path / "tasks.db", "web1-0-00000000", set)
    assert not mine.is_gone(OTHER)
    mine.close()
    other.close()
