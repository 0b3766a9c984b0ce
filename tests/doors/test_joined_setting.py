"""TASKROW_JOIN_SESSION: submits join the application's session by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from taskrow import OptionError, SettingsError, TaskQueue
from tests.apps.shop import Order, db, queue, ship
from tests.apps.shop_site import count, open_shop


@pytest.fixture
def shop(database_url: str) -> Iterator[Flask]:
    with open_shop(database_url, TASKROW_JOIN_SESSION=True, SECRET_KEY="of the tests") as app:
        yield app


def test_delay_joins(shop: Flask) -> None:
    ship.delay(1)
    assert count(shop, "tasks") == 0
    db.session.rollback()
    ship.delay(2)
    ship.apply_async((3,))
    db.session.commit()
    assert count(shop, "tasks") == 2


def test_false_opts_out_for_one_call(shop: Flask) -> None:
    ship.apply_async((1,), session=False)
    assert count(shop, "tasks") == 1
    db.session.rollback()
    assert count(shop, "tasks") == 1


def test_a_view_never_joins(shop: Flask) -> None:
    """A 202 is a promise, whatever becomes of the session afterwards."""
    accepted = shop.test_client().get("/report")
    assert accepted.status_code == 202
    assert count(shop, "tasks") == 1


def test_the_executor_never_joins(shop: Flask) -> None:
    """Whoever has a future waits for it."""
    queue.executor.submit(ship, 1).cancel()
    assert count(shop, "tasks") == 1


def test_outside_of_a_context_there_is_no_session(database_url: str) -> None:
    app = Flask(__name__)
    app.config.from_mapping(TASKROW_DATABASE_URL=database_url, TASKROW_JOIN_SESSION=True)
    queue = TaskQueue(app)
    task = queue.task(name="one")(lambda: None)
    assert queue.engine().get(task.delay().id).name == "one"
    with pytest.raises(OptionError, match="push an application's context"):
        task.apply_async(session=True)
    queue.engine().close()


def test_without_flask_sqlalchemy_it_says_so(database_url: str) -> None:
    app = Flask(__name__)
    app.config.from_mapping(TASKROW_DATABASE_URL=database_url, TASKROW_JOIN_SESSION=True)
    queue = TaskQueue(app)
    task = queue.task(name="one")(lambda: None)
    with app.app_context(), pytest.raises(SettingsError, match="no Flask-SQLAlchemy"):
        task.delay()
    queue.engine().close()


def test_with_another_database_it_says_so(shop: Flask, tmp_path: Path) -> None:
    elsewhere = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    shop.extensions["taskrow"].close()
    with open_shop(
        shop.config["TASKROW_DATABASE_URL"],
        TASKROW_JOIN_SESSION=True,
        SQLALCHEMY_DATABASE_URI=elsewhere,
    ) as app:
        db.session.add(Order(item="lamp"))
        with pytest.raises(SettingsError, match=r"elsewhere\.db.*no transaction spans the two"):
            ship.delay(1)
        assert count(app, "tasks") == 0
