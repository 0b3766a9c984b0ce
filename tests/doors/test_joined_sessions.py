"""A task joins the caller's session: it is there if and only if the caller commits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session, async_sessionmaker
from sqlalchemy.orm import Session

from taskrow import OptionError, SchemaError, SettingsError
from taskrow.domain.task import Status
from tests.apps.shop import Order, Visit, db, place, queue, ship
from tests.apps.shop_site import count, counts, open_shop, queue_of, shop_without_tables


@pytest.fixture
def shop(database_url: str) -> Iterator[Flask]:
    with open_shop(database_url) as app:
        yield app


def test_a_commit_submits_the_task_with_the_rows(shop: Flask) -> None:
    task_id = place("lamp")
    assert counts(shop) == {"orders": 0, "tasks": 0}, "nothing is there without the commit"
    assert queue.AsyncResult(task_id).state == "PENDING"
    db.session.commit()
    assert counts(shop) == {"orders": 1, "tasks": 1}
    assert queue_of(shop).get(task_id).status is Status.QUEUED


def test_a_rollback_takes_the_task_with_the_rows(shop: Flask) -> None:
    task_id = place("lamp")
    db.session.rollback()
    assert counts(shop) == {"orders": 0, "tasks": 0}
    assert queue_of(shop).find(task_id) is None


def test_without_a_commit_the_end_of_the_context_takes_it(shop: Flask) -> None:
    with shop.app_context():
        place("lamp")
    assert counts(shop) == {"orders": 0, "tasks": 0}


def test_it_joins_a_session_that_has_done_nothing_yet(shop: Flask) -> None:
    ship.apply_async((1,), session=db.session)
    db.session.rollback()
    assert count(shop, "tasks") == 0
    ship.apply_async((1,), session=db.session)
    db.session.commit()
    assert count(shop, "tasks") == 1


def test_the_options_of_the_task_hold_in_a_session_too(shop: Flask) -> None:
    task_id = place("lamp", countdown=60, priority=3, queue="slow")
    db.session.commit()
    task = queue_of(shop).get(task_id)
    assert (task.status, task.priority, task.queue) == (Status.SCHEDULED, 3, "slow")


def test_many_tasks_join_one_transaction(shop: Flask) -> None:
    for n in range(20):
        place(f"lamp {n}")
    db.session.commit()
    assert counts(shop) == {"orders": 20, "tasks": 20}


def test_by_default_a_task_does_not_join(shop: Flask) -> None:
    ship.delay(1)
    db.session.rollback()
    assert count(shop, "tasks") == 1


def test_true_means_the_session_of_the_application(shop: Flask) -> None:
    ship.apply_async((1,), session=True)
    db.session.rollback()
    assert count(shop, "tasks") == 0


class TestSavepoints:
    def test_a_savepoint_takes_its_task_with_it(self, shop: Flask) -> None:
        place("kept")
        nested = db.session.begin_nested()
        place("taken back")
        nested.rollback()
        db.session.commit()
        assert counts(shop) == {"orders": 1, "tasks": 1}

    def test_a_released_savepoint_is_still_the_transactions(self, shop: Flask) -> None:
        with db.session.begin_nested():
            place("lamp")
        assert counts(shop) == {"orders": 0, "tasks": 0}
        db.session.rollback()
        assert counts(shop) == {"orders": 0, "tasks": 0}

    def test_savepoints_within_savepoints(self, shop: Flask) -> None:
        with db.session.begin_nested():
            place("outer")
            inner = db.session.begin_nested()
            place("inner")
            inner.rollback()
        db.session.commit()
        assert counts(shop) == {"orders": 1, "tasks": 1}


class TestOtherSessions:
    """Not Flask-SQLAlchemy's: plain sessions and connections to the same database."""

    @pytest.fixture
    def engine(self, database_url: str) -> Iterator[Any]:
        engine = create_engine(database_url)
        yield engine
        engine.dispose()

    def test_a_plain_session(self, shop: Flask, engine: Any) -> None:
        with Session(engine) as session:
            ship.apply_async((1,), session=session)
            session.rollback()
            ship.apply_async((2,), session=session)
            session.commit()
        assert count(shop, "tasks") == 1

    def test_a_session_whose_engines_belong_to_its_models(self, shop: Flask, engine: Any) -> None:
        with Session(binds={Order: engine}) as session, session.begin():
            session.add(Order(item="lamp"))
            ship.apply_async((1,), session=session)
        assert counts(shop) == {"orders": 1, "tasks": 1}

    def test_a_connection(self, shop: Flask, engine: Any) -> None:
        with engine.connect() as connection:
            ship.apply_async((1,), session=connection)
            connection.rollback()
            ship.apply_async((2,), session=connection)
            connection.commit()
        with engine.begin() as connection:
            ship.apply_async((3,), session=connection)
        assert count(shop, "tasks") == 2

    def test_a_session_on_a_connection(self, shop: Flask, engine: Any) -> None:
        """As test suites do it, to roll back whatever the application commits."""
        with engine.connect() as connection:
            outer = connection.begin()
            ship.apply_async((1,), session=connection)
            with Session(connection, join_transaction_mode="create_savepoint") as session:
                ship.apply_async((2,), session=session)
                session.commit()
            outer.rollback()
        assert count(shop, "tasks") == 0

    def test_autocommit_is_refused(self, shop: Flask, engine: Any) -> None:
        autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
        with Session(autocommit) as session, pytest.raises(SettingsError, match="autocommit"):
            ship.apply_async((1,), session=session)
        assert count(shop, "tasks") == 0


class TestRefusals:
    @pytest.mark.usefixtures("shop")
    def test_what_is_no_session(self) -> None:
        with pytest.raises(OptionError, match="session must be an SQLAlchemy Session"):
            ship.apply_async((1,), session=db)  # type: ignore[arg-type]

    @pytest.mark.usefixtures("shop")
    def test_an_async_session(self) -> None:
        scoped: Any = async_scoped_session(async_sessionmaker(), lambda: 1)
        session: Any
        for session in (AsyncSession(), scoped):
            with pytest.raises(OptionError, match="an async session cannot be joined"):
                ship.apply_async((1,), session=session)

    def test_a_session_of_another_database(self, shop: Flask, tmp_path: Path) -> None:
        engine = create_engine(f"sqlite:///{tmp_path / 'other.db'}")
        with Session(engine) as session, pytest.raises(SettingsError) as refused:
            ship.apply_async((1,), session=session)
        assert str(tmp_path / "other.db") in str(refused.value)
        assert queue_of(shop).unchecked_database.place in str(refused.value)
        assert "set TASKROW_DATABASE_URL" in str(refused.value)
        engine.dispose()

    @pytest.mark.empty_database
    def test_without_taskrows_tables(self, database_url: str) -> None:
        with shop_without_tables(database_url):
            db.create_all()
            with pytest.raises(SchemaError, match="run `taskrow upgrade`"):
                place("lamp")
            db.session.rollback()
            with pytest.raises(SchemaError, match="run `taskrow upgrade`"):
                ship.apply_async((1,), session=db.session)


@pytest.mark.empty_database
def test_an_empty_database_gets_its_tables_by_itself(database_url: str) -> None:
    with shop_without_tables(database_url) as app:
        ship.apply_async((1,), session=db.session)
        db.session.commit()
        assert count(app, "tasks") == 1


def test_the_bind_of_the_right_database_is_used(database_url: str, tmp_path: Path) -> None:
    mine = f"sqlite:///{tmp_path / 'mine.db'}"
    with open_shop(database_url, SQLALCHEMY_DATABASE_URI=mine, SHOP_OTHER_URL=database_url) as app:
        db.session.add(Visit())
        ship.apply_async((1,), session=db.session)
        db.session.rollback()
        assert (count(app, "tasks"), count(app, "visit")) == (0, 0)
        db.session.add(Visit())
        ship.apply_async((1,), session=db.session)
        db.session.commit()
        assert (count(app, "tasks"), count(app, "visit")) == (1, 1)
