"""Run a stored request in the worker as the web process would have: the whole dispatch."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, got_request_exception, request
from werkzeug.exceptions import HTTPException, InternalServerError

from taskrow.domain.answer import Answer, AnsweredWithError
from taskrow.domain.asks import Cancel, Retry
from taskrow.domain.checksum import check_unchanged
from taskrow.domain.options import TaskOptions
from taskrow.engine.retrying import propose
from taskrow.errors import NoSuchTaskError, ResultError
from taskrow.storage.credentials import check_had_none, find_credentials
from taskrow.storage.requests import find_request
from taskrow.web.credentials import Credentials, open_credentials, seal_cookies
from taskrow.web.csrf import renew_token
from taskrow.web.requests import had_good_token, put_up
from taskrow.web.stored_views import ASKED, IN_WORKER, find_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskrow.engine.context import TaskContext
    from taskrow.engine.queue import QueueEngine
    from taskrow.storage.submit import StoredRequest

_UNHANDLED = "taskrow.unhandled"  # the key in the environ of an exception that became a 500

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
        options = find_options(self._app, name)
        return None if options is None else StoredView(self._app, options.task)


class StoredView:
    """A view, run from its stored request."""

    def __init__(self, app: Flask, options: TaskOptions) -> None:
        self._app, self.options = app, options

    def run(self, engine: QueueEngine, context: TaskContext, *_: Any) -> Answer:
        """Dispatch the request of the task and return what the application answered.

        AnsweredWithError when the view raised something that is no HTTP answer; Retry and Cancel
        as a task function raises them.
        """
        task_id = context.request.id or ""
        with engine.database.read() as connection:
            stored = find_request(connection, task_id)
            sealed = find_credentials(connection, task_id)
        if stored is None:
            raise NoSuchTaskError(f"the request of task {task_id} is gone")
        check_unchanged("request", stored.checksum, stored.request, stored.body)
        with self._app.app_context():
            credentials = _credentials(stored, sealed, task_id)
        session = credentials.session if credentials else ""

        def answer_of(response: Response) -> Answer:
            return _answer_of(response, engine.settings.max_body, task_id, session)

        with self._app.request_context(put_up(stored, credentials) | {IN_WORKER: True}):
            if credentials is not None:
                credentials.restore_session()
            if had_good_token(stored):
                renew_token()
            return self._dispatch(answer_of, context)

    def _dispatch(self, answer_of: Callable[[Response], Answer], context: TaskContext) -> Answer:
        try:
            answer = answer_of(self._app.full_dispatch_request())
        except ResultError:
            raise
        except Exception as error:  # noqa: BLE001 - it is raised on
            failure = self._failure(request.environ.get(ASKED, error), context)
            raise AnsweredWithError(answer_of(self._error_page(failure))) from failure
        if (raised := request.environ.get(ASKED) or request.environ.get(_UNHANDLED)) is not None:
            raise AnsweredWithError(answer) from self._failure(raised, context)
        return answer

    def _failure(self, error: Exception, context: TaskContext) -> BaseException:
        """What went wrong. What the view asked for gets out of here, but for one Retry too many."""
        if isinstance(error, Cancel):
            raise error
        if not isinstance(error, Retry):
            return error
        proposal = propose(error, context, self.options)
        if proposal.again is not None:
            raise error
        return proposal.error

    def _error_page(self, error: BaseException) -> Response:
        """What the web would have answered; in debug Flask raises instead: then a plain 500."""
        with suppress(Exception):
            if isinstance(error, Exception):
                return self._app.handle_exception(error)
        return self._app.make_response(InternalServerError().get_response())


def _note_unhandled(_: Flask, exception: BaseException, **__: Any) -> None:
    """Flask-RESTful makes a 500 of an exception by itself, and it never gets to us; this does."""
    if request.environ.get(IN_WORKER) and not isinstance(exception, HTTPException):
        request.environ[_UNHANDLED] = exception


def _credentials(stored: StoredRequest, sealed: bytes | None, task_id: str) -> Credentials | None:
    """The credentials of a stored request. CredentialsError: they are gone, or cannot be opened."""
    if sealed is not None:
        return open_credentials(sealed, task_id)
    check_had_none(stored.request)
    return None


def _answer_of(response: Response, limit: int, task_id: str, session: str) -> Answer:
    response.direct_passthrough = False
    body = response.get_data()
    response.close()
    if len(body) > limit:
        raise ResultError(
            f"the response has {len(body):,} bytes, over the limit of {limit:,}: "
            "let the view store it and answer with a link, or raise TASKROW_MAX_BODY"
        )
    headers = [(n, v) for n, v in response.headers.items() if n.lower() not in _DROPPED]
    cookies = seal_cookies(response.headers.getlist("Set-Cookie"), session, task_id)
    return Answer(response.status_code, tuple(headers), body, cookies)
