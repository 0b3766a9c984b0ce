"""Views that are tasks: their names, and the options that ``@async_api`` was given.

The name of such a task is ``view:<endpoint>``; of a method of a view class,
``view:<endpoint>.<method>``, because each can have options of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, current_app, request

from taskrow.domain.checks import check_flag, refuse_unknown
from taskrow.domain.options import TaskOptions, parse_options
from taskrow.errors import OptionError

PREFIX = "view:"
IN_WORKER = "taskrow.in_worker"  # the key in the environ that tells our decorator to call through
ASKED = "taskrow.asked"  # the key in the environ of a Retry or Cancel that a view raised
OPTIONS = "_taskrow_options"  # the attribute of a decorated view; functools.wraps passes it on

_OF_TASKS = {"retention", "queue", "priority", "timeout", "at_most_once", "crash_limit"}


@dataclass(frozen=True, kw_only=True)
class ViewOptions:
    """The options of ``@async_api``.

    validate: called in the web process like the view; what it returns (other than None) or aborts
    with is the answer, and nothing is stored. coalesce: the same client asking for the same while
    one is unfinished gets that one. The others (retention, queue, priority, timeout, at_most_once,
    crash_limit) are those of task functions.
    """

    validate: Callable[..., Any] | None = None
    coalesce: bool = False
    task: TaskOptions = field(default_factory=TaskOptions)


def parse_view_options(given: dict[str, Any]) -> ViewOptions:
    """Make options of keywords. OptionError names what is unknown or wrong."""
    refuse_unknown(given, [*_OF_TASKS, "validate", "coalesce"], "option of async_api")
    own = {name: value for name, value in given.items() if name not in _OF_TASKS}
    if not callable(own.get("validate", callable)):
        raise OptionError(f"validate must be a function, not {own['validate']!r}")
    check_flag("coalesce", own.get("coalesce", False))
    task = {name: value for name, value in given.items() if name in _OF_TASKS}
    return ViewOptions(task=parse_options(task), **own)


def current_name() -> str:
    """The name of the task that the current request becomes."""
    endpoint = request.endpoint or ""
    method = _method_of(current_app.view_functions[endpoint], request.method)
    return f"{PREFIX}{endpoint}" + ("" if method is None else f".{method}")


def find_options(app: Flask, name: str) -> ViewOptions | None:
    """The options of the view behind a task's name; None where the application has no such view."""
    endpoint = name.removeprefix(PREFIX)
    if not name.startswith(PREFIX):
        return None
    if endpoint in app.view_functions:
        return _options_of(app.view_functions[endpoint])
    endpoint, _, method = endpoint.rpartition(".")
    view_class = getattr(app.view_functions.get(endpoint), "view_class", None)
    function = getattr(view_class, method, None)
    return None if function is None else _options_of(function)


def _options_of(view: Callable[..., Any]) -> ViewOptions:
    options = getattr(view, OPTIONS, None)
    return options if isinstance(options, ViewOptions) else ViewOptions()


def _method_of(view: Callable[..., Any], method: str) -> str | None:
    """The name of the method of a view class that answers; None for a plain view."""
    view_class = getattr(view, "view_class", None)
    return method.lower() if hasattr(view_class, method.lower()) else None
