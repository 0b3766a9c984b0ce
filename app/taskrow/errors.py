"""Every error that taskrow raises: one base class, one sentence a class.

The sentence in a class's docstring is also its message where none is given, so an error always says
what happened and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class TaskrowError(Exception):
    """Something went wrong in taskrow."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").split("\n", 1)[0])


class SettingsError(TaskrowError):
    """A setting of taskrow is wrong."""


class OptionError(TaskrowError, TypeError):
    """An option of a task function is wrong."""


class UnknownTaskError(TaskrowError, LookupError):
    """No task function is registered under this name."""


class NotATaskError(TaskrowError, TypeError):
    """Only task functions can be submitted: decorate the function with @queue.task."""


class ArgumentsError(TaskrowError, TypeError):
    """The arguments of a task must be JSON."""


class ResultError(TaskrowError, TypeError):
    """The result of a task must be JSON."""


class DamagedTaskError(TaskrowError):
    """What is stored of the task is not what was submitted, so it is not run: submit it again."""


class CredentialsError(TaskrowError):
    """The credentials of a stored request cannot be kept, or cannot be opened."""


class NoApplicationError(TaskrowError, RuntimeError):
    """taskrow does not know which application this is: push an app context or call init_app."""


class DatabaseError(TaskrowError):
    """The task database cannot be used."""


class DatabaseBusyError(DatabaseError):
    """The task database was busy for too long: try again."""


class DiskFullError(DatabaseError):
    """The disk of the task database is full, or nearly: free some space."""


class QueueFullError(DatabaseError):
    """As many tasks wait as may wait: try again later, or run more workers."""


class PartlySubmittedError(DatabaseError):
    """The database failed in the middle of a bulk submit: ``submitted`` are those that are in."""

    def __init__(self, message: str | None = None, submitted: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.submitted = list(submitted)


class SchemaError(DatabaseError):
    """The tables of the task database do not fit this version of taskrow."""


class PlatformError(TaskrowError):
    """A worker needs Linux or macOS: on Windows run it in WSL or in a container."""


class NoSuchTaskError(TaskrowError, LookupError):
    """There is no such task: it never was, or it has been purged."""


class NoSuchScheduleError(TaskrowError, LookupError):
    """There is no schedule of this name."""


class TaskExistsError(TaskrowError, ValueError):
    """There is a task with this id already."""


class TransitionError(TaskrowError):
    """The task is in a status that does not allow this."""


class KeyHeldError(TransitionError):
    """Another task that is not over holds the unique key of this one."""


class CredentialsGoneError(CredentialsError, TransitionError):
    """The credentials of the task's request were erased when it ended, so it cannot run again."""


class CancelRequested(TaskrowError):  # noqa: N818 - it is a request, not a mistake
    """The task that is running was asked to stop."""


class SoftTimeout(TaskrowError):  # noqa: N818 - reads as what happened to the task
    """The task has run longer than its soft_timeout: clean up and end."""


class RetriesExhausted(TaskrowError):  # noqa: N818 - reads as what happened to the task
    """The task asked to be run again, but its retries are used up."""


class TaskCancelled(TaskrowError):  # noqa: N818 - reads as what happened to the task
    """The task was cancelled, so it has no result."""


class TaskFailed(TaskrowError):  # noqa: N818 - reads as what happened to the task
    """The task failed: ``type`` names the exception that it raised, ``str()`` is its message."""

    type: str = "Exception"

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class TaskTimeout(TaskFailed):
    """The task ran longer than its timeout, and its process was ended."""

    type = "TaskTimeout"


class CommitError(TaskrowError):
    """What a task hands to self.commit() cannot be committed with it."""


class ClaimLost(CommitError):  # noqa: N818 - reads as what happened to the task
    """This attempt was taken from its worker, so nothing of it is committed."""


class WaitRefused(TaskrowError):  # noqa: N818 - reads as what happened to the task
    """The task may not wait for another: too many tasks of its worker wait already."""
