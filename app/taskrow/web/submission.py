"""Submit the current request as a task and answer: 202, or what the client likes better."""

from __future__ import annotations

import json

from flask import Response, request

from taskrow.domain.ids import new_id
from taskrow.domain.task import Task
from taskrow.errors import CredentialsError
from taskrow.web.descriptions import describe
from taskrow.web.lookup import answering_503, current_engine, wait_for_end
from taskrow.web.prefer import Preferences, preferences
from taskrow.web.problems import Problem, no_such_task
from taskrow.web.repetition import check_repetition, repetition_of
from taskrow.web.replies import accepted, replay, status_url
from taskrow.web.requests import take_down
from taskrow.web.stored_views import ViewOptions, current_name


def submit_request(options: ViewOptions) -> Response:
    """Make a task of the current request; every answer of a view that is one begins here.

    A look (HEAD, a browser's prefetch) starts nothing.
    """
    if request.method == "HEAD":  # Flask sends HEAD to GET views
        return Response(status=202)
    _refuse_prefetch()
    preferred = preferences(current_engine().settings.max_wait)
    with answering_503():
        task, is_new = _submit(options)
        task = wait_for_end(task, preferred)
        response = _answer(task, preferred)
    if not is_new and request.headers.get("Idempotency-Key"):
        response.headers["Idempotent-Replayed"] = "true"
    response.vary.add("Prefer")
    return response


def _refuse_prefetch() -> None:
    """Anything but an error would be kept by the browser, and shown as the answer later."""
    purposes = (request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz"))
    if any("prefetch" in purpose for purpose in purposes):
        detail = "This request is only a prefetch, so nothing was submitted."
        raise Problem(425, "prefetch", detail)


def _submit(options: ViewOptions) -> tuple[Task, bool]:
    """The task of this request, and whether it is new: it may repeat one that is there."""
    engine = current_engine()
    own_id = new_id(engine.clock())
    try:
        stored = take_down(engine.settings, own_id)
    except CredentialsError as error:
        raise Problem(500, "no-secret-key", f"Nothing was submitted: {error}.") from error
    repetition = repetition_of(stored.body, coalesce=options.coalesce)
    task_id = engine.submit(
        current_name(),
        "{}",
        options.task,
        request=stored.known_by(repetition.fingerprint),
        task_id=own_id,
        unique_key=repetition.unique_key,
        idempotency_key=repetition.idempotency_key,
    )
    task = engine.find(task_id)
    if task is None:
        raise no_such_task()
    if task_id != own_id:
        check_repetition(task, repetition)
    return task, task_id == own_id


def _answer(task: Task, preferred: Preferences) -> Response:
    if preferred.wait is not None and task.status.final:
        response = replay(task)
        response.headers.setdefault("Content-Location", status_url(task.id))
    elif request.accept_mimetypes.best_match(["text/plain", "application/json"], "") == (
        "application/json"
    ):
        response = accepted(task, json.dumps(describe(task)), "application/json")
    else:
        response = accepted(task, "accepted")
    response.headers.extend(preferred.applied)
    return response
