"""A database that cannot be used: 503, when to come again, one sentence, and nothing is made."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from taskrow import DatabaseError, TaskQueue
from tests.apps.doors.tasks import add
from tests.doors.site import open_app
from tests.doors.test_ids import KNOWN_SHAPE


def no_directory(place: Path) -> str:
    return f"sqlite:///{place / 'gone' / 'tasks.db'}"


def newer_schema(place: Path) -> str:
    with open_app(f"sqlite:///{place / 'tasks.db'}") as app, app.app_context():
        add.delay(1, 2)
    database = sqlite3.connect(place / "tasks.db")
    with database:
        database.execute("UPDATE taskrow_alembic_version SET version_num = '9999'")
    database.close()
    return f"sqlite:///{place / 'tasks.db'}"


def no_database(place: Path) -> str:
    (place / "tasks.db").write_text("these are notes, and no database at all\n" * 100)
    return f"sqlite:///{place / 'tasks.db'}"


def a_directory(place: Path) -> str:
    (place / "tasks.db").mkdir()
    return f"sqlite:///{place / 'tasks.db'}"


def another_ones_tables(place: Path) -> str:
    database = sqlite3.connect(place / "tasks.db")
    database.execute("CREATE TABLE customers (id INTEGER)")
    database.close()
    return f"sqlite:///{place / 'tasks.db'}"


def nobody_listens(_: Path) -> str:
    return "postgresql+psycopg://nobody@127.0.0.1:9/nothing?connect_timeout=2"


CASES: list[tuple[Callable[[Path], str], str]] = [
    (no_directory, "its directory does not exist"),
    (newer_schema, "newer than this taskrow knows"),
    (no_database, "file is not a database"),
    (a_directory, "is no file"),
    (another_ones_tables, "run `taskrow upgrade`"),
    (nobody_listens, "cannot be used"),
]


def answers_503(client: FlaskClient, method: str, path: str) -> str:
    response = client.open(path, method=method)
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
    assert "Traceback" not in response.text
    return response.text


@pytest.mark.parametrize(("prepare", "why"), CASES, ids=[prepare.__name__ for prepare, _ in CASES])
def test_every_door_says_so_and_makes_nothing(
    tmp_path: Path, prepare: Callable[[Path], str], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = prepare(tmp_path)
    before = tree(tmp_path)
    with open_app(url, TASKROW_BUSY_TIMEOUT=1) as app:
        client = app.test_client()
        for method, path in (
            ("POST", "/echo/x"),
            ("GET", f"/status/{KNOWN_SHAPE}"),
            ("GET", f"/tasks/{KNOWN_SHAPE}"),
            ("POST", "/rest/things/hat"),
        ):
            caplog.clear()
            assert str(tmp_path) not in answers_503(client, method, path)
            assert why in caplog.text
        with app.app_context(), pytest.raises(DatabaseError, match=why) as caught:
            add.delay(1, 2)
        assert "\n" not in str(caught.value)
    assert tree(tmp_path) == before


def test_it_works_again_as_soon_as_the_database_does(tmp_path: Path) -> None:
    with open_app(no_directory(tmp_path)) as app:
        answers_503(app.test_client(), "POST", "/echo/x")
        (tmp_path / "gone").mkdir()
        assert app.test_client().post("/echo/x").status_code == 202


def test_an_instance_folder_that_cannot_be_made_is_no_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    app = Flask("nowhere", instance_path=str(tmp_path / "file" / "instance"))
    TaskQueue(app)
    answers_503(app.test_client(), "GET", f"/tasks/{KNOWN_SHAPE}")
    assert "its directory does not exist" in caplog.text


def tree(place: Path) -> dict[str, int]:
    """Every file below, and its size; SQLite's own helpers of a file that is one do not count."""
    helpers = ("-wal", "-shm")
    return {str(p): p.stat().st_size for p in place.rglob("*") if not p.name.endswith(helpers)}
