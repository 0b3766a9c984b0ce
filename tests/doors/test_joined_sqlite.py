"""What only SQLite has: its driver's transactions, checkpoints, and one writer at a time."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.orm import Session

from taskrow import DatabaseBusyError, DatabaseError, SchemaError, SettingsError
from tests.apps.shop import Order, db, place, ship
from tests.apps.shop_site import count, counts, open_shop, queue_of, shop_without_tables


@pytest.fixture
def shop(sqlite_url: str) -> Iterator[Flask]:
    with open_shop(sqlite_url, SECRET_KEY="of the tests", TASKROW_BUSY_TIMEOUT=0.3) as app:
        yield app


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    """An engine that taskrow has never seen."""
    engine = create_engine(sqlite_url)
    yield engine
    engine.dispose()


class TestSavepointsWithoutATransaction:
    """sqlite3 begins before a write, not before a savepoint, whose release then is the commit."""

    def test_the_driver_has_the_trap(self, shop: Flask, engine: Engine) -> None:
        with Session(engine) as session:
            with session.begin_nested():
                session.add(Order(item="stays"))
            session.rollback()
        assert count(shop, '"order"') == 1, "or else the mending can go"

    def test_flask_sqlalchemys_engine_is_mended(self, shop: Flask) -> None:
        with db.session.begin_nested():
            place("lamp")
        db.session.rollback()
        assert counts(shop) == {"orders": 0, "tasks": 0}

    def test_elsewhere_it_is_refused_where_it_could_be(self, shop: Flask, engine: Engine) -> None:
        refusal = pytest.raises(SettingsError, match=r"savepoint.*submit before begin_nested")
        with Session(engine) as session, session.begin_nested(), refusal:
            ship.apply_async((1,), session=session)
        assert count(shop, "tasks") == 0

    def test_an_engine_that_was_joined_once_is_mended(self, shop: Flask, engine: Engine) -> None:
        with Session(engine) as session:
            ship.apply_async((1,), session=session)
            session.rollback()
            with session.begin_nested():
                ship.apply_async((2,), session=session)
            session.rollback()
        assert count(shop, "tasks") == 0

    def test_the_begin_recipe_is_welcome(self, shop: Flask, engine: Engine) -> None:
        @event.listens_for(engine, "connect")
        def leave_transactions_to_us(raw: Any, _: Any) -> None:
            raw.isolation_level = None

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

        with Session(engine) as session:
            with session.begin_nested():
                ship.apply_async((1,), session=session)
            session.rollback()
            with session.begin_nested():
                ship.apply_async((2,), session=session)
            session.commit()
        assert count(shop, "tasks") == 1


class TestCheckpoints:
    """Only the gate's holder folds the log; a connection of the application's would, too."""

    def pragma(self, connection: Connection) -> int:
        return int(connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar_one())

    @pytest.mark.usefixtures("shop")
    def test_a_connection_that_is_joined_makes_none(self, engine: Engine) -> None:
        with Session(engine) as session:
            assert self.pragma(session.connection()) == 1000
            ship.apply_async((1,), session=session)
            assert self.pragma(session.connection()) == 0
            session.commit()
        with engine.connect() as first, engine.connect() as second:
            assert [self.pragma(first), self.pragma(second)] == [0, 0]

    @pytest.mark.usefixtures("shop")
    def test_flask_sqlalchemys_never_do(self) -> None:
        assert self.pragma(db.session.connection()) == 0

    def test_the_log_is_left_to_the_gate(self, shop: Flask) -> None:
        log = Path(f"{queue_of(shop).database.place}-wal")
        for _ in range(4):
            place("x" * 5_000_000)
            db.session.commit()
        assert log.stat().st_size > 20_000_000, "nobody has folded it"
        assert ship.delay(1).id
        assert log.stat().st_size < 1_000_000, "the next to pass the gate has"

    def test_another_file_is_left_alone(self, sqlite_url: str, tmp_path: Path) -> None:
        with open_shop(sqlite_url, SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'my.db'}"):
            assert self.pragma(db.session.connection()) == 1000


class TestOneWriter:
    def test_a_session_that_writes_for_long_is_a_503(self, shop: Flask) -> None:
        place("lamp")
        refused, client = [], shop.test_client()
        thread = threading.Thread(target=lambda: refused.append(client.get("/report")))
        thread.start()
        thread.join()
        assert refused[0].status_code == 503
        db.session.commit()
        assert counts(shop) == {"orders": 1, "tasks": 1}
        assert client.get("/report").status_code == 202
        assert count(shop, "tasks") == 2

    def test_a_submit_beside_ones_own_transaction_is_an_error(self, shop: Flask) -> None:
        place("lamp")
        with pytest.raises(DatabaseBusyError, match="locked"):
            ship.delay(1)
        db.session.commit()
        assert counts(shop) == {"orders": 1, "tasks": 1}

    def test_a_join_waits_for_its_turn(self, shop: Flask, engine: Engine) -> None:
        joined = threading.Event()

        def join() -> None:
            with shop.app_context():
                place("second")
                joined.set()
                db.session.commit()

        thread = threading.Thread(target=join)
        with Session(engine) as session:
            ship.apply_async((1,), session=session)
            thread.start()
            assert not joined.wait(0.2)
            session.commit()
        assert joined.wait(30)
        thread.join()
        assert counts(shop) == {"orders": 1, "tasks": 2}

    def test_no_deadlock_over_missing_tables(self, sqlite_url: str) -> None:
        with shop_without_tables(sqlite_url, TASKROW_BUSY_TIMEOUT=60):
            db.session.execute(text("BEGIN IMMEDIATE"))
            with pytest.raises(SchemaError, match="an open transaction keeps them so"):
                ship.apply_async((1,), session=db.session)


def test_links_to_the_file_are_the_file(shop: Flask, tmp_path: Path) -> None:
    link = tmp_path / "links" / "shop.db"
    link.parent.mkdir()
    os.symlink(tmp_path / "tasks.db", link)
    engine = create_engine(f"sqlite:///{link}")
    with Session(engine) as session:
        ship.apply_async((1,), session=session)
        session.commit()
    engine.dispose()
    assert count(shop, "tasks") == 1


class TestAFileThatWasReplaced:
    """A connection that was open before writes into a file that nobody finds."""

    @pytest.fixture
    def replace(self, sqlite_url: str, tmp_path: Path) -> Callable[[], None]:
        file, other = Path(str(make_url(sqlite_url).database)), tmp_path / "copy.db"

        def replace() -> None:
            with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(other)) as copy:
                source.backup(copy)
            other.rename(file)

        return replace

    def refuse(self, engine: Engine) -> None:
        with Session(engine) as session, pytest.raises(DatabaseError, match="replaced while"):
            ship.apply_async((1,), session=session)

    def test_a_connection_that_has_joined_before_is_refused(
        self, shop: Flask, engine: Engine, replace: Callable[[], None]
    ) -> None:
        with Session(engine) as session:
            ship.apply_async((1,), session=session)
            session.commit()
        queue_of(shop).close()  # so that taskrow itself has the new file
        replace()
        assert count(shop, "tasks") == 1
        self.refuse(engine)
        engine.dispose()
        with Session(engine) as session:
            ship.apply_async((2,), session=session)
            session.commit()
        assert count(shop, "tasks") == 2

    @pytest.mark.usefixtures("shop")
    def test_one_that_has_not_is_refused_as_a_submit_beside_it_is(
        self, engine: Engine, replace: Callable[[], None]
    ) -> None:
        with engine.connect() as connection:
            connection.execute(text("SELECT count(*) FROM tasks"))
        replace()
        with pytest.raises(DatabaseError, match="replaced while"):
            ship.delay(1)
        self.refuse(engine)
