"""The answers of door 1: "accepted, look there", and the view's own response from its row."""

from __future__ import annotations

from typing import Any

from flask import Response

from taskrow.domain.answer import Answer
from taskrow.domain.task import Status, Task
from taskrow.storage.requests import find_answer
from taskrow.web.credentials import open_cookies
from taskrow.web.lookup import current_engine
from taskrow.web.problems import Problem
from taskrow.web.urls import task_url

NOT_STORED = {"Cache-Control": "no-store"}
_CORS = "access-control-"
_CORS_ORIGIN = "access-control-allow-origin"


def status_url(task_id: str) -> str:
    """Where to look for the answer of a task."""
    return task_url("status", task_id)


def accepted(
    task_id: str, body: str = "", mimetype: str = "text/plain", *, pause: int | None
) -> Response:
    """202: the task is not over, or not asked for; where to look, and when.

    pause: seconds before the next look; None: it is over.
    """
    monitor = task_url("task", task_id)
    headers = {
        **NOT_STORED,
        "Location": status_url(task_id),
        "Link": f'<{monitor}>; rel="describedby"; type="application/json"',
    }
    if pause is not None:
        headers["Retry-After"] = str(pause)
    return Response(body, 202, headers, mimetype)


def replay(task: Task) -> Response:
    """The view's own response. Problem 410 where the task was cancelled, 500 where it was lost."""
    with current_engine().database.read() as connection:
        answer = find_answer(connection, task.id)
    if answer is not None:
        return Replay(answer, open_cookies(answer.cookies, task.id))
    if task.status is Status.CANCELLED:
        raise Problem(410, "cancelled", "The task was cancelled, so it has no answer.")
    raise Problem(500, "failed", "The task failed before its view could answer.")


class Replay(Response):
    """A stored response.

    What CORS extensions add belongs to the exchange with the client that asks now; what was stored
    is used only where they add nothing, since a browser refuses to see it twice, and only for the
    origin that it was meant for.
    """

    _stored_cors: tuple[tuple[str, str], ...] = ()

    def __init__(self, answer: Answer, cookies: tuple[str, ...] = ()) -> None:
        super().__init__(answer.body, answer.status)
        self.headers.clear()
        self.headers.extend([h for h in answer.headers if not h[0].lower().startswith(_CORS)])
        self._stored_cors = tuple(h for h in answer.headers if h[0].lower().startswith(_CORS))
        for cookie in cookies:
            self.headers.add("Set-Cookie", cookie)
        if cookies:
            self.headers["Cache-Control"] = "private, no-store"
        self.headers.setdefault("Cache-Control", "private, no-store")

    def get_wsgi_headers(self, environ: Any) -> Any:
        headers = super().get_wsgi_headers(environ)
        if not any(name.lower().startswith(_CORS) for name in headers.keys()):  # noqa: SIM118
            headers.extend(self._cors_for(environ.get("HTTP_ORIGIN")))
        return headers

    def _cors_for(self, origin: str | None) -> tuple[tuple[str, str], ...]:
        allowed = {value for name, value in self._stored_cors if name.lower() == _CORS_ORIGIN}
        return self._stored_cors if allowed <= {"*", origin} else ()
