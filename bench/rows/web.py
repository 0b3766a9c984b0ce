"""Over HTTP: status and submit against hello world on the same server."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from statistics import mean

from bench.figures import Column, Row
from bench.remote import NoAnswer
from bench.rounds import Group, Round
from bench.tables import make_table
from bench.web import ROOT, Web, serving

_CLIENTS, _THREADS, _TASKS = 8, 4, 1000
_SUBMIT = "/2026"

HTTP = Row(
    "http",
    "over HTTP: gunicorn, one process, four threads, eight clients",
    (
        Column("hello", "of the server's hello world", "%"),
        Column("rate", "requests a second", "/s"),
    ),
    "`GET /status/<id>` of finished tasks; `POST` to an `async_api` view, answered when committed.",
    ours="",
)
_LINES = (  # whose, variant, title, request, status
    ("taskrow", "@status", "taskrow: status", "GET /status/", 200),
    ("raw", "@status", "bare sqlite3: a row by its key", "GET /raw/", 200),
    ("taskrow", "@submit", "taskrow: `async_api`", f"POST /report{_SUBMIT}", 202),
    ("raw", "@submit", "bare sqlite3: its two rows", f"POST /raw{_SUBMIT}", 202),
)


def _http(round_: Round) -> None:
    seconds = 1.0 if round_.quick else 3.0
    whose = {contender.name: contender for contender in round_.contenders}
    with tempfile.TemporaryDirectory(dir=round_.places.directory) as directory:
        file = make_table(Path(directory) / "tasks.db", "finished", _TASKS)
        ids = _ids(file)
        environment = {"FLASK_TASKROW_DATABASE_URL": f"sqlite:///{file}"}
        with serving("bench.web_app:app", environment, threads=_THREADS) as web:
            _load(web, 0.5, 200, ["GET /hello"])
            for name, variant, title, request, status in _LINES:
                if name not in whose:
                    continue
                asked = [f"{request}{each}" for each in ids] if status == 200 else [request]
                with round_.noting(whose[name]):
                    _load(web, 0.2, status, asked)
                    before = _load(web, seconds / 2, 200, ["GET /hello"])
                    rate = _load(web, seconds, status, asked)
                    after = _load(web, seconds / 2, 200, ["GET /hello"])
                    values = {"hello": rate / mean((before, after)), "rate": rate}
                    round_.record(HTTP.name, whose[name], values, variant, title)


def _ids(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as reader:
        return [row[0] for row in reader.execute("SELECT id FROM tasks")]


def _load(web: Web, seconds: float, status: int, requests: list[str]) -> float:
    """Requests a second, by clients in a process of their own."""
    numbers = map(str, (web.port, _CLIENTS, seconds, status))
    done = subprocess.run(
        [sys.executable, "-m", "bench.clients", *numbers],
        cwd=ROOT,
        input="\n".join(requests),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise NoAnswer(f"FAILED: {done.stderr.strip().splitlines()[-1]}")
    return float(done.stdout)


GROUPS = (Group((HTTP,), ("taskrow", "raw"), _http),)
