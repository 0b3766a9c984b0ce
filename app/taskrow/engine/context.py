"""What a task function that asked for it (``bind=True``) sees of its own task: ``self``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn

from taskrow.domain.asks import Retry
from taskrow.domain.payload import encode_progress
from taskrow.errors import RetriesExhausted

PROGRESS = "PROGRESS"


@dataclass(frozen=True, kw_only=True)
class TaskRequest:
    """Which task this is, and how often it was tried.

    retries: how many earlier attempts ended in an exception. max_retries: how many may.
    """

    id: str | None = None
    name: str = ""
    attempt: int = 1
    retries: int = 0
    max_retries: int = 0
    called_directly: bool = False


class TaskContext:
    """The ``self`` of a bound task function."""

    def __init__(
        self,
        request: TaskRequest,
        report: Callable[[str], None] = lambda _: None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self.request = request
        self._report, self._check = report, check
        self.given_up: BaseException | None = None  # what self.retry() raised as the last word

    def update_state(self, state: str = PROGRESS, meta: Mapping[str, Any] | None = None) -> None:
        """Say how far the task is. ``meta`` is a mapping of JSON, usually current, total, status.

        The row shows it within 100 ms; of several in between the last one counts.
        CancelRequested when somebody asked the task to stop; ArgumentsError when meta is no JSON.
        """
        progress = encode_progress(state, meta or {})
        self._check()
        self._report(progress)

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
