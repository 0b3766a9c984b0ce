"""The public names of taskrow: what ``from taskrow import ...`` finds."""

from __future__ import annotations

from taskrow.domain.asks import Cancel, Retry
from taskrow.domain.schedule import Schedule
from taskrow.engine.calls import Call
from taskrow.engine.context import TaskContext
from taskrow.engine.executor import QueueExecutor
from taskrow.engine.functions import TaskFunction
from taskrow.engine.futures import TaskFuture
from taskrow.engine.jobs import Job
from taskrow.engine.result import AsyncResult
from taskrow.errors import (
    ArgumentsError,
    CancelRequested,
    ClaimLost,
    CommitError,
    CredentialsGoneError,
    DamagedTaskError,
    DatabaseBusyError,
    DatabaseError,
    DiskFullError,
    NoApplicationError,
    NoSuchScheduleError,
    NoSuchTaskError,
    NotATaskError,
    OptionError,
    PartlySubmittedError,
    PlatformError,
    QueueFullError,
    ResultError,
    RetriesExhausted,
    SchemaError,
    SettingsError,
    SoftTimeout,
    TaskCancelled,
    TaskExistsError,
    TaskFailed,
    TaskrowError,
    TaskTimeout,
    TransitionError,
    UnknownTaskError,
    WaitRefused,
)
from taskrow.web.async_api import async_api, in_worker
from taskrow.web.executor import Executor
from taskrow.web.extension import TaskQueue

__all__ = [
    "ArgumentsError",
    "AsyncResult",
    "Call",
    "Cancel",
    "CancelRequested",
    "ClaimLost",
    "CommitError",
    "CredentialsGoneError",
    "DamagedTaskError",
    "DatabaseBusyError",
    "DatabaseError",
    "DiskFullError",
    "Executor",
    "Job",
    "NoApplicationError",
    "NoSuchScheduleError",
    "NoSuchTaskError",
    "NotATaskError",
    "OptionError",
    "PartlySubmittedError",
    "PlatformError",
    "QueueExecutor",
    "QueueFullError",
    "ResultError",
    "RetriesExhausted",
    "Retry",
    "Schedule",
    "SchemaError",
    "SettingsError",
    "SoftTimeout",
    "TaskCancelled",
    "TaskContext",
    "TaskExistsError",
    "TaskFailed",
    "TaskFunction",
    "TaskFuture",
    "TaskQueue",
    "TaskTimeout",
    "TaskrowError",
    "TransitionError",
    "UnknownTaskError",
    "WaitRefused",
    "async_api",
    "in_worker",
]
