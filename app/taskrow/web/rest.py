"""``/tasks/<id>``: the JSON monitor, and the result of a task."""

from __future__ import annotations

import time
from functools import partial
from hashlib import sha256

from flask import Response, jsonify, request, url_for

from taskrow.domain.task import Status, Task
from taskrow.engine.result import result_of
from taskrow.storage.logs import attempt_logs
from taskrow.storage.requests import find_answer
from taskrow.web import calls, changes, listing, openapi  # noqa: F401 - they add their routes
from taskrow.web.access import access
from taskrow.web.descriptions import describe, error_of
from taskrow.web.lookup import (
    current_engine,
    find_visible,
    pause_before_next_look,
    wait_for_end,
    waited_for,
)
from taskrow.web.operations import OWN_ANSWER, Reply, operation
from taskrow.web.prefer import Preferences, preferences
from taskrow.web.problems import Problem
from taskrow.web.replies import NOT_STORED, replay
from taskrow.web.schemas import IF_NONE_MATCH, JSON, PREFER, TASK_ID, ref
from taskrow.web.stored_views import PREFIX

_MOST_LOGS = 10  # attempts, of 16 KiB each
_SEEN = ("no-such-task", "bad-preference", "database-unavailable")


@operation(
    name="task",
    method="GET",
    path="/tasks/{task_id}",
    summary="A task as it stands",
    description="With `Prefer: wait=10` the answer comes when the task is over; with "
    "`If-None-Match` beside it, when the document is another one.",
    parameters=(TASK_ID, PREFER, IF_NONE_MATCH),
    replies={
        "200": Reply(
            description="The task. `Retry-After` is there while it is not over.",
            content={JSON: ref("Task")},
            headers=("ETag", "Retry-After", "Preference-Applied"),
            links=("result",),
        ),
        "304": Reply(
            description="The document is still the one with this ETag.",
            headers=("ETag", "Retry-After", "Preference-Applied"),
        ),
    },
    problems=_SEEN,
)
def show_task(task_id: str) -> Response:
    """The JSON monitor: always 200 for a task that is there, or 304."""
    preferred = preferences(current_engine().settings.max_wait)
    task = find_visible(task_id)
    if not request.if_none_match:
        task = wait_for_end(task, preferred)
    response = _wait_for_news(task, preferred)
    response.headers.update(preferred.applied)
    return response


@operation(
    name="result",
    method="GET",
    path="/tasks/{task_id}/result",
    summary="What came of a task",
    description="Of a view its own status, headers and body, marked by AsyncResult.",
    parameters=(TASK_ID, PREFER),
    replies={
        "200": Reply(
            description="What a task function returned; or a view's own answer.",
            content={JSON: {"anyOf": [ref("Result"), {}]}, "*/*": {}},
            headers=("AsyncResult", "Preference-Applied"),
        ),
        "202": Reply(
            description="The task is not over: ask again after `Retry-After`.",
            headers=("Location", "Retry-After", "Preference-Applied"),
        ),
        "default": OWN_ANSWER,
    },
    problems=(*_SEEN, "cancelled", "task-failed"),
)
def show_result(task_id: str) -> Response:
    """The answer of a view, or what a task function returned."""
    preferred = preferences(current_engine().settings.max_wait)
    task = wait_for_end(find_visible(task_id), preferred)
    if not task.status.final:
        response = Response(status=202, headers=NOT_STORED)
        response.headers["Location"] = url_for("taskrow.result", task_id=task.id)
        response.headers["Retry-After"] = str(pause_before_next_look(task))
        del response.headers["Content-Type"]
    else:
        response = _result(task)
    response.headers.update(preferred.applied)
    return response


def _result(task: Task) -> Response:
    if task.name.startswith(PREFIX):
        return _replay(task)
    if task.status is Status.CANCELLED:
        raise Problem(410, "cancelled", "The task was cancelled, so it has no result.")
    if task.status is Status.FAILED:
        raise _failed(task)
    response = jsonify(result=result_of(task))
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _replay(task: Task) -> Response:
    try:
        response = replay(task)
    except Problem as problem:
        if problem.code == 500:  # it failed before its view could answer
            raise _failed(task) from None
        raise
    response.headers["AsyncResult"] = str(response.status_code)
    return response


def _failed(task: Task) -> Problem:
    """Not a 5xx: those say that this request failed, and clients repeat them by themselves."""
    detail = "The task failed, so it has no result."
    return Problem(424, "task-failed", detail, error=error_of(task))


def _wait_for_news(task: Task, preferred: Preferences) -> Response:
    """The document of a task; where the client has it, it is waited for another, or a 304."""
    watcher, deadline = current_engine().watcher, time.monotonic() + (preferred.wait or 0)
    response = _document(task)
    while _is_known(response):
        left = deadline - time.monotonic()
        if task.status.final or left <= 0:
            return _not_modified(response)
        task = waited_for(task.id, partial(watcher.wait_for_change, task, left))
        response = _document(task)
    return response


def _document(task: Task) -> Response:
    shows_logs = access().reaches("logs", task)
    with current_engine().database.read() as connection:
        answer = find_answer(connection, task.id)
        logs = attempt_logs(connection, task.id, newest=_MOST_LOGS) if shows_logs else None
    response = jsonify(describe(task, answer, logs))
    response.set_etag(sha256(response.get_data()).hexdigest()[:32])
    response.headers["Cache-Control"] = "private, no-cache"
    if not task.status.final:
        response.headers["Retry-After"] = str(pause_before_next_look(task))
    return response


def _is_known(response: Response) -> bool:
    return request.if_none_match.contains_weak(response.get_etag()[0] or "")


def _not_modified(response: Response) -> Response:
    """304, with the headers that a 200 would have had."""
    response.set_data(b"")
    response.status_code = 304
    for name in ("Content-Type", "Content-Length"):
        response.headers.pop(name, None)
    return response
