"""Small parts of a Celery object: who waits for its configuration, and ``control``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from taskrow.celery.missing import refuse_control

if TYPE_CHECKING:
    from taskrow.celery.application import Celery

F = TypeVar("F", bound=Callable[..., Any])


class Hook:
    """``@app.on_after_configure.connect``: called when it is time, or at once when it was."""

    def __init__(self) -> None:
        self._waiting: list[Callable[..., Any]] = []
        self._sender: Celery | None = None

    def connect(self, function: F | None = None, **_: Any) -> Any:
        """Have a function called with ``sender``; also a decorator."""
        if function is None:
            return self.connect
        if self._sender is None:
            self._waiting.append(function)
        else:
            function(sender=self._sender)
        return function

    def fire(self, sender: Celery) -> None:
        """Now it is time."""
        self._sender = sender
        while self._waiting:
            self._waiting.pop(0)(sender=sender)


class Control:
    """``celery.control``: revoke tasks by their ids."""

    def __init__(self, celery: Celery) -> None:
        self._celery = celery

    def revoke(self, task_id: str | list[str], terminate: bool = False, **_: Any) -> None:
        """Cancel one task, or several."""
        for one in [task_id] if isinstance(task_id, str) else task_id:
            self._celery.AsyncResult(one).revoke(terminate=terminate)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        refuse_control(name)
