"""``self.commit``: a task's own writes and its success in one transaction, behind the fence.

The runner writes it, as the only thing that a runner ever writes of a task's state. A crash before
the COMMIT leaves nothing, and the task runs again; after it, the task has succeeded.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, NoReturn

from sqlalchemy import Connection
from sqlalchemy import exc as sql_errors

from taskrow.domain.payload import encode_result
from taskrow.domain.task import Status
from taskrow.engine.context import Line, Work
from taskrow.engine.messages import COMMITTED, COMMITTING, UNCOMMITTED
from taskrow.errors import ClaimLost, CommitError, DatabaseError
from taskrow.storage import claims, finish
from taskrow.storage.alone import WorkFailed
from taskrow.storage.claims import Claim
from taskrow.storage.database import plain_errors
from taskrow.storage.finish import Ending
from taskrow.storage.joined import leads_to
from taskrow.storage.submit import DONE, ring

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine

_REST = 0.1  # seconds between tries while the database cannot be used
_NO_SUCH_TABLE = "42P01"


class DirectLine(Line):
    """The line of a function that was called directly: there is no task behind it."""

    __slots__ = ("_engine",)

    def __init__(self, engine: Callable[[], QueueEngine]) -> None:
        self._engine = engine

    def commit(self, work: Work, *_: object) -> None:
        commit_directly(self._engine(), work)

    def check_session(self, session: Any) -> None:
        check_session(self._engine(), session)


def commit_directly(engine: QueueEngine, work: Work) -> None:
    """The work of a function that was called directly: a transaction, but no task to end."""
    _write(engine, lambda connection: _do(work, connection), lambda _: None)


def check_session(engine: QueueEngine, session: Any) -> None:
    """CommitError unless a session of the application's leads to taskrow's database."""
    from sqlalchemy.orm import Session, scoped_session  # who has no session need not load it

    plain = session() if isinstance(session, scoped_session) else session
    if not isinstance(plain, Session):
        raise CommitError(f"session must be an SQLAlchemy session, not {session!r}")
    bind = plain.get_bind()
    with bind.engine.connect() as connection:
        if leads_to(connection, engine.database):
            return
    raise CommitError(
        f"the session leads to {bind.engine.url.render_as_string(hide_password=True)}, and the "
        f"task is in {engine.database.place}: no transaction spans the two, so self.commit() "
        "cannot; point TASKROW_DATABASE_URL at the session's database"
    )


class Committer:
    """Commits one attempt. ``fence`` is its claim's, ``say`` tells the supervisor by the kind.

    ``logs`` gives what the attempt has logged so far.
    """

    def __init__(
        self,
        engine: QueueEngine,
        fence: dict[str, Any],
        say: Callable[[str], None],
        logs: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._engine, self._fence, self._say, self._logs = engine, fence, say, logs
        self._begun = False
        self._claim: Claim

    def commit(self, work: Work, result: Any, progress: str | None) -> None:
        """Run ``work`` and end the task, or neither. ``progress`` is JSON text, the last word.

        ClaimLost when the task is not this attempt's any more; whatever ``work`` raises.
        """
        text = encode_result(result, limit=self._engine.settings.max_payload)
        self._begun = False
        try:
            self._commit_patiently(work, lambda c: self._succeed(c, text, progress))
        except BaseException:
            self._say(UNCOMMITTED)
            raise
        self._say(COMMITTED)

    def _commit_patiently(self, work: Work, then: Callable[[Connection], None]) -> None:
        """Until the work has begun, trouble with the database is waited out, for a lease."""
        deadline = time.monotonic() + self._engine.settings.lease
        while True:
            try:
                _write(self._engine, lambda connection: self._run(work, connection), then)
            except DatabaseError:
                if self._begun or time.monotonic() > deadline:
                    raise
                time.sleep(_REST)
            else:
                return

    def _run(self, work: Work, connection: Connection) -> None:
        self._say(COMMITTING)
        with plain_errors(self._engine.database.place):
            claim = claims.find_held(connection, self._fence)
        if claim is None:
            raise ClaimLost
        self._claim, self._begun = claim, True
        _do(work, connection)

    def _succeed(self, connection: Connection, result: str, progress: str | None) -> None:
        # Only now is the row locked: work that takes long must not hold up its own heartbeat.
        now = self._engine.clock()
        ending = Ending(
            claim=self._claim,
            status=Status.SUCCEEDED,
            result=result,
            progress=progress,
            logs=self._logs(),
            purge_at=self._engine.purge_at(self._claim.name, Status.SUCCEEDED, now),
        )
        if not finish.end(connection, ending, now=now):
            raise ClaimLost
        ring(connection, DONE)


def _write(
    engine: QueueEngine, work: Callable[[Connection], None], then: Callable[[Connection], None]
) -> None:
    """One transaction; what the user's code raised comes out as it was."""
    try:
        engine.database.write_alone(work, then)
    except WorkFailed as failed:
        error = failed.error
    else:
        return
    _raise(error, engine.database.place)


def _raise(error: Exception, place: str) -> NoReturn:
    if isinstance(error, sql_errors.DBAPIError) and _misses_a_table(error):
        raise CommitError(
            f"the work of self.commit() needs a table that is not in taskrow's database {place} "
            f"({str(error.orig).strip().splitlines()[0]}): it shares the transaction of the task's "
            "success, so its tables must be in the same database; point TASKROW_DATABASE_URL at "
            "theirs, or write without self.commit()"
        ) from error
    raise error


def _misses_a_table(error: sql_errors.DBAPIError) -> bool:
    missing = getattr(error.orig, "sqlstate", None) == _NO_SUCH_TABLE
    return missing or "no such table" in str(error.orig)


def _do(work: Work, connection: Connection) -> None:
    from sqlalchemy.orm import Session

    # A commit of the session's own stays within the transaction; a rollback is noticed.
    with Session(connection, join_transaction_mode="rollback_only") as session:
        done = work(session)
        if isinstance(done, Coroutine):
            done.close()
            raise CommitError("the work of self.commit() must be a plain function, not async")
        session.flush()
