"""The two monitors: ``/status/<id>`` becomes the view's own answer, ``/tasks/<id>`` is JSON."""

from __future__ import annotations

import json
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, url_for
from werkzeug.routing import BaseConverter

from taskrow.domain.answer import Answer
from taskrow.domain.task import Status, Task
from taskrow.domain.times import to_text
from taskrow.engine.result import completed, info_of, meta_of, result_of, state_of
from taskrow.errors import DatabaseError
from taskrow.storage.requests import find_answer
from taskrow.web.async_api import RETRY_AFTER, status_url, unavailable
from taskrow.web.views import PREFIX

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine

_NOT_STORED = {"Cache-Control": "no-store"}


class TaskIdConverter(BaseConverter):
    """Matches after everything else, so that an application's own ``/status/<x>`` comes first."""

    regex = "[^/]+"
    weight = 1000


blueprint = Blueprint("taskrow", __name__)


def register_monitors(app: Flask) -> None:
    """Give an application its monitors."""
    app.url_map.converters.setdefault("taskrow_id", TaskIdConverter)
    app.register_blueprint(blueprint)


@blueprint.get("/status/<taskrow_id:task_id>")
def status(task_id: str) -> Response:
    """The seed's monitor: 202 until the view has answered, then its answer; tasks as JSON."""
    task, answer = _find(task_id)
    if not task.name.startswith(PREFIX):
        response = jsonify(celery_json(task))
        response.headers.update(_NOT_STORED)
        return response
    if answer is not None and task.status.final:
        return _replay(answer)
    if not task.status.final:
        headers = {"Location": status_url(task.id), "Retry-After": str(RETRY_AFTER)}
        return Response(status=202, headers=headers | _NOT_STORED)
    cancelled = task.status is Status.CANCELLED
    return abort(HTTPStatus.GONE if cancelled else HTTPStatus.INTERNAL_SERVER_ERROR)


@blueprint.get("/tasks/<taskrow_id:task_id>")
def task_json(task_id: str) -> Response:
    """The JSON monitor: always 200 for a task that is there."""
    task, answer = _find(task_id)
    response = jsonify(describe(task, answer))
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def celery_json(task: Task) -> dict[str, Any]:
    """What the page of the Celery example polls: state, current, total, status, and the result."""
    state, info = state_of(task), info_of(task)
    if task.status is Status.FAILED:
        return {"state": state, "current": 1, "total": 1, "status": str(info)}
    said = dict(info) if isinstance(info, dict) else {}
    if task.status is Status.SUCCEEDED and not said.keys() >= {"current", "total"}:
        said = completed(task)
    answer = {
        "state": state,
        "current": said.get("current", 0),
        "total": said.get("total") or 1,
        "status": said.get("status", "Pending..." if state == "PENDING" else ""),
    }
    return answer | ({"result": said["result"]} if "result" in said else {})


def describe(task: Task, answer: Answer | None) -> dict[str, Any]:
    """A task as the JSON monitor shows it; no field ever goes missing."""
    is_view = task.name.startswith(PREFIX)
    links = {"self": url_for("taskrow.task_json", task_id=task.id), "status": status_url(task.id)}
    return {
        "id": task.id,
        "name": task.name.removeprefix(PREFIX),
        "kind": "view" if is_view else "task",
        "queue": task.queue,
        "status": task.status,
        "progress": progress_of(task),
        "priority": task.priority,
        "attempt": task.attempt,
        "created_at": _time(task.created_at),
        "run_at": _time(task.run_at),
        "started_at": _time(task.started_at),
        "finished_at": _time(task.finished_at),
        "cancel_requested_at": _time(task.cancel_requested_at),
        "result": result_of(task),
        "response": _outline(answer),
        "error": json.loads(task.error) if task.error else None,
        "links": links,
    }


def progress_of(task: Task) -> dict[str, Any] | None:
    """The newest progress with a percentage where there is one to tell."""
    if task.progress is None:
        return None
    meta = meta_of(task)
    return meta | {"percent": _percent(meta.get("current"), meta.get("total"))}


def _percent(current: Any, total: Any) -> int | None:
    numbers = isinstance(current, int | float) and isinstance(total, int | float)
    if numbers and total > 0:
        with suppress(OverflowError):  # a task may say what it likes
            return int(100 * current / total)
    return None


def _find(task_id: str) -> tuple[Task, Answer | None]:
    engine: QueueEngine = current_app.extensions["taskrow"]
    try:
        task = engine.find(task_id)
        if task is None:
            abort(404)
        with engine.database.read() as connection:
            found = find_answer(connection, task_id) if task.name.startswith(PREFIX) else None
        return task, found
    except DatabaseError as error:
        raise unavailable(error) from None


def _replay(answer: Answer) -> Response:
    response = Response(answer.body, answer.status)
    response.headers.clear()
    response.headers.extend(answer.headers)
    response.headers.setdefault("Cache-Control", "private, no-store")
    return response


def _outline(answer: Answer | None) -> dict[str, Any] | None:
    if answer is None:
        return None
    types = [value for name, value in answer.headers if name.lower() == "content-type"]
    return {
        "status": answer.status,
        "content_type": types[0] if types else None,
        "bytes": len(answer.body),
    }


def _time(moment: Any) -> str | None:
    return None if moment is None else to_text(moment)
