"""Requests that come twice: ``Idempotency-Key``, and ``coalesce``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from flask import Request, request

from taskrow.domain.task import Task
from taskrow.storage.requests import find_fingerprint
from taskrow.web.access import access
from taskrow.web.credentials import digest, session_text
from taskrow.web.lookup import current_engine
from taskrow.web.problems import Problem

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True)
class Repetition:
    """By which a request is known again. idempotency_key, unique_key: digests, for the row.

    fingerprint: what must be the same under one idempotency key.
    """

    idempotency_key: str | None
    unique_key: str | None
    fingerprint: str | None


def repetition_of(body: bytes, *, coalesce: bool) -> Repetition:
    """That of the current request. Problem 400 when its key is unusable."""
    key = _idempotency_key()
    if key is None and not coalesce:
        return Repetition(None, None, None)
    same = _fingerprint(request, body)
    return Repetition(
        None if key is None else digest("idempotency", _whose(session=False), key),
        "view:" + digest("coalesce", _whose(session=True), same) if coalesce else None,
        same,
    )


def check_repetition(task: Task, repetition: Repetition) -> None:
    """Under one key there is one request, of one owner. Problem 422: it was for another.

    Problem 409: the task is found by what makes it unique, and is somebody else's.
    """
    if task.idempotency_key is None or task.idempotency_key != repetition.idempotency_key:
        if access().shows(task):
            return
        detail = "The same is under way for another client: try again when it is over."
        raise Problem(409, "has-a-twin", detail)
    if access().shows(task):
        with current_engine().database.read() as connection:
            if find_fingerprint(connection, task.id) == repetition.fingerprint:
                return
    detail = "This Idempotency-Key was used for another request: take a new key for this one."
    raise Problem(422, "idempotency-key-reused", detail)


def _idempotency_key() -> str | None:
    given = request.headers.get("Idempotency-Key")
    if given is None:
        return None
    key = given.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':  # the draft has it quoted, clients often not
        key = key[1:-1]
    if not _KEY.fullmatch(key):
        detail = "An Idempotency-Key has 1 to 255 visible characters; a UUID is a good one."
        raise Problem(400, "bad-idempotency-key", detail)
    return key


def _whose(*, session: bool) -> str:
    """Keys are private to a client: its owner name, or what it logs in with.

    A session changes between two tries of the same request, so it does not tell keys apart.
    """
    owner = access().current_owner()
    if owner is not None:
        return f"owner {owner}"
    told = [request.headers.get("Authorization", ""), session_text() if session else ""]
    return "".join(f"{len(part)} {part}" for part in told)


def _fingerprint(request: Request, body: bytes) -> str:
    boundary = request.mimetype_params.get("boundary", "").encode()
    if boundary and request.mimetype.startswith("multipart/"):  # new at each try, means nothing
        body = body.replace(b"--" + boundary, b"--boundary")
    line = f"{request.method} {request.root_path}{request.path}?{request.environ['QUERY_STRING']}"
    told = f"{line} {request.mimetype} ".encode(errors="surrogatepass")
    return sha256(told + body).hexdigest()
