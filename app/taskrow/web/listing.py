"""``GET /tasks``: the list, a page at a time, newest first."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode

from flask import Response, jsonify, request

from taskrow.domain.task import Status
from taskrow.storage.pages import WINDOW, Filters, find_page
from taskrow.web.access import access
from taskrow.web.descriptions import summarize
from taskrow.web.lookup import current_engine
from taskrow.web.operations import Reply, operation
from taskrow.web.parameters import Parameter, moment, one_of, plain, whole
from taskrow.web.problems import Problem
from taskrow.web.schemas import JSON, ref
from taskrow.web.stored_views import PREFIX

_USUAL = 50
_CURSOR = "^c[1-9a-f][0-9a-f]{0,14}$"


def _parameter(name: str, kind: tuple[dict[str, Any], Any], words: str, **more: Any) -> Parameter:
    schema, parse = kind
    return Parameter(name=name, schema=schema, parse=parse, description=words, **more)


_LIMIT, _PARSE_LIMIT = whole(1, 100)
_QUERY = (
    _parameter("status", one_of([*Status]), "May be repeated, or several with commas.", many=True),
    _parameter("name", plain(), "The name of a task function, or the endpoint of a view."),
    _parameter("queue", plain(), "The name of a queue."),
    _parameter("kind", one_of(["view", "task"]), "Views alone, or task functions alone."),
    _parameter("since", moment(), "Submitted then or later."),
    _parameter("until", moment(), "Submitted then or earlier."),
    _parameter("limit", (_LIMIT | {"default": _USUAL}, _PARSE_LIMIT), "The most of one page."),
    Parameter(
        name="after",
        description="Where the page begins: `next` of the page before.",
        schema={"type": "string", "pattern": _CURSOR},
    ),
)


@operation(
    name="tasks",
    method="GET",
    path="/tasks",
    summary="Tasks, newest first",
    description=f"A page ends after {WINDOW:,} tasks that were looked at, so with rare filters a "
    "page can hold few tasks, or none, and still have a next one.",
    parameters=_QUERY,
    replies={
        "200": Reply(
            description="A page. `Link` with rel=next is there while `next` is.",
            content={JSON: ref("TaskList")},
            headers=("Link",),
        ),
    },
    problems=(
        "bad-parameter", "unknown-parameter", "bad-cursor", "closed", "database-unavailable",
    ),
)  # fmt: skip
def list_tasks(*, after: str | None, limit: int | None, **query: Any) -> Response:
    """One page of the tasks that the client may list."""
    mine = access().reach("list") == "own"
    owner = access().current_owner()
    below = None if after is None else _seq_of(after)
    if mine and owner is None:  # nobody's tasks belong to nobody
        return _answer([], None)
    filters = _filters(owner if mine else None, **query)
    with current_engine().database.read() as connection:
        page = find_page(connection, filters, below=below, limit=limit or _USUAL)
    return _answer([summarize(task) for task in page.tasks], page.below)


def _filters(
    owner: str | None, *, status: list[str], name: str | None, kind: str | None, **query: Any
) -> Filters:
    return Filters(
        owner=owner,
        statuses=[Status(one) for one in status],
        names=[] if name is None else [name, f"{PREFIX}{name}"],  # kind tells them apart
        prefix=PREFIX if kind == "view" else None,
        without_prefix=PREFIX if kind == "task" else None,
        **query,
    )


def _answer(items: list[dict[str, Any]], below: int | None) -> Response:
    cursor = None if below is None else _cursor_of(below)
    response = jsonify(items=items, next=cursor)
    response.headers["Cache-Control"] = "private, no-store"
    if cursor is not None:
        given = [(key, value) for key, value in request.args.items(multi=True) if key != "after"]
        path = quote(request.root_path + request.path)
        response.headers["Link"] = f'<{path}?{urlencode([*given, ("after", cursor)])}>; rel="next"'
    return response


def _cursor_of(seq: int) -> str:
    """Opaque to clients: what is in it may change."""
    return f"c{seq:x}"


def _seq_of(cursor: str) -> int:
    """The row number in a cursor. Problem 400 for every text that is none of ours."""
    if not re.fullmatch(_CURSOR, cursor):
        raise Problem(400, "bad-cursor", "after must be the next of a page that was listed.")
    return int(cursor[1:], 16)
