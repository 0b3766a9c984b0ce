"""What a task function that asked for it (``bind=True``) sees of its own task: ``self``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from taskrow.domain.asks import Retry
from taskrow.domain.payload import encode_progress
from taskrow.errors import CommitError, RetriesExhausted

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, scoped_session

PROGRESS = "PROGRESS"
Work = Callable[["Session"], object]


def _nobody_knows() -> None:
    """The due time of a task that no schedule has submitted."""


class TaskRequest(NamedTuple):
    """Which task this is, and how often it was tried.

    retries: how many earlier attempts ended in an exception. max_retries: how many may. find_due_at
    is how ``due_at`` is found.
    """

    id: str | None = None
    name: str = ""
    attempt: int = 1
    retries: int = 0
    max_retries: int = 0
    called_directly: bool = False
    find_due_at: Callable[[], datetime | None] = _nobody_knows

    @property
    def due_at(self) -> datetime | None:
        """The due time (UTC) for which a schedule submitted the task; None: none did.

        It is read when it is asked for. A task that waited may run long after it.
        """
        return self.find_due_at()

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}={value!r}" for name, value in zip(self._fields, self[:-1], strict=False)
        )
        return f"TaskRequest({shown})"


class Line:
    """How a task reaches the world outside its function. This one reaches nobody."""

    __slots__ = ()

    def report(self, progress: str) -> None:
        """Take progress (JSON text)."""

    def check(self) -> None:
        """Raise if the task should stop."""

    def asked(self) -> bool:
        """Whether somebody asked it to stop."""
        return False

    def commit(self, work: Work, result: Any, progress: str | None) -> None:
        """Run the work and end the task with the result and its last progress."""

    def check_session(self, session: Any) -> None:
        """CommitError unless it leads to the task's own database (engine/committing.py)."""


_NOBODY = Line()


class TaskContext:
    """The ``self`` of a bound task function."""

    def __init__(self, request: TaskRequest, line: Line | None = None) -> None:
        self.request = request
        self._line = line or _NOBODY
        self._progress: str | None = None
        self.given_up: BaseException | None = None  # what self.retry() raised as the last word
        self.committed = False  # the task is over, whatever its function does now
        self.committed_result: Any = None

    def update_state(self, state: str = PROGRESS, meta: Mapping[str, Any] | None = None) -> None:
        """Say how far the task is. ``meta`` is a mapping of JSON, usually current, total, status.

        The row shows it within 100 ms; of several in between the last one counts.
        CancelRequested when somebody asked the task to stop; ArgumentsError when meta is no JSON;
        CommitError after self.commit().
        """
        progress = encode_progress(state, meta or {})
        if self.committed:
            raise CommitError("the task is over since its self.commit(): it has no progress now")
        self._line.check()
        self._progress = progress
        self._line.report(progress)

    def cancelled(self) -> bool:
        """Whether somebody asked the task to stop; the next update_state raises CancelRequested."""
        return self._line.asked()

    def commit(
        self,
        work: Work,
        result: Any = None,
        *,
        session: Session | scoped_session[Any] | None = None,
    ) -> None:
        """End the task: what ``work`` writes and its success with ``result``, both or neither.

        ``work`` gets an SQLAlchemy session on taskrow's own database, inside a write transaction:
        keep it short, and write there only. It is run once at most; whatever it raises is raised
        here, and nothing is written. After it the task is over: what the function returns is
        ignored. ClaimLost when the task was taken from this worker; CommitError when a table is not
        in that database, or at a second commit; ResultError; DatabaseError.

        session: the one that your models go through elsewhere (``db.session``). It is not used, but
        a commit is refused (CommitError) where it leads to another database than taskrow's.
        """
        if self.committed:
            raise CommitError("the task is over since its first self.commit(): one is all it has")
        if not callable(work):
            raise CommitError(f"self.commit() takes a function of a session, not {work!r}")
        if session is not None:
            self._line.check_session(session)
        self._line.commit(work, result, self._progress)
        self.committed, self.committed_result = True, result

    def retry(
        self,
        exc: BaseException | None = None,
        countdown: float | timedelta | None = None,
        max_retries: int | None = None,
    ) -> NoReturn:
        """Ask to be run again: raises what says so, as in Celery.

        exc: what went wrong; it is raised when no retries are left (else RetriesExhausted), and
        when the function was called directly. countdown: seconds; None is the function's backoff.
        max_retries: instead of the task's ``retries``. OptionError when one of them is wrong.
        """
        again = Retry(after=countdown, exc=exc, max_retries=max_retries)
        if self.request.called_directly:
            raise exc or again
        limit = self.request.max_retries if max_retries is None else max_retries
        if self.request.retries < limit:
            raise again
        self.given_up = exc or RetriesExhausted(
            f"the task asked to be run again, but its {limit} retries are used"
        )
        raise self.given_up
