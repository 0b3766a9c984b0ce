"""Tasks that end themselves by self.commit(), each with an effect in a table that tests count."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from taskrow import SoftTimeout, TaskContext, TaskQueue
from tests.apps.basic import rest

app = Flask(__name__)
app.config.from_prefixed_env()
queue = TaskQueue(app)


class Base(DeclarativeBase):
    pass


class Effect(Base):
    """One row for each time that something was done."""

    __tablename__ = "effects"

    id: Mapped[int] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column()
    attempt: Mapped[int] = mapped_column()


missing = Table("elsewhere", MetaData(), Column("id", Integer), Column("word", String))


def note(self: TaskContext, session: Session) -> None:
    session.add(Effect(task=self.request.id, attempt=self.request.attempt))


def wait_for(gate: str) -> None:
    while not Path(gate).exists():
        rest(0.01)


@queue.task(bind=True)
def write(self: TaskContext) -> str:
    self.update_state(meta={"current": 3, "total": 4})
    self.commit(lambda session: note(self, session), result={"done": self.request.attempt})
    return "ignored"


@queue.task(bind=True)
def go_on(self: TaskContext, how: str, mark: str = "") -> object:
    """Does what should not be done after a commit."""
    self.commit(lambda session: note(self, session), result=how)
    if how == "raise":
        raise ValueError("too late")
    if how == "commit":
        self.commit(lambda session: note(self, session))
    if how == "update":
        self.update_state(meta={"current": 1})
    if how == "exit":
        os._exit(3)
    if how == "wait":
        Path(mark).touch()
        wait_for(f"{mark}-gate")
        Path(f"{mark}-end").touch()
    return object()


@queue.task(bind=True)
def spoil(self: TaskContext, how: str) -> None:
    """Writes, and then spoils it."""

    def work(session: Session) -> None:
        note(self, session)
        session.flush()
        if how == "raise":
            raise ValueError("spoiled")
        if how == "table":
            session.execute(insert(missing), {"id": 1, "word": "x"})
        if how == "rollback":
            session.rollback()
        if how == "caught":
            with suppress(DBAPIError):
                session.execute(insert(missing), {"id": 1, "word": "x"})
        if how == "end":
            session.execute(text("ROLLBACK"))
        if how == "exit":
            raise SystemExit(4)

    async def later(session: Session) -> None:
        note(self, session)

    given: Any = {"async": later, "word": "no function"}.get(how, work)
    self.commit(given, result=object() if how == "result" else None)


@queue.task(bind=True)
def own_commit(self: TaskContext) -> None:
    """Commits the session itself, which changes nothing; then raises."""

    def work(session: Session) -> None:
        note(self, session)
        session.commit()
        raise ValueError("and yet not")

    self.commit(work)


@queue.task(bind=True)
def with_child(self: TaskContext, fails: bool) -> None:
    """Submits a task within the commit."""

    def work(session: Session) -> None:
        child = write.delay()
        note(self, session)
        if fails:
            raise ValueError(child.id)

    self.commit(work, result="submitted")


@queue.task(bind=True)
def stand(self: TaskContext, mark: str, gate: str, before: bool = False) -> None:
    """Waits at its attempt's gate, before its commit or in it; tells its process in ``mark``."""

    def wait() -> None:
        with Path(mark).open("a") as file:
            file.write(f"{os.getpid()}\n")
        wait_for(f"{gate}-{min(2, self.request.attempt)}")

    def work(session: Session) -> None:
        note(self, session)
        session.flush()
        if not before:
            wait()

    if before:
        wait()
    self.commit(work, result=self.request.attempt)


@queue.task(bind=True, soft_timeout=0.3)
def overstay(self: TaskContext) -> str:
    """Is too long in its commit, and cleans up."""

    def work(session: Session) -> None:
        note(self, session)
        rest(30)

    try:
        self.commit(work)
    except SoftTimeout:
        return "cleaned up"
    return "never"
