"""The audit of an image notices each thing in a row that is not what a client was told."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask, request
from flask.typing import ResponseReturnValue

from taskrow import TaskQueue
from taskrow.testing.driven import driven
from tests.faults.power.audit import Promised, audit
from tests.faults.power.journal import Promises, read_journal

_BODY = '{"some": "body"}'
_OVERWRITTEN = {
    "name = 'add2'": "was accepted as",
    "args = '{\"args\": [20, 23]}'": "was accepted as",
    'args = \'{"args": [20, 22], "kwargs": {"one": 1}}\'': "was accepted as",
    "args = '[20, 22]'": "was accepted as",
    "args = 'no JSON'": "cannot be read",
    "queue = 'other'": "was accepted as",
    "priority = 1": "was accepted as",
    "result = '43'": "had ended as",
    "result = NULL": "had ended as",
    "status = 'failed'": "had ended as",
    "status = 'done'": "is no status",
    "id = 'another'": "accepted tasks are gone",
}
_OF_ITS_REQUEST = {
    "body = X'00'": "was accepted as",
    "response_status = 200": "had answered",
    "response_status = NULL": "had answered",
    "response_body = X'00'": "had answered",
    "response_body = NULL": "had answered",
}


@pytest.fixture(scope="module")
def promised(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Promised]:
    """A file with a task and a view that have ended, and what a client knows of them."""
    directory = tmp_path_factory.mktemp("image")
    app = Flask(__name__)
    queue = TaskQueue(app)

    @queue.task(name="add")
    def add(one: int, other: int) -> int:
        return one + other

    @app.post("/view")
    @queue.async_api
    def view() -> ResponseReturnValue:
        return request.get_data() * 2, 201

    promises = Promises(directory / "journal")
    with driven(app, directory / "tasks.db") as tasks:
        with app.app_context():
            promises.accepted(added := add.delay(20, 22).id, "add", [20, 22])
        client = app.test_client()
        location = client.post("/view", data=_BODY).headers["Location"]
        promises.accepted(viewed := location.rpartition("/")[2], "view:view", [], body=_BODY)
        tasks.run_pending()
        promises.ended(added, "succeeded", 42)
        promises.ended(viewed, "succeeded", None, (201, _BODY.encode() * 2))
    promises.close()
    known = Promised()
    for entry in read_journal(directory / "journal"):
        known.add(entry.promise)
    return directory / "tasks.db", known


def test_nothing_is_wrong_with_what_is_as_it_was(promised: tuple[Path, Promised]) -> None:
    assert audit(*promised) == []


@pytest.mark.parametrize("change", [*_OVERWRITTEN, *_OF_ITS_REQUEST])
def test_what_was_overwritten_is_noticed(
    promised: tuple[Path, Promised], tmp_path: Path, change: str
) -> None:
    file, known = promised
    image = tmp_path / "image.db"
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(image)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA ignore_check_constraints = on")
        for (trigger,) in copy.execute(_TRIGGERS).fetchall():
            copy.execute(f"DROP TRIGGER {trigger}")  # a disk asks nobody
        table, where = ("tasks", "name = 'add'") if change in _OVERWRITTEN else _REQUESTS
        assert copy.execute(f"UPDATE {table} SET {change} WHERE {where}").rowcount == 1
        copy.commit()
    wrongs = audit(image, known)
    assert any((_OVERWRITTEN | _OF_ITS_REQUEST)[change] in wrong for wrong in wrongs), wrongs


_TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
_REQUESTS = ("task_requests", "true")
