"""What child processes do beside a backup or a restore. Each gets the line to its test first."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from taskrow.storage.database import open_database
from taskrow.storage.doorbell import open_doorbell
from taskrow.storage.liveness import show_life
from taskrow.storage.submit import WORK
from tests.storage.processes import Line
from tests.storage.rows import add


def submit_and_note(line: Line, url: str, noted: Path) -> None:
    """Submit as fast as it goes until told to stop; note each id once its submit has returned."""
    database = open_database(url, busy_timeout=30)
    with noted.open("a", buffering=1) as notes:
        while not line.is_told():
            notes.write(add(database, args="x" * 2000) + "\n")
    database.close()


def stay_connected(line: Line, url: str) -> None:
    """Read once, as a web server does, and then keep what is open until told."""
    database = open_database(url, busy_timeout=5)
    with database.read() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM tasks").fetchall()
    line.say("connected")
    line.wait()
    database.close()


def show_a_sign_alone(line: Line, url: str, worker: str) -> None:
    """Live as a worker whose database is in trouble: nothing of it is open."""
    database = open_database(url, busy_timeout=5)
    bell = open_doorbell(database, WORK)
    sign = show_life(database, worker, bell)
    bell.close()
    database.close()
    line.say("alive")
    line.wait()
    sign.close()


def read_until_told(line: Line, url: str) -> None:
    """Read in one transaction, as somebody who has forgotten to end it."""
    with closing(sqlite3.connect(str(make_url(url).database), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM tasks").fetchone()
        line.say("reading")
        line.wait()
