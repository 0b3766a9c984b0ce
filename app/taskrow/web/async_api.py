"""``@async_api``: the view's request becomes a row, the client gets 202 and where to look."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast
from weakref import WeakSet

from flask import Flask, Response, appcontext_pushed, current_app, has_request_context, request
from flask import url_for as flask_url_for
from werkzeug.exceptions import ServiceUnavailable

from taskrow.domain.options import TaskOptions
from taskrow.errors import DatabaseError
from taskrow.web.requests import take_down
from taskrow.web.views import IN_WORKER, PREFIX

P = ParamSpec("P")
R = TypeVar("R")

RETRY_AFTER = 1  # seconds
adopted: WeakSet[Flask] = WeakSet()  # applications whose queue is not of their own making
_adopting = threading.RLock()


def async_api(view: Callable[P, R]) -> Callable[P, R]:
    """Run a view in the worker: answer 202, ``accepted``, and a Location that becomes its answer.

    Goes directly above the function (or method), below the route. Works for plain views and for the
    methods of view classes. An application that has no TaskQueue yet gets one of its own.
    """
    _adopt_applications()
    return stored(view)


def stored(view: Callable[P, R]) -> Callable[P, R]:
    """``async_api`` for applications that have, or will get, a TaskQueue."""

    @wraps(view)
    def submit_or_run(*args: P.args, **kwargs: P.kwargs) -> R:
        if in_worker():
            return cast(R, current_app.ensure_sync(view)(*args, **kwargs))
        return cast(R, _accept())

    return submit_or_run


def in_worker() -> bool:
    """Whether the current request is run by a worker, from its row."""
    return has_request_context() and bool(request.environ.get(IN_WORKER))


def status_url(task_id: str) -> str:
    """Where to look for the answer of a task."""
    return flask_url_for("taskrow.status", task_id=task_id)


def _accept() -> Response:
    if request.method == "HEAD":  # Flask sends HEAD to GET views: a look must not start work
        return Response(status=202)
    from taskrow.web.extension import engine_of

    engine = engine_of(current_app)
    taken = take_down(engine.settings.max_body)
    try:
        task_id = engine.submit(f"{PREFIX}{request.endpoint}", "{}", TaskOptions(), request=taken)
    except DatabaseError as error:
        raise unavailable(error) from None
    headers = {"Location": status_url(task_id), "Retry-After": str(RETRY_AFTER)}
    return Response("accepted", 202, headers, mimetype="text/plain")


def unavailable(error: DatabaseError) -> ServiceUnavailable:
    """The 503 of a database that cannot be used: one sentence, no traceback, nothing was stored."""
    return ServiceUnavailable(str(error), retry_after=RETRY_AFTER)


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
