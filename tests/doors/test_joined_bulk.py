"""Many tasks in the caller's transaction: all of them, if and only if it commits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from taskrow import OptionError, TaskExistsError
from taskrow.domain.task import Status
from tests.apps.shop import db, queue, ship
from tests.apps.shop_site import count, open_shop, queue_of


@pytest.fixture
def shop(database_url: str) -> Iterator[Flask]:
    with open_shop(database_url) as app:
        yield app


def test_a_commit_submits_them_all(shop: Flask) -> None:
    results = queue.submit_many(ship, [(n,) for n in range(2500)], session=db.session, priority=2)
    assert count(shop, "tasks") == 0
    db.session.commit()
    assert count(shop, "tasks") == 2500
    last = queue_of(shop).get(results[-1].id)
    assert (last.status, last.priority, last.args) == (Status.QUEUED, 2, '{"args": [2499]}')


def test_a_rollback_takes_them_all(shop: Flask) -> None:
    queue.submit_many((ship.s(n) for n in range(3)), session=db.session)
    db.session.rollback()
    assert count(shop, "tasks") == 0


def test_by_default_they_do_not_join(shop: Flask) -> None:
    queue.submit_many(ship.s(n) for n in range(3))
    db.session.rollback()
    assert count(shop, "tasks") == 3


def test_a_task_that_is_sent_by_name_may_join(shop: Flask) -> None:
    queue.send_task("elsewhere.task", session=db.session)
    db.session.rollback()
    assert count(shop, "tasks") == 0


def test_an_id_that_is_taken_is_told_before_anything_is_written(shop: Flask) -> None:
    taken = ship.delay(1).id
    late = [ship.s(n) for n in range(3)] + [ship.s(3).set(task_id=taken)]
    with pytest.raises(TaskExistsError, match=f"there is a task {taken} already"):
        queue.submit_many(late, session=db.session)
    queue.submit_many([ship.s(4)], session=db.session)
    db.session.commit()
    assert count(shop, "tasks") == 2


def test_one_task_whose_id_is_taken_is_refused_and_the_rest_can_be_taken_back(shop: Flask) -> None:
    taken = ship.delay(1).id
    with pytest.raises(TaskExistsError, match=f"there is a task {taken} already"):
        ship.apply_async((2,), task_id=taken, session=db.session)
    db.session.rollback()
    assert count(shop, "tasks") == 1


def test_a_session_is_one_for_all_calls(shop: Flask) -> None:
    with pytest.raises(OptionError, match="session is one for all: give it to submit_many"):
        queue.submit_many([ship.s(1).set(session=db.session)])


def test_an_executor_joins_none(shop: Flask) -> None:
    with pytest.raises(OptionError, match="an executor joins no session"):
        queue.executor(session=db.session)
