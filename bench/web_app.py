"""What gunicorn serves: hello, the monitor of a task, a submit; and both by bare sqlite3."""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask, Response, jsonify
from sqlalchemy import make_url

from bench.lanes.raw_sql import SUBMIT, connect, now_text
from bench.tasks import FUNCTIONS
from taskrow import TaskQueue
from taskrow.domain.ids import new_id

app = Flask("bench")
app.config.from_prefixed_env()
queue = TaskQueue(app)
for function in FUNCTIONS:
    queue.task(function)

_REQUEST = "INSERT INTO task_requests (task_seq, request, body) VALUES (?, ?, ?)"
_READ = "SELECT status, result FROM tasks WHERE id = ?"
_lock, _own = threading.Lock(), threading.local()
_file = Path(str(make_url(app.config["TASKROW_DATABASE_URL"]).database))
_writer: list[sqlite3.Connection] = []


@app.get("/hello")
def hello() -> str:
    """What this server can at best."""
    return "hello"


@app.post("/report/<int:year>")
@queue.async_api
def report(year: int) -> str:
    """A view that a worker would run; none does here."""
    return f"{year}"


@app.get("/raw/<task_id>")
def read(task_id: str) -> Response:
    """A row by its key, and no more."""
    if not hasattr(_own, "rows"):
        _own.rows = connect(_file)
    status, result = _own.rows.execute(_READ, (task_id,)).fetchone()
    return jsonify(state=status, result=result)


@app.post("/raw/<int:year>")
def submit(year: int) -> tuple[str, int, dict[str, str]]:
    """The rows of a stored request in one commit, and no more."""
    task_id, now = new_id(datetime.now(UTC)), now_text()
    with _lock:
        if not _writer:
            _writer.append(connect(_file))
        rows = _writer[0]
        rows.execute("BEGIN IMMEDIATE")
        seq = rows.execute(SUBMIT, (task_id, "raw", f"[{year}]", now, now)).lastrowid
        rows.execute(_REQUEST, (seq, '{"method": "POST"}', b""))
        rows.execute("COMMIT")
    return "accepted", 202, {"Location": f"/status/{task_id}"}
