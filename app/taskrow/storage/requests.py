"""The HTTP side of a task that is a stored request."""

from __future__ import annotations

import json

from sqlalchemy import Connection, bindparam, select, update

from taskrow.domain.answer import Answer
from taskrow.storage.prepared import Prepared
from taskrow.storage.submit import StoredRequest
from taskrow.storage.tables import task_requests, tasks

_REQUEST = Prepared(
    select(task_requests.c.request, task_requests.c.body, task_requests.c.checksum)
    .join(tasks)
    .where(tasks.c.id == bindparam("task_id")),
    "task_id",
)
_ANSWER = Prepared(
    select(
        task_requests.c.response_status,
        task_requests.c.response_headers,
        task_requests.c.response_body,
        task_requests.c.response_cookies,
    )
    .join(tasks)
    .where(tasks.c.id == bindparam("task_id"), task_requests.c.response_status.is_not(None)),
    "task_id",
)


def find_request(connection: Connection, task_id: str) -> StoredRequest | None:
    """The request of a task, with its checksum; None where it has none."""
    for request, body, checksum in _REQUEST.fetch(connection, (task_id,)):
        return StoredRequest(request, body, checksum=checksum)
    return None


def find_fingerprint(connection: Connection, task_id: str) -> str | None:
    """By which a repetition of the task's request is known; None where it needed none."""
    return connection.execute(
        select(task_requests.c.fingerprint).join(tasks).where(tasks.c.id == task_id)
    ).scalar()


def find_answer(connection: Connection, task_id: str) -> Answer | None:
    """What the view of a task answered; None where it has not, or is no view."""
    for status, headers, body, cookies in _ANSWER.fetch(connection, (task_id,)):
        told = tuple((name, value) for name, value in json.loads(headers))
        return Answer(status, told, body, cookies)
    return None


def store_answer(connection: Connection, seq: int, answer: Answer) -> None:
    """Keep what a view answered, in the transaction that ends its task."""
    connection.execute(
        update(task_requests)
        .where(task_requests.c.task_seq == seq)
        .values(
            response_status=answer.status,
            response_headers=json.dumps(answer.headers),
            response_body=answer.body,
            response_cookies=answer.cookies,
        )
    )


def drop_answer(connection: Connection, seq: int) -> None:
    """Forget what a view answered: its task runs again."""
    connection.execute(
        update(task_requests)
        .where(task_requests.c.task_seq == seq)
        .values(
            response_status=None,
            response_headers=None,
            response_body=None,
            response_cookies=None,
        )
    )
