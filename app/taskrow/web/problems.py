"""What goes wrong, as RFC 9457 problem details.

A :class:`Problem` with the code 404 is a NotFound of Werkzeug's, and so on: an application's own
error handlers come first; without one the client gets ``application/problem+json``.
"""

from __future__ import annotations

import json
from functools import cache
from http import HTTPStatus
from typing import Any

from flask import Response
from werkzeug.exceptions import HTTPException, default_exceptions

from taskrow.errors import DatabaseError, DiskFullError, QueueFullError

TYPE = "urn:taskrow:problem:"

# Status code, kind, sentence, and after how many seconds it may be otherwise.
_UNAVAILABLE = (
    503, "database-unavailable", "The task database cannot be used at the moment.", 1,
)  # fmt: skip
_FULL: dict[type[DatabaseError], tuple[int, str, str, int]] = {
    QueueFullError: (503, "queue-full", "Too many tasks wait already.", 5),
    DiskFullError: (507, "disk-full", "There is no space left for more tasks.", 60),
}


class Problem(HTTPException):
    """An error answer: status code, a kind in words that programs can compare, one sentence.

    ``headers`` go out with it; ``more`` are further members of the document.
    """

    def __new__(cls, code: int, *_: Any, **__: Any) -> Problem:
        return super().__new__(_class_of(code))

    def __init__(
        self,
        code: int,
        kind: str,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        HTTPException.__init__(self, detail)
        self.code, self.kind, self.more = code, kind, more
        self._headers = headers or {}

    def document(self) -> dict[str, Any]:
        """The members of the problem document."""
        assert self.code is not None
        return {
            "type": TYPE + self.kind,
            "title": HTTPStatus(self.code).phrase,
            "status": self.code,
            "detail": self.description,
            **self.more,
        }

    def get_body(self, *_: Any) -> str:
        return json.dumps(self.document())

    def get_headers(self, *_: Any) -> list[tuple[str, str]]:
        own = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
        return list((own | self._headers).items())

    def get_response(self, *_: Any) -> Response:
        """The answer as a response of Flask's."""
        return Response(self.get_body(), self.code, self.get_headers())


@cache
def _class_of(code: int) -> type[Problem]:
    """Handlers are found by the class of an exception, and by the code of the class."""
    usual = default_exceptions.get(code)
    bases = (Problem,) if usual is None else (Problem, usual)
    return type("Problem", bases, {"code": code})


def no_such_task() -> Problem:
    """For an id that never was, is purged, or is not the client's to see: there is no telling."""
    return Problem(404, "no-such-task", "There is no task with this id, or not any more.")


def unavailable(error: DatabaseError) -> Problem:
    """The database cannot be used: nothing was stored, and where it lies is nobody's business."""
    code, kind, what, seconds = _UNAVAILABLE
    for known, facts in _FULL.items():
        if isinstance(error, known):
            code, kind, what, seconds = facts
    detail = f"{what} Nothing was submitted: try again."
    return Problem(code, kind, detail, headers={"Retry-After": str(seconds)})
