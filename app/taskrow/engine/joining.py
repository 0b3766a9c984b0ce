"""Join a task to a transaction of the application's own: a session's, or a connection's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import UnboundExecutionError

from taskrow.errors import OptionError, SettingsError
from taskrow.storage import joined
from taskrow.storage.database import Database, plain_errors

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, scoped_session

    from taskrow.engine.queue import QueueEngine

T = TypeVar("T")
Joinable: TypeAlias = "Session | scoped_session[Any] | Connection"
Bind: TypeAlias = "Engine | Connection"

_ASYNC = "an async session cannot be joined: submit after its commit, or use a session that waits"


class Surroundings:
    """The database session of the application around a queue; here there is none."""

    def session(self) -> Joinable | None:
        """The session of the current context; None outside of one."""
        return None

    def engines_of(self, session: Session) -> Iterable[Engine]:  # noqa: ARG002
        """The engines that a session uses beside its default one."""
        return ()


def connection_to_join(queue: QueueEngine, session: Joinable | bool | None) -> Connection | None:
    """The connection that a task is written on; None: in a transaction of taskrow's own.

    session: what the caller gave. None asks the setting TASKROW_JOIN_SESSION, True joins the
    application's session, False joins none. OptionError where it is no session; SettingsError where
    it is one of another database.
    """
    if session is None or isinstance(session, bool):
        wanted = queue.settings.join_session if session is None else session
        given, session = session, queue.surroundings.session() if wanted else None
        if given is True and session is None:
            raise OptionError("session=True asks for db.session: push an application's context")
    if session is None:
        return None
    database = queue.unchecked_database
    if database.dialect != "sqlite":  # which of its schemas it is shows by our tables there
        database = queue.database
    with plain_errors(database.place):
        return _find_connection(database, _plain(session), queue.surroundings)


def write_on(queue: QueueEngine, connection: Connection, work: Callable[[Connection], T]) -> T:
    """Run ``work`` in the connection's transaction, which the caller commits or rolls back."""
    database = queue.ready_beside(connection)
    with plain_errors(database.place):
        joined.begin(connection, database, timeout=queue.settings.busy_timeout)
        return work(connection)


def _plain(session: Any) -> Session | Connection:
    """The session behind a scoped one. OptionError for what is no session, or an async one."""
    from sqlalchemy.orm import Session, scoped_session  # who has no session need not load it

    if isinstance(session, scoped_session):
        session = session()
    if any(kind.__module__.startswith("sqlalchemy.ext.asyncio") for kind in type(session).__mro__):
        raise OptionError(_ASYNC)
    if not isinstance(session, Session | Connection):
        raise OptionError(
            f"session must be an SQLAlchemy Session or Connection, not {session!r}: "
            "write apply_async(..., session=db.session)"
        )
    return session


def _find_connection(
    database: Database, session: Session | Connection, surroundings: Surroundings
) -> Connection:
    others = []
    for bind in _binds_of(session, surroundings):
        if bind.dialect.is_async:
            raise OptionError(_ASYNC)
        if bind.dialect.name == database.dialect:
            connection = _connect(session, bind)
            if joined.leads_to(connection, database):
                return connection
        others.append(bind.engine.url.render_as_string(hide_password=True))
    raise SettingsError(
        f"the session is of {' and '.join(others) or 'no database'}, and the tasks are in "
        f"{database.place}: no transaction spans the two; set TASKROW_DATABASE_URL to the "
        "session's database, or submit with session=False"
    )


def _binds_of(session: Session | Connection, surroundings: Surroundings) -> list[Bind]:
    """The engines of a session, its default one first."""
    if isinstance(session, Connection):
        return [session]
    binds: list[Bind] = []
    with suppress(UnboundExecutionError):  # it may have engines for its models alone
        binds.append(session.get_bind())
    for bind in (*session.binds.values(), *surroundings.engines_of(session)):
        if bind not in binds:
            binds.append(bind)
    return binds


def _connect(session: Session | Connection, bind: Bind) -> Connection:
    if isinstance(session, Connection):
        return session
    return session.connection(bind_arguments={"bind": bind})
