"""Tasks as JSON: for the page of the Celery example, and for the JSON monitor."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from taskrow.domain.answer import Answer
from taskrow.domain.payload import read_object
from taskrow.domain.task import Status, Task
from taskrow.domain.times import to_text
from taskrow.engine.result import completed, info_of, meta_of, result_of, state_of
from taskrow.storage.logs import AttemptLogs
from taskrow.web.replies import status_url
from taskrow.web.stored_views import PREFIX
from taskrow.web.urls import task_url


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


def describe(
    task: Task, answer: Answer | None = None, logs: Sequence[AttemptLogs] | None = None
) -> dict[str, Any]:
    """A task as the JSON monitor shows it; no field ever goes missing.

    logs: of its attempts, for a client that may see them.
    """
    return summarize(task) | {
        "result": result_of(task),
        "response": _outline(answer),
        "logs": None if logs is None else [asdict(log) for log in logs],
    }


def summarize(task: Task) -> dict[str, Any]:
    """A task as lists show it: without what it returned, which can be large."""
    return {
        "id": task.id,
        "name": task.name.removeprefix(PREFIX),
        "kind": "view" if task.name.startswith(PREFIX) else "task",
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
        "error": error_of(task),
        "links": _links(task.id),
    }


def error_of(task: Task) -> dict[str, str] | None:
    """What went wrong, in the last attempt; never the traceback, which is for its developers."""
    if task.error is None:
        return None
    told = {"type": "Exception", "message": ""} | read_object(task.error)
    return {"type": told["type"], "message": told["message"]}


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


def _outline(answer: Answer | None) -> dict[str, Any] | None:
    if answer is None:
        return None
    types = [value for name, value in answer.headers if name.lower() == "content-type"]
    return {
        "status": answer.status,
        "content_type": types[0] if types else None,
        "bytes": len(answer.body),
    }


def _links(task_id: str) -> dict[str, str]:
    own = task_url("task", task_id)
    further = {name: f"{own}/{name}" for name in ("result", "cancel", "retry")}
    return {"self": own, "status": status_url(task_id)} | further


def _time(moment: Any) -> str | None:
    return None if moment is None else to_text(moment)
