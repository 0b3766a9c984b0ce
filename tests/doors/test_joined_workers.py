"""Joined tasks and real processes: what is committed runs once, what is not never."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from taskrow.domain.task import Status
from tests.apps.shop import Parcel, db, order_in_task, place, ship
from tests.apps.shop_site import count, counts, open_shop, queue_of
from tests.support.processes import ProcessFactory, eventually

APP = "tests.apps.shop:create_app"


@pytest.fixture
def shop(database_url: str) -> Iterator[Flask]:
    with open_shop(database_url) as app:
        yield app


def parcels(app: Flask) -> list[int]:
    """The order of each parcel: one for each run."""
    with app.app_context():
        return list(db.session.scalars(select(Parcel.order_id).order_by(Parcel.order_id)))


def test_the_commit_wakes_the_worker(shop: Flask, start: ProcessFactory) -> None:
    start.worker("--runners", "1", app=APP)
    task_id = place("lamp")
    db.session.rollback()
    second = place("lamp")
    db.session.commit()
    eventually(lambda: queue_of(shop).get(second).status is Status.SUCCEEDED)
    assert queue_of(shop).find(task_id) is None
    assert len(parcels(shop)) == 1


def test_a_task_that_submits_joins_its_own_session(shop: Flask, start: ProcessFactory) -> None:
    start.worker("--runners", "1", app=APP, env={"FLASK_TASKROW_JOIN_SESSION": "true"})
    kept, dropped = (order_in_task.apply_async(("lamp", commits)) for commits in (True, False))
    child, never = kept.get(timeout=30), dropped.get(timeout=30)
    eventually(lambda: queue_of(shop).get(child).status is Status.SUCCEEDED)
    assert queue_of(shop).find(never) is None
    assert count(shop, '"order"') == 1


def test_a_crash_before_the_commit_leaves_nothing(shop: Flask, start: ProcessFactory) -> None:
    web, url = start.web(APP)
    post(f"{url}/buy/lamp")
    with pytest.raises(OSError, match=r"closed|reset|refused"):
        post(f"{url}/buy/lamp?crash=1")
    web.process.wait(30)
    assert counts(shop) == {"orders": 1, "tasks": 1}
    start.worker("--runners", "1", "--burst", app=APP).process.wait(30)
    assert len(parcels(shop)) == 1


def test_each_committed_task_runs_once_under_load(shop: Flask, start: ProcessFactory) -> None:
    start.worker("--runners", "2", app=APP)
    committed: list[str] = []

    def submit_fifty() -> None:
        for n in range(50):
            with shop.app_context():
                task_id = place("lamp")
                if n % 5 == 4:
                    db.session.rollback()
                else:
                    db.session.commit()
                    committed.append(task_id)

    threads = [threading.Thread(target=submit_fifty) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(committed) == 160
    find = queue_of(shop).get
    eventually(lambda: all(find(task).status is Status.SUCCEEDED for task in committed), 60)
    ran = parcels(shop)
    assert len(ran) == len(set(ran)) == 160
    assert counts(shop) == {"orders": 160, "tasks": 160}


def test_a_plain_submit_still_runs_beside(shop: Flask, start: ProcessFactory) -> None:
    start.worker("--runners", "1", app=APP)
    assert ship.delay(7).get(timeout=30) == 7
    assert parcels(shop) == [7]


def post(url: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, method="POST")) as answer:
        body: bytes = answer.read()
        return body
