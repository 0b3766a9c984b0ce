"""taskrow: tasks are rows. A durable task queue for Flask on SQLAlchemy."""

from __future__ import annotations

from taskrow.domain.asks import Cancel, Retry
from taskrow.domain.schedule import Schedule
from taskrow.engine.context import TaskContext
from taskrow.engine.functions import TaskFunction
from taskrow.engine.futures import QueueExecutor, TaskFuture
from taskrow.engine.result import AsyncResult
from taskrow.errors import (
    ArgumentsError,
    CancelRequested,
    DatabaseBusyError,
    DatabaseError,
    NoApplicationError,
    NoSuchScheduleError,
    NoSuchTaskError,
    NotATaskError,
    OptionError,
    PlatformError,
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
)
from taskrow.web.async_api import async_api, in_worker
from taskrow.web.extension import TaskQueue

__all__ = [
    "ArgumentsError",
    "AsyncResult",
    "Cancel",
    "CancelRequested",
    "DatabaseBusyError",
    "DatabaseError",
    "NoApplicationError",
    "NoSuchScheduleError",
    "NoSuchTaskError",
    "NotATaskError",
    "OptionError",
    "PlatformError",
    "QueueExecutor",
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
    "async_api",
    "in_worker",
]
