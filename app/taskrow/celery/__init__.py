"""Celery's words over taskrow: a project ports by ``from taskrow.celery import Celery``.

docs/from-celery.md says what changes and what is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from werkzeug.local import LocalProxy

from taskrow.celery.application import Celery
from taskrow.celery.binding import default_celery
from taskrow.celery.canvas import Signature
from taskrow.celery.declaring import shared_task
from taskrow.celery.missing import refusing_imports
from taskrow.celery.request import running_task
from taskrow.celery.result import AsyncResult
from taskrow.celery.task import Task
from taskrow.domain.ids import new_id
from taskrow.engine.clock import utc_now

if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "AsyncResult",
    "Celery",
    "Signature",
    "Task",
    "current_app",
    "current_task",
    "shared_task",
    "signature",
    "uuid",
]

current_task = cast("Task[..., Any]", LocalProxy(running_task))
current_app = cast(Celery, LocalProxy(default_celery))


def uuid() -> str:
    """An id for ``apply_async(task_id=...)``."""
    return new_id(utc_now())


def signature(task: Task[..., Any], *args: Any, **options: Any) -> Signature:
    """A call that is not submitted yet: ``task.signature(...)``."""
    return task.signature(*args, **options)


if not TYPE_CHECKING:  # a type checker tells by itself
    __getattr__ = refusing_imports(__name__)
