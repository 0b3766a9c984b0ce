"""Celery's exceptions, as taskrow raises them."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from taskrow.celery.missing import refusing_imports
from taskrow.domain.asks import Cancel, Retry
from taskrow.errors import (
    RetriesExhausted,
    SoftTimeout,
    TaskCancelled,
    TaskrowError,
    TaskTimeout,
    UnknownTaskError,
)

CeleryError = TaskrowError
MaxRetriesExceededError = RetriesExhausted
SoftTimeLimitExceeded = SoftTimeout
TimeLimitExceeded = TaskTimeout
TaskRevokedError = TaskCancelled
NotRegistered = UnknownTaskError
TimeoutError = builtins.TimeoutError  # noqa: A001 - Celery's own name for it


class Ignore(Cancel):
    """The task ended itself without a result; its state is REVOKED, as rows must end somehow."""


__all__ = [
    "CeleryError",
    "Ignore",
    "MaxRetriesExceededError",
    "NotRegistered",
    "Retry",
    "SoftTimeLimitExceeded",
    "TaskRevokedError",
    "TimeLimitExceeded",
    "TimeoutError",
]


if not TYPE_CHECKING:  # a type checker tells by itself
    __getattr__ = refusing_imports(__name__)
