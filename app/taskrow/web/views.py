"""Run a stored request in the worker as the web process would have: the whole dispatch.

The name of such a task is ``view:<endpoint>``.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, got_request_exception, request
from werkzeug.exceptions import HTTPException, InternalServerError

from taskrow.domain.answer import Answer, AnsweredWithError
from taskrow.domain.options import TaskOptions
from taskrow.errors import NoSuchTaskError, ResultError
from taskrow.storage.requests import find_request
from taskrow.web.requests import put_up

if TYPE_CHECKING:
    from taskrow.engine.context import TaskContext
    from taskrow.engine.queue import QueueEngine

PREFIX = "view:"
IN_WORKER = "taskrow.in_worker"  # the key in the environ that tells our decorator to call through
_UNHANDLED = "taskrow.unhandled"  # and the one that keeps an exception that became a 500

_DROPPED = {
    "connection", "content-length", "date", "keep-alive", "server", "set-cookie", "te", "trailer",
    "transfer-encoding", "upgrade",
}  # fmt: skip


class ViewResolver:
    """Finds the view behind a task's name, if the application has it."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        got_request_exception.connect(_note_unhandled, app)

    def __call__(self, name: str) -> StoredView | None:
        endpoint = name.removeprefix(PREFIX)
        if not name.startswith(PREFIX) or endpoint not in self._app.view_functions:
            return None
        return StoredView(self._app)


class StoredView:
    """A view, run from its stored request."""

    options = TaskOptions()

    def __init__(self, app: Flask) -> None:
        self._app = app

    def run(self, engine: QueueEngine, context: TaskContext, *_: Any) -> Answer:
        """Dispatch the request of the task and return what the application answered.

        AnsweredWithError when the view raised something that is no HTTP answer.
        """
        with engine.database.read() as connection:
            stored = find_request(connection, context.request.id or "")
        if stored is None:
            raise NoSuchTaskError(f"the request of task {context.request.id} is gone")
        environ = put_up(stored) | {IN_WORKER: True}
        with self._app.request_context(environ):
            return self._dispatch(engine.settings.max_body)

    def _dispatch(self, limit: int) -> Answer:
        try:
            answer = _answer_of(self._app.full_dispatch_request(), limit)
        except ResultError:
            raise
        except Exception as error:
            raise AnsweredWithError(_answer_of(self._error_page(error), limit)) from error
        if (unhandled := request.environ.get(_UNHANDLED)) is not None:
            raise AnsweredWithError(answer) from unhandled
        return answer

    def _error_page(self, error: Exception) -> Response:
        """What the web would have answered; in debug Flask raises instead: then a plain 500."""
        with suppress(Exception):
            return self._app.handle_exception(error)
        return self._app.make_response(InternalServerError().get_response())


def _note_unhandled(_: Flask, exception: BaseException, **__: Any) -> None:
    """Flask-RESTful makes a 500 of an exception by itself, and it never gets to us; this does."""
    if request.environ.get(IN_WORKER) and not isinstance(exception, HTTPException):
        request.environ[_UNHANDLED] = exception


def _answer_of(response: Response, limit: int) -> Answer:
    response.direct_passthrough = False
    body = response.get_data()
    response.close()
    if len(body) > limit:
        raise ResultError(
            f"the response has {len(body):,} bytes, over the limit of {limit:,}: "
            "let the view store it and answer with a link, or raise TASKROW_MAX_BODY"
        )
    headers = [(n, v) for n, v in response.headers.items() if n.lower() not in _DROPPED]
    return Answer(response.status_code, tuple(headers), body)
