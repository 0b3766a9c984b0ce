"""``POST /tasks``: submit a task function by its name.

Closed, unless the application opens it with ``@queue.access``, and then only for functions that say
so themselves: ``@queue.task(http=True)``.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Response, jsonify, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge

from taskrow.domain.checks import WIDEST
from taskrow.domain.task import Task
from taskrow.engine.functions import TaskFunction
from taskrow.errors import ArgumentsError, OptionError
from taskrow.storage.requests import find_answer
from taskrow.storage.submit import StoredRequest
from taskrow.web.access import access
from taskrow.web.bodies import read_body, strict_json
from taskrow.web.descriptions import describe
from taskrow.web.lookup import current_engine, pause_before_next_look, wait_for_end
from taskrow.web.operations import Reply, operation
from taskrow.web.parameters import Parameter, Schema, moment, plain, read_members
from taskrow.web.prefer import preferences
from taskrow.web.problems import Problem, no_such_task
from taskrow.web.repetition import check_repetition, repetition_of
from taskrow.web.schemas import IDEMPOTENCY_KEY, JSON, PREFER, ref

_AROUND_ARGUMENTS = 64 * 1024  # bytes of a body for everything else
_LATEST = 2**31  # seconds


def _kind(kind: type, words: str) -> Any:
    def parse(value: Any) -> Any:
        if not isinstance(value, kind):
            raise ValueError(words)
        return value

    return parse


def _parse_queue(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError("a name in plain characters")
    return _QUEUE[1](value)


def _parse_priority(value: Any) -> int:
    if isinstance(value, float) and value.is_integer():  # JSON has one kind of number
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > WIDEST:
        raise ValueError(f"a whole number from {-WIDEST} to {WIDEST}")
    return value


def _parse_countdown(value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= _LATEST:
        raise ValueError(f"seconds, from 0 to {_LATEST}")
    return float(value)


_QUEUE, _ETA = plain(), moment()


def _member(name: str, schema: Schema, parse: Any, words: str, **more: Any) -> Parameter:
    return Parameter(name=name, schema=schema, parse=parse, description=words, place="body", **more)


_MEMBERS = (
    _member(
        "name", {"type": "string"}, _kind(str, "a text"), "Of the task function.", required=True
    ),
    _member("args", {"type": "array"}, _kind(list, "a list"), "Arguments by place."),
    _member("kwargs", {"type": "object"}, _kind(dict, "an object"), "Arguments by name."),
    _member("queue", _QUEUE[0], _parse_queue, "Instead of the function's own."),
    _member(
        "priority",
        {"type": "integer", "minimum": -WIDEST, "maximum": WIDEST},
        _parse_priority,
        "Instead of the function's own; higher runs first.",
    ),
    _member(
        "countdown",
        {"type": "number", "minimum": 0, "maximum": _LATEST},
        _parse_countdown,
        "Seconds until it may run.",
    ),
    _member("eta", _ETA[0], _ETA[1], "When it may run; not together with countdown."),
)


@operation(
    name="submit",
    method="POST",
    path="/tasks",
    summary="Submit a task function by its name",
    parameters=(PREFER, IDEMPOTENCY_KEY),
    members=_MEMBERS,
    apart=("countdown", "eta"),
    replies={
        "202": Reply(
            description="The task is stored. With `Prefer: wait` it may be over already.",
            content={JSON: ref("Task")},
            headers=("Location", "Retry-After", "Preference-Applied", "Idempotent-Replayed"),
            links=("task", "result", "status", "cancel", "delete", "retry"),
        ),
    },
    problems=(
        "bad-preference", "bad-idempotency-key", "bad-body", "bad-json", "closed",
        "no-such-task-function",
        "body-too-large", "not-json", "bad-member", "unknown-member", "bad-arguments",
        "has-a-twin", "idempotency-key-reused", "database-unavailable",
        "queue-full", "disk-full",
    ),
)  # fmt: skip
def submit() -> Response:
    """Submit what the body asks for; the answer is its description."""
    access().reach("submit")
    preferred = preferences(current_engine().settings.max_wait)
    body = _read_body()
    call = read_members(_MEMBERS, _parsed(body))
    task, is_new = _submit(_find_function(call.pop("name")), call, body)
    task = wait_for_end(task, preferred)
    with current_engine().database.read() as connection:
        response = jsonify(describe(task, find_answer(connection, task.id)))
    response.status_code = 202
    response.headers["Cache-Control"] = "no-store"
    response.headers["Location"] = url_for("taskrow.task", task_id=task.id)
    if not task.status.final:
        response.headers["Retry-After"] = str(pause_before_next_look(task))
    if not is_new and request.headers.get("Idempotency-Key"):
        response.headers["Idempotent-Replayed"] = "true"
    response.headers.update(preferred.applied)
    return response


def _read_body() -> bytes:
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != JSON or charset not in ("utf-8", "utf8"):
        raise Problem(415, "not-json", "The body must be application/json, in UTF-8.")
    limit = current_engine().settings.max_payload + _AROUND_ARGUMENTS
    try:
        return read_body(request, limit)
    except RequestEntityTooLarge as error:  # found by Flask, or by us
        detail = f"The body has more than {request.max_content_length or limit:,} bytes."
        raise Problem(413, "body-too-large", detail) from error


def _parsed(body: bytes) -> Any:
    try:
        return strict_json(body)
    except ValueError as error:
        raise Problem(400, "bad-json", f"The body is not JSON: {error}.") from None


def _find_function(name: str) -> TaskFunction[..., Any]:
    """One answer for all others: it does not tell which names there are."""
    found = current_engine().registry.find(name)
    if isinstance(found, TaskFunction) and found.options.http:
        return found
    detail = "No task function of this name can be submitted over HTTP."
    raise Problem(404, "no-such-task-function", detail)


def _submit(
    function: TaskFunction[..., Any], call: dict[str, Any], body: bytes
) -> tuple[Task, bool]:
    """The task of this call, and whether it is new: a repetition finds the one that is there."""
    engine, repetition = current_engine(), repetition_of(body, coalesce=False)
    now, arguments = engine.clock(), (tuple(call.pop("args") or ()), call.pop("kwargs") or {})
    try:
        new = function.new_task(
            engine, arguments, call, now=now, idempotency_key=repetition.idempotency_key
        )
    except ArgumentsError as error:
        raise Problem(422, "bad-arguments", f"{error}.") from None
    except OptionError as error:
        raise Problem(422, "bad-member", f"{error}.") from None
    task_id = engine.write(new, now=now, request=_known_by(repetition.fingerprint))
    task = engine.find(task_id)
    if task is None:
        raise no_such_task()
    if task_id != new.id:
        check_repetition(task, repetition)
    return task, task_id == new.id


def _known_by(fingerprint: str | None) -> StoredRequest | None:
    """What a repetition is compared with; nobody runs it."""
    if fingerprint is None:
        return None
    told = {"method": request.method, "path": request.path, "headers": [], "sealed": []}
    return StoredRequest(json.dumps(told), b"", fingerprint=fingerprint)
