"""Who may look, and who may do more: the two functions that an application can give.

``@queue.owner`` says whose a request is; a task belongs to whoever submitted it, and for others it
does not exist. ``@queue.access`` opens what is closed otherwise: to list, submit by name, cancel
and retry over HTTP, and to see what attempts logged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Literal

from flask import Request, current_app, has_request_context, request
from werkzeug.exceptions import HTTPException

from taskrow.domain.task import Task
from taskrow.errors import OptionError
from taskrow.web.problems import Problem

KEY = "taskrow.access"

Verb = Literal["list", "submit", "cancel", "retry", "logs"]
Reach = Literal["own", "all"]
OwnerFunction = Callable[[Request], str | None]
AccessFunction = Callable[[Request, Verb], "Reach | bool | None"]

_LONGEST_OWNER = 255


@dataclass
class Access:
    """What one queue knows of its clients."""

    owner: OwnerFunction | None = None
    may: AccessFunction | None = None

    def current_owner(self) -> str | None:
        """Whose the current request is; None: nobody's, or there is no request."""
        if self.owner is None or not has_request_context():
            return None
        return _checked_owner(self.owner(request))

    def shows(self, task: Task) -> bool:
        """Whether the current client may see a task that it has the id of."""
        if task.owner is None or self.owner is None:
            return True
        mine = self.current_owner()
        return mine is not None and compare_digest(mine.encode(), task.owner.encode())

    def reach(self, verb: Verb) -> Reach:
        """How far the current client may go: its own tasks, or all. Problem 403: not at all.

        Without ``@queue.owner`` there is nothing to tell tasks apart by.
        """
        reach = self._reach(verb)
        if reach is not None:
            return reach
        raise Problem(
            403,
            "closed",
            f"To {verb} tasks is closed here: an application opens it with @queue.access."
            if self.may is None
            else f"You may not {verb} tasks here.",
        )

    def reaches(self, verb: Verb, task: Task) -> bool:
        """Whether the current client may do this with a task that it may see.

        An application that aborts says no: what is asked for beside it can be answered.
        """
        try:
            return self.includes(self._reach(verb), task)
        except HTTPException:
            return False

    def includes(self, reach: Reach | None, task: Task) -> bool:
        """Whether a task is within a reach; what nobody submitted is nobody's own."""
        own = reach == "own" and task.owner is not None and self.shows(task)
        return reach == "all" or own

    def _reach(self, verb: Verb) -> Reach | None:
        allowed = self.may(request, verb) if self.may is not None else None
        if allowed == "all" or (allowed and self.owner is None):
            return "all"
        return "own" if allowed is True or allowed == "own" else None


def access() -> Access:
    """That of the current application."""
    found = current_app.extensions[KEY]
    assert isinstance(found, Access)
    return found


def _checked_owner(owner: Any) -> str | None:
    if owner is None:
        return None
    if (
        not isinstance(owner, str)
        or not 0 < len(owner) <= _LONGEST_OWNER
        or not owner.isprintable()
    ):
        raise OptionError(
            "@queue.owner must return a text of 1 to 255 plain characters, or None for nobody, "
            f"not {owner!r}"
        )
    return owner
