"""A request as a row: taken down in the web process, put up again in the worker."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any
from urllib.parse import quote, urlencode

from flask import Request, request
from werkzeug.datastructures import CombinedMultiDict, Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.test import EnvironBuilder, encode_multipart

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
        base_url=f"{told['scheme']}://{told['host']}/",
        method=told["method"],
        headers=Headers([(name, value) for name, value in told["headers"]]),
        input_stream=BytesIO(stored.body),
        content_length=len(stored.body),
        environ_base={"REMOTE_ADDR": told["remote_addr"]} if told["remote_addr"] else None,
        environ_overrides=_address(told),
    )
    try:
        return builder.get_environ()
    finally:
        builder.close()


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


def _describe(request: Request) -> dict[str, Any]:
    return {
        "method": request.method,
        "scheme": request.scheme,
        "host": request.host,
        "root_path": request.environ.get("SCRIPT_NAME", ""),
        "path": request.environ["PATH_INFO"],
        "query": request.environ.get("QUERY_STRING", ""),
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
    body = request.get_data(cache=True, parse_form_data=False)
    if not body and "form" in vars(request):
        body = _write_again(request)
    if len(body) > limit:
        raise RequestEntityTooLarge
    return body


def _write_again(request: Request) -> bytes:
    """The body of a form that a hook has parsed before us, as protection against CSRF does."""
    boundary = request.mimetype_params.get("boundary")
    if boundary is None:
        return urlencode(list(request.form.items(multi=True))).encode()
    for _, file in request.files.items(multi=True):
        file.stream.seek(0)
    return encode_multipart(CombinedMultiDict([request.form, request.files]), boundary)[1]
