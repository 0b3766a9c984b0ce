"""Cancel and retry over HTTP: closed, unless the application opens them with ``@queue.access``."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, url_for

from taskrow.domain.task import Status, Task
from taskrow.errors import CredentialsGoneError, KeyHeldError, NoSuchTaskError, TransitionError
from taskrow.web.access import Verb, access
from taskrow.web.descriptions import describe
from taskrow.web.lookup import current_engine, pause_before_next_look
from taskrow.web.operations import Reply, operation
from taskrow.web.problems import Problem, no_such_task
from taskrow.web.schemas import JSON, TASK_ID, ref

_LINKS = ("task", "status", "result")
_PROBLEMS = ("closed", "no-such-task", "database-unavailable", "disk-full")

_ERASED = (
    "The credentials of its request were erased when the task ended, so it cannot run again as "
    "its client: submit it once more."
)

_CANCEL: dict[str, Any] = {
    "summary": "Cancel a task",
    "description": "What waits is cancelled at once. What runs is asked to stop, and stops when "
    "its function next says how far it is; what it has done until then stays done.",
    "parameters": (TASK_ID,),
    "replies": {
        "200": Reply(
            description="It is cancelled.", content={JSON: ref("Task")}, links=("task", "retry")
        ),
        "202": Reply(
            description="It runs, and is asked to stop.",
            content={JSON: ref("Task")},
            headers=("Location", "Retry-After"),
            links=_LINKS,
        ),
    },
    "problems": (*_PROBLEMS, "too-late"),
}


@operation(name="delete", method="DELETE", path="/tasks/{task_id}", **_CANCEL)
@operation(name="cancel", method="POST", path="/tasks/{task_id}/cancel", **_CANCEL)
def cancel(task_id: str) -> Response:
    """Cancel a task that waits, ask one that runs."""
    task = _find_within_reach(task_id, "cancel")
    found = _cancel(task)
    now = _find_again(task)
    return _answer(now, 202 if found is Status.RUNNING else 200)


@operation(
    name="retry",
    method="POST",
    path="/tasks/{task_id}/retry",
    summary="Run a task that is over once more",
    description="It keeps its id; its attempts go on counting, its result and progress are gone.",
    parameters=(TASK_ID,),
    replies={
        "202": Reply(
            description="It is queued.",
            content={JSON: ref("Task")},
            headers=("Location", "Retry-After"),
            links=(*_LINKS, "cancel"),
        ),
    },
    problems=(*_PROBLEMS, "not-over", "has-a-twin", "credentials-erased"),
)
def retry(task_id: str) -> Response:
    """Queue a finished task once more."""
    task = _find_within_reach(task_id, "retry")
    try:
        current_engine().retry(task.id)
    except NoSuchTaskError:
        raise no_such_task() from None
    except KeyHeldError:
        detail = "The same request is under way as another task, so this one cannot run again."
        raise Problem(409, "has-a-twin", detail) from None
    except CredentialsGoneError:
        raise Problem(409, "credentials-erased", _ERASED) from None
    except TransitionError:
        raise Problem(409, "not-over", "The task is not over: only then is it retried.") from None
    return _answer(_find_again(task), 202)


def _find_within_reach(task_id: str, verb: Verb) -> Task:
    """The task, if the client may do this with it. Problem 403: with none; 404: not with it."""
    reach = access().reach(verb)
    task = current_engine().find(task_id)
    if task is None or not access().includes(reach, task):
        raise no_such_task()
    return task


def _cancel(task: Task) -> Status:
    """The status that it was found in."""
    try:
        return current_engine().cancel(task.id)
    except NoSuchTaskError:
        raise no_such_task() from None
    except TransitionError:
        if _find_again(task).status is Status.CANCELLED:
            return Status.CANCELLED
        raise Problem(409, "too-late", "The task is over: it cannot be cancelled.") from None


def _find_again(task: Task) -> Task:
    found = current_engine().find(task.id)
    if found is None:
        raise no_such_task()
    return found


def _answer(task: Task, code: int) -> Response:
    response = jsonify(describe(task))
    response.status_code = code
    response.headers["Cache-Control"] = "no-store"
    if code == 202:
        response.headers["Location"] = url_for("taskrow.task", task_id=task.id)
        if not task.status.final:
            response.headers["Retry-After"] = str(pause_before_next_look(task))
    return response
