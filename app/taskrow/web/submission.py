"""Submit the current request as a task and answer: 202, or what the client likes better."""

from __future__ import annotations

import json

from flask import Request, Response, request

from taskrow.domain.ids import new_id
from taskrow.domain.task import Task
from taskrow.engine.queue import QueueEngine
from taskrow.errors import CredentialsError
from taskrow.web.descriptions import describe
from taskrow.web.lookup import (
    answering_503,
    current_engine,
    find_task,
    pause_at_first,
    pause_before_next_look,
    wait_for_end,
)
from taskrow.web.prefer import Preferences, preferences
from taskrow.web.problems import Problem
from taskrow.web.repetition import check_repetition, repetition_of
from taskrow.web.replies import accepted, replay, status_url
from taskrow.web.requests import take_down
from taskrow.web.stored_views import ViewOptions, current_name

_PURPOSES = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_MOZ")


def submit_request(options: ViewOptions) -> Response:
    """Make a task of the current request; every answer of a view that is one begins here.

    A look (HEAD, a browser's prefetch) starts nothing.
    """
    if request.method == "HEAD":  # Flask sends HEAD to GET views
        return Response(status=202)
    _refuse_prefetch()
    engine, name = current_engine(), current_name()
    preferred = preferences(engine.settings.max_wait)
    with answering_503():
        task_id, is_new = _submit(engine, name, options)
        if is_new and preferred.wait is None and not (engine.eager or _may_like_json()):
            response = accepted(task_id, "accepted", pause=pause_at_first(name))
        else:  # what became of it is told, and so it is read
            response = _answer(wait_for_end(find_task(task_id), preferred), preferred)
    if not is_new and request.headers.get("Idempotency-Key"):
        response.headers["Idempotent-Replayed"] = "true"
    response.headers.extend(preferred.applied)
    if "Vary" in response.headers:
        response.vary.add("Prefer")
    else:  # a tenth of the time
        response.headers["Vary"] = "Prefer"
    return response


def _refuse_prefetch() -> None:
    """Anything but an error would be kept by the browser, and shown as the answer later."""
    told = request.environ
    if any("prefetch" in told[name] for name in _PURPOSES if name in told):
        detail = "This request is only a prefetch, so nothing was submitted."
        raise Problem(425, "prefetch", detail)


def _submit(engine: QueueEngine, name: str, options: ViewOptions) -> tuple[str, bool]:
    """The task of this request, and whether it is new: it may repeat one that is there."""
    asked: Request = request._get_current_object()  # type: ignore[attr-defined]
    now = engine.clock()
    own_id = new_id(now)
    try:
        stored = take_down(asked, engine.settings, own_id)
    except CredentialsError as error:
        raise Problem(500, "no-secret-key", f"Nothing was submitted: {error}.") from error
    repetition = repetition_of(stored.body, coalesce=options.coalesce)
    task_id = engine.submit(
        name,
        "{}",
        options.task,
        request=stored.known_by(repetition.fingerprint) if repetition.fingerprint else stored,
        task_id=own_id,
        unique_key=repetition.unique_key,
        idempotency_key=repetition.idempotency_key,
        now=now,
    )
    if task_id != own_id:
        check_repetition(find_task(task_id), repetition)
    return task_id, task_id == own_id


def _may_like_json() -> bool:
    """Whether a look at all that the client accepts is worth while."""
    return "application/" in request.environ.get("HTTP_ACCEPT", "").lower()


def _answer(task: Task, preferred: Preferences) -> Response:
    if preferred.wait is not None and task.status.final:
        response = replay(task)
        response.headers.setdefault("Content-Location", status_url(task.id))
        return response
    pause = None if task.status.final else pause_before_next_look(task)
    likes = request.accept_mimetypes.best_match(["text/plain", "application/json"], "")
    if likes == "application/json":
        return accepted(task.id, json.dumps(describe(task)), "application/json", pause=pause)
    return accepted(task.id, "accepted", pause=pause)
