"""``@async_api``: the view's request becomes a row, the client gets 202 and where to look."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast, overload
from weakref import WeakSet

from flask import Flask, appcontext_pushed, current_app, has_request_context, request

from taskrow.domain.asks import Cancel, Retry
from taskrow.errors import OptionError
from taskrow.web.stored_views import ASKED, IN_WORKER, OPTIONS, ViewOptions, parse_view_options
from taskrow.web.submission import submit_request

P = ParamSpec("P")
R = TypeVar("R")
View = Callable[P, R]

adopted: WeakSet[Flask] = WeakSet()  # applications whose queue is not of their own making
_adopting = threading.RLock()


@overload
def async_api(view: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def async_api(**options: Any) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def async_api(view: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Run a view in the worker: answer 202, ``accepted``, and a Location that becomes its answer.

    Goes directly above the function (or method), below the route. Works for plain views and for the
    methods of view classes. An application that has no TaskQueue yet gets one of its own. Options:
    :class:`~taskrow.web.stored_views.ViewOptions`.
    """
    _adopt_applications()
    return stored(view, **options) if view is not None else stored(**options)


@overload
def stored(view: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def stored(**options: Any) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def stored(view: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """``async_api`` for applications that have, or will get, a TaskQueue.

    OptionError for an unknown or wrong option, at import.
    """
    checked = parse_view_options(options)
    return _wrap(view, checked) if view is not None else lambda view: _wrap(view, checked)


def in_worker() -> bool:
    """Whether the current request is run by a worker, from its row."""
    return has_request_context() and bool(request.environ.get(IN_WORKER))


def _wrap(view: Callable[P, R], options: ViewOptions) -> Callable[P, R]:
    if not callable(view):
        raise OptionError(f"@async_api goes above a view, not {view!r}")

    @wraps(view)
    def submit_or_run(*args: P.args, **kwargs: P.kwargs) -> R:
        if in_worker() or request.method == "OPTIONS":
            with _noting_what_it_asks():
                return cast(R, current_app.ensure_sync(view)(*args, **kwargs))
        if options.validate is not None:
            refused = current_app.ensure_sync(options.validate)(*args, **kwargs)
            if refused is not None:
                return cast(R, refused)
        return cast(R, submit_request(options))

    setattr(submit_or_run, OPTIONS, options)
    return submit_or_run


@contextmanager
def _noting_what_it_asks() -> Iterator[None]:
    """Error handlers that make an answer of every exception must not swallow a Retry."""
    try:
        yield
    except (Retry, Cancel) as asked:
        request.environ[ASKED] = asked
        raise


def _adopt_applications() -> None:
    """From now on give an application without a TaskQueue one, before its first request is routed.

    So a script needs no more than the import: a context is pushed before the URL is matched.
    """
    appcontext_pushed.connect(_adopt)


def _adopt(app: Flask, **_: Any) -> None:
    with _adopting:  # the second of two first requests waits until the monitors are there
        # One that has answered already takes no more routes, and did very well without them.
        if "taskrow" not in app.extensions and not app._got_first_request:
            from taskrow.web.extension import TaskQueue

            TaskQueue(app)
            adopted.add(app)
