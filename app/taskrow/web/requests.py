"""A request as a row: taken down in the web process, put up again in the worker."""

from __future__ import annotations

import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from io import BytesIO
from typing import Any
from urllib.parse import quote

from flask import Request
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from taskrow.domain.checksum import checksum_of
from taskrow.domain.settings import Settings
from taskrow.storage.submit import StoredRequest
from taskrow.web import csrf
from taskrow.web.bodies import read_body
from taskrow.web.credentials import Credentials, credentials_of, secret_names
from taskrow.web.problems import Problem

_LEFT_OUT = {
    "connection", "content-length", "keep-alive", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade",
}  # fmt: skip
_LONGEST_URL = 16 * 1024  # bytes
_LONGEST_HEAD = 64 * 1024


def take_down(request: Request, settings: Settings, task_id: str) -> StoredRequest:
    """Store a request: its line, address, headers, raw body, and sealed credentials.

    Problem 400, 413, 414 or 431 where it is broken or too large; CredentialsError where there is no
    key to seal with.
    """
    headers = list(request.headers)
    secret = secret_names(settings.secret_headers)
    told = _describe(request, headers, secret | _LEFT_OUT)
    body = read_body(request, settings.max_body)
    credentials = credentials_of([one for one in headers if one[0].lower() in secret])
    sealed = None if credentials is None else credentials.seal(task_id)
    told["sealed"] = [] if credentials is None else credentials.names
    head = json.dumps(told)
    return StoredRequest(head, body, sealed, checksum=checksum_of(head, body))


def put_up(stored: StoredRequest, credentials: Credentials | None) -> dict[str, Any]:
    """The WSGI environ of a stored request, as the application saw it after its middleware."""
    told = json.loads(stored.request)
    headers = [(name, value) for name, value in told["headers"]]
    builder = EnvironBuilder(
        base_url=f"{told['scheme']}://{told['host']}/",
        method=told["method"],
        headers=Headers(headers + (credentials.headers if credentials else [])),
        input_stream=BytesIO(stored.body),
        content_length=len(stored.body),
        environ_base={"REMOTE_ADDR": told["remote_addr"]} if told["remote_addr"] else None,
        environ_overrides=_address(told),
    )
    try:
        return builder.get_environ()
    finally:
        builder.close()


def had_good_token(stored: StoredRequest) -> bool:
    """Whether Flask-WTF had checked the token of a stored request in the web process."""
    return bool(json.loads(stored.request).get("csrf"))


def _address(told: dict[str, Any]) -> dict[str, str]:
    """The parts of the URL as the server gave them: to build them from a URL would lose some.

    (A ``?`` that was escaped is a letter of the path, and a raw ``ü`` in the query stays raw.)
    """
    path, query = told["root_path"] + told["path"], told["query"]
    uri = quote(path.encode("latin-1")) + (f"?{query}" if query else "")
    return {
        "SCRIPT_NAME": told["root_path"],
        "PATH_INFO": told["path"],
        "QUERY_STRING": query,
        "REQUEST_URI": uri,
        "RAW_URI": uri,
    }


def _describe(
    request: Request, headers: Sequence[tuple[str, str]], left_out: AbstractSet[str]
) -> dict[str, Any]:
    told = {
        "method": request.method,
        "scheme": request.scheme,
        "host": request.host,
        "root_path": request.environ.get("SCRIPT_NAME", ""),
        "path": request.environ["PATH_INFO"],
        "query": request.environ.get("QUERY_STRING", ""),
        "remote_addr": request.remote_addr,
        "csrf": csrf.was_checked(),
        "headers": [one for one in headers if one[0].lower() not in left_out],
    }
    _check_size(told, headers)
    return told


def _check_size(told: dict[str, Any], headers: Sequence[tuple[str, str]]) -> None:
    if "\0" in told["path"]:
        raise Problem(400, "bad-url", "The path of the URL has a NUL character in it.")
    if len(told["path"]) + len(told["query"]) > _LONGEST_URL:
        raise Problem(414, "url-too-long", f"The URL has more than {_LONGEST_URL:,} bytes.")
    if sum(len(name) + len(value) for name, value in headers) > _LONGEST_HEAD:
        raise Problem(431, "headers-too-large", f"The headers have over {_LONGEST_HEAD:,} bytes.")
