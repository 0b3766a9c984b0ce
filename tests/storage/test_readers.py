"""The connections that read: few, kept, and never lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import NullPool

from taskrow.errors import DatabaseBusyError, DatabaseError
from taskrow.storage.readers import Readers
from taskrow.storage.same_file import SameFile

SOON, LONG = 0.01, 30.0


class Failure(Exception):
    """What goes wrong inside a read."""


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    path.touch()
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    yield engine
    engine.dispose()


@pytest.fixture
def readers(path: Path, engine: Engine) -> Iterator[Readers]:
    readers = Readers(SameFile(path), engine, place="here", patience=LONG)
    yield readers
    readers.close()


def take_all(readers: Readers) -> list[Connection]:
    return [readers.take() for _ in range(12)]


def test_one_read_after_the_other_uses_one_connection(readers: Readers) -> None:
    with readers.reading() as first:
        pass
    with readers.reading() as second:
        assert second is first


def test_reads_at_the_same_time_have_a_connection_each(readers: Readers) -> None:
    with readers.reading() as one, readers.reading() as other:
        assert one is not other


def test_a_connection_is_not_used_again_after_an_error(readers: Readers) -> None:
    with pytest.raises(Failure), readers.reading() as broken:
        raise Failure
    assert broken.closed
    with readers.reading() as fresh:
        assert fresh is not broken


def test_errors_of_the_database_come_out_in_a_sentence(readers: Readers) -> None:
    with (
        pytest.raises(DatabaseError, match="the task database here cannot be used: no such table"),
        readers.reading() as connection,
    ):
        connection.exec_driver_sql("SELECT * FROM nobody")


def test_there_are_only_so_many_and_who_waits_too_long_is_told(path: Path, engine: Engine) -> None:
    readers = Readers(SameFile(path), engine, place="here", patience=SOON)
    taken = take_all(readers)
    with pytest.raises(DatabaseBusyError, match="no connection became free in time"):
        readers.take()
    readers.give_back(taken.pop())
    taken.append(readers.take())
    for connection in taken:
        readers.give_back(connection)
    readers.close()
    assert all(connection.closed for connection in taken)


@pytest.mark.parametrize("comes_back", [True, False])
def test_who_waits_goes_on_when_a_place_is_free(readers: Readers, comes_back: bool) -> None:
    taken, found = take_all(readers), list[Connection]()
    waits = threading.Thread(target=lambda: found.append(readers.take()))
    waits.start()
    (readers.give_back if comes_back else readers.drop)(taken.pop())
    waits.join(LONG)
    for connection in [*taken, *found]:
        readers.give_back(connection)
    assert len(found) == 1


def test_a_connection_that_cannot_be_opened_takes_no_place(tmp_path: Path) -> None:
    path = tmp_path / "no" / "such.db"
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    readers = Readers(SameFile(path), engine, place="here", patience=SOON)
    for _ in range(15):
        with pytest.raises(DatabaseError, match="unable to open"), readers.reading():
            pass


def test_idle_ones_are_closed_before_a_fork_and_come_back(readers: Readers) -> None:
    with readers.reading() as used, readers.reading() as other:
        pass
    with readers.reading() as in_use:
        readers.close_idle()
        assert not in_use.closed
    assert [used.closed, other.closed].count(True) == 1
    with readers.reading() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1


def test_one_that_comes_back_after_the_end_is_closed(path: Path, engine: Engine) -> None:
    readers = Readers(SameFile(path), engine, place="here", patience=LONG)
    late = readers.take()
    readers.close()
    readers.give_back(late)
    assert late.closed
