"""What a task raises to say how it wants to end."""

from __future__ import annotations

from datetime import timedelta

from taskrow.domain.checks import check_whole
from taskrow.domain.seconds import to_seconds
from taskrow.errors import OptionError, TaskrowError


class Retry(TaskrowError):  # noqa: N818 - it is a request, not a mistake
    """The task asked to be run again."""

    after: float | None = None
    exc: BaseException | None = None
    max_retries: int | None = None

    def __init__(
        self,
        message: str | None = None,
        *,
        after: float | timedelta | None = None,
        exc: BaseException | None = None,
        max_retries: int | None = None,
    ) -> None:
        """Ask for another attempt.

        after: seconds; None is the function's backoff. exc: what went wrong, for the row to show.
        max_retries: a limit instead of the task's ``retries``. OptionError when one is wrong.
        """
        super().__init__(message)
        if exc is not None and not isinstance(exc, BaseException):
            raise OptionError(f"exc must be an exception, not {exc!r}")
        if max_retries is not None:
            check_whole("max_retries", max_retries)
        self.after = None if after is None else to_seconds("after", after)
        self.exc, self.max_retries = exc, max_retries

    @property
    def reason(self) -> BaseException | None:
        """What went wrong: as it was given, or the exception that was handled meanwhile."""
        handled = None if self.__suppress_context__ else self.__context__
        return self.exc or self.__cause__ or handled


class Cancel(TaskrowError):  # noqa: N818 - it is a request, not a mistake
    """The task cancelled itself."""
