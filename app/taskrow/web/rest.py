"""``/tasks``: the JSON monitor."""

from __future__ import annotations

from flask import Response, jsonify

from taskrow.storage.requests import find_answer
from taskrow.web.blueprint import blueprint
from taskrow.web.descriptions import describe
from taskrow.web.lookup import answering_503, current_engine, find_visible


@blueprint.get("/tasks/<taskrow_id:task_id>", endpoint="task")
def show_task(task_id: str) -> Response:
    """The JSON monitor: always 200 for a task that is there."""
    with answering_503():
        task = find_visible(task_id)
        with current_engine().database.read() as connection:
            response = jsonify(describe(task, find_answer(connection, task_id)))
    response.headers["Cache-Control"] = "private, no-cache"
    return response
