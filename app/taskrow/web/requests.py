"""A request as a row: taken down in the web process, put up again in the worker."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

from flask import Request, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.test import EnvironBuilder

from taskrow.storage.submit import StoredRequest

_CREDENTIALS = {"authorization", "cookie", "proxy-authorization"}
_HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
_LEFT_OUT = _CREDENTIALS | _HOP_BY_HOP | {"content-length"}


def take_down(limit: int) -> StoredRequest:
    """Store the current request: its line, address, headers without credentials, and raw body.

    RequestEntityTooLarge (413) when the body has more than ``limit`` bytes.
    """
    return StoredRequest(json.dumps(_describe(request)), _read_body(request, limit))


def put_up(stored: StoredRequest) -> dict[str, Any]:
    """The WSGI environ of a stored request, as the application saw it after its middleware."""
    told = json.loads(stored.request)
    builder = EnvironBuilder(
        path=told["path"],
        base_url=f"{told['scheme']}://{told['host']}{told['root_path']}/",
        query_string=told["query"],
        method=told["method"],
        headers=Headers([(name, value) for name, value in told["headers"]]),
        input_stream=BytesIO(stored.body),
        content_length=len(stored.body),
        environ_base={"REMOTE_ADDR": told["remote_addr"]} if told["remote_addr"] else None,
    )
    try:
        return builder.get_environ()
    finally:
        builder.close()


def _describe(request: Request) -> dict[str, Any]:
    return {
        "method": request.method,
        "scheme": request.scheme,
        "host": request.host,
        "root_path": request.root_path,
        "path": request.path,
        "query": request.query_string.decode("latin-1"),
        "remote_addr": request.remote_addr,
        "headers": [
            [name, value] for name, value in request.headers if name.lower() not in _LEFT_OUT
        ],
    }


def _read_body(request: Request, limit: int) -> bytes:
    declared = request.content_length
    if declared is not None and declared > limit:
        raise RequestEntityTooLarge
    own = request.max_content_length
    request.max_content_length = limit if own is None else min(own, limit)
    return request.get_data(cache=True, parse_form_data=False)
