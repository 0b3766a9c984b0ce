"""The shapes of the API as JSON Schema, and the kinds of problems: the words of its document."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from taskrow.domain.task import Status
from taskrow.web.parameters import Parameter, Schema, moment
from taskrow.web.problems import TYPE

JSON, PROBLEM = "application/json", "application/problem+json"

PROBLEMS: dict[str, tuple[int, str]] = {
    "bad-parameter": (400, "A parameter of the query has no value that it can have."),
    "unknown-parameter": (400, "The query has a parameter that there is not."),
    "bad-cursor": (400, "`after` is no cursor that a list gave."),
    "bad-preference": (400, "`Prefer: wait` without whole seconds."),
    "bad-idempotency-key": (400, "The Idempotency-Key is not 1 to 255 visible characters."),
    "bad-body": (400, "The body is not as long as it says, or its chunks are broken."),
    "bad-json": (400, "The body is no JSON."),
    "closed": (403, "The application has not opened this, or not to this client."),
    "no-such-task": (404, "No task has this id, not any more, or it is somebody else's."),
    "no-such-task-function": (404, "No task function of this name can be submitted over HTTP."),
    "method-not-allowed": (405, "The path does not take this method; `Allow` says which."),
    "too-late": (409, "The task is over: it cannot be cancelled."),
    "not-over": (409, "The task is not over: it cannot be retried."),
    "has-a-twin": (409, "The same is under way as another task."),
    "credentials-erased": (409, "The credentials of its request are erased: submit it again."),
    "cancelled": (410, "The task was cancelled, so it has no result."),
    "body-too-large": (413, "The body has more bytes than are taken."),
    "not-json": (415, "The body is not declared as application/json in UTF-8."),
    "bad-member": (422, "A member of the body is missing, or no value that it can have."),
    "unknown-member": (422, "The body has a member that there is not."),
    "bad-arguments": (422, "The arguments do not fit the task function."),
    "idempotency-key-reused": (422, "The key was used before, for another request."),
    "task-failed": (424, "The task failed, so it has no result; `error` says how."),
    "database-unavailable": (503, "Nothing was done; try again after `Retry-After`."),
    "queue-full": (503, "Too many tasks wait; try again after `Retry-After`."),
    "disk-full": (507, "There is no space for more tasks; try again after `Retry-After`."),
}


def ref(name: str) -> Schema:
    """A schema of the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def by_code(kinds: Iterable[str]) -> dict[int, list[str]]:
    """Kinds of problems by their status code."""
    ordered = sorted(kinds, key=lambda kind: PROBLEMS[kind][0])
    return {code: list(same) for code, same in groupby(ordered, lambda kind: PROBLEMS[kind][0])}


def problem_schema(kinds: Iterable[str]) -> Schema:
    """A problem document of one of these kinds."""
    return {
        "allOf": [ref("Problem")],
        "properties": {"type": {"enum": [TYPE + kind for kind in kinds]}},
    }


def _object(optional: Iterable[str] = (), **properties: Schema) -> Schema:
    required = [name for name in properties if name not in set(optional)]
    return {"type": "object", "properties": properties, "required": required}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


_TIME = moment()[0]
_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer"}
_PERCENT: Schema = {"type": ["integer", "null"], "description": "Where current and total tell it."}

_FACTS: dict[str, Schema] = {
    "id": _TEXT | {"format": "uuid"},
    "name": _TEXT | {"description": "The task function's name, or the view's endpoint."},
    "kind": _TEXT | {"enum": ["view", "task"]},
    "queue": _TEXT,
    "status": _TEXT | {"enum": [status.value for status in Status]},
    "progress": _or_null({"type": "object", "properties": {"percent": _PERCENT}}),
    "priority": _WHOLE,
    "attempt": _WHOLE | {"minimum": 0},
    "created_at": _TIME,
    "run_at": _TIME,
    "started_at": _or_null(_TIME),
    "finished_at": _or_null(_TIME),
    "cancel_requested_at": _or_null(_TIME),
    "error": _or_null(ref("Error")),
    "links": _object(self=_TEXT, status=_TEXT, result=_TEXT, cancel=_TEXT, retry=_TEXT),
}

SCHEMAS: dict[str, Schema] = {
    "TaskItem": _object(**_FACTS) | {"description": "A task as lists show it."},
    "Task": _object(
        **_FACTS,
        result={"description": "What the task function returned; null before, and for views."},
        response=_or_null(ref("StoredResponse")),
        logs=_or_null({"type": "array", "items": ref("AttemptLogs")})
        | {"description": "Of its last ten attempts, for clients that may see them; else null."},
    ),
    "AttemptLogs": _object(attempt=_WHOLE, text=_TEXT)
    | {"description": "What an attempt logged: a line for each record, the newest last."},
    "StoredResponse": _object(
        status=_WHOLE, content_type={"type": ["string", "null"]}, bytes=_WHOLE
    ),
    "Error": _object(type=_TEXT, message=_TEXT),
    "TaskList": _object(
        items={"type": "array", "items": ref("TaskItem")},
        next={"type": ["string", "null"], "description": "`after` of the next page; null: none."},
    ),
    "Result": _object(result={"description": "What the task function returned."}),
    "CeleryStatus": _object(
        ["result"],
        state=_TEXT | {"description": "PENDING, PROGRESS, SUCCESS, FAILURE, REVOKED, or its own."},
        current={},
        total={},
        status={},
        result={},
    ),
    "Problem": _object(
        ["limit", "error"],
        type=_TEXT | {"format": "uri"},
        title=_TEXT,
        status=_WHOLE,
        detail=_TEXT,
        limit=_WHOLE,
        error=ref("Error"),
    )
    | {"description": "RFC 9457: compare `type`; `detail` is for people."},
}

HEADERS: dict[str, dict[str, Any]] = {
    "Location": {"description": "Where to look next.", "schema": _TEXT},
    "Retry-After": {"description": "Seconds until it is worth asking again.", "schema": _WHOLE},
    "ETag": {"description": "For If-None-Match; it changes with the document.", "schema": _TEXT},
    "Link": {"description": "RFC 8288.", "schema": _TEXT},
    "AsyncResult": {"description": "The code of the view's own answer.", "schema": _WHOLE},
    "Preference-Applied": {"description": "What was honoured of Prefer.", "schema": _TEXT},
    "Idempotent-Replayed": {"description": "true: it was there before.", "schema": _TEXT},
    "Allow": {"description": "The methods that the path takes.", "schema": _TEXT},
}

TASK_ID = Parameter(
    name="task_id",
    place="path",
    required=True,
    description="The id of a task: what a Location ends with.",
    schema=_TEXT | {"format": "uuid"},
)
PREFER = Parameter(
    name="Prefer",
    place="header",
    description="`wait=10`: answer when it is over, or after so many seconds (RFC 7240).",
    schema=_TEXT | {"examples": ["wait=1"]},
)
IF_NONE_MATCH = Parameter(
    name="If-None-Match",
    place="header",
    description="The ETag that the client has: 304 while it is the same (with Prefer: wait, the "
    "answer comes when it is not any more).",
    schema=_TEXT | {"examples": ['"0000"']},
)

# 1 to 255 visible characters, which may stand in quotes: the draft has them so, clients often not.
_KEY = (
    r'^\s*("[\x21-\x7e]{1,255}"|[\x21\x23-\x7e][\x21-\x7e]{0,254}'
    r'|"[\x21-\x7e]{0,253}[\x21\x23-\x7e]|")\s*$'
)
IDEMPOTENCY_KEY = Parameter(
    name="Idempotency-Key",
    place="header",
    description="Made anew for each intent, best a UUID; the same again finds the same task.",
    schema=_TEXT | {"pattern": _KEY},
)
