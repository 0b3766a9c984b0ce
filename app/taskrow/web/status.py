"""``/status/<id>``: the seed's monitor. 202 until the view has answered, then its answer."""

from __future__ import annotations

from flask import Response, jsonify

from taskrow.web.blueprint import blueprint
from taskrow.web.descriptions import celery_json
from taskrow.web.lookup import (
    answering_503,
    current_engine,
    find_visible,
    pause_before_next_look,
    wait_for_end,
)
from taskrow.web.prefer import preferences
from taskrow.web.replies import NOT_STORED, accepted, replay
from taskrow.web.stored_views import PREFIX


@blueprint.get("/status/<taskrow_id:task_id>")
def status(task_id: str) -> Response:
    """A stored request: 202, then what its view answered. A task function: always JSON."""
    preferred = preferences(current_engine().settings.max_wait)
    with answering_503():
        task = wait_for_end(find_visible(task_id), preferred)
        if not task.name.startswith(PREFIX):
            response = jsonify(celery_json(task))
            response.headers.extend(NOT_STORED)
        elif task.status.final:
            response = replay(task)
            response.headers["AsyncResult"] = str(response.status_code)
        else:
            response = accepted(task.id, pause=pause_before_next_look(task))
    response.headers.extend(preferred.applied)
    return response
