"""The body of a request: read within its limits, and refused where no view could make sense of it.

What is broken is told at once: in the worker it would be an error page that comes late.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

from flask import Request
from werkzeug.datastructures import CombinedMultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.sansio.multipart import Epilogue, MultipartDecoder, NeedData
from werkzeug.test import encode_multipart

from taskrow.web.problems import Problem

_DEEPEST_JSON = 200
_MOST_EVENTS = 5000  # of a parser of forms: two a part, and Flask takes 1000 parts
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def read_body(request: Request, limit: int) -> bytes:
    """The raw body. Problem 413 when it has more than ``limit`` bytes, 400 when it is broken.

    A smaller MAX_CONTENT_LENGTH of the application holds, too.
    """
    own = request.max_content_length
    limit = limit if own is None else min(own, limit)
    declared = request.content_length
    if declared is not None and declared > limit:
        raise _too_large(limit)
    # Werkzeug cuts a chunked body at this length without a word: only one byte more tells.
    request.max_content_length = limit + 1
    body = _receive(request)
    if not body and "form" in vars(request):
        body = _write_again(request)
    elif declared is not None and len(body) < declared:  # not every server compares
        raise _broken()
    if len(body) > limit:
        raise _too_large(limit)
    _check(request, body)
    return body


def _receive(request: Request) -> bytes:
    try:
        return request.get_data(cache=True, parse_form_data=False)
    except HTTPException:
        raise
    except Exception as error:
        raise _broken() from error


def _broken() -> Problem:
    return Problem(400, "bad-body", "The body is not what the headers announce: it is cut short.")


def strict_json(text: bytes | str) -> Any:
    """Parse JSON as the standard has it. ValueError: it is none, has NaN, or is nested too deep."""
    if isinstance(text, bytes):
        text = text.decode()
    if text.count("[") + text.count("{") > _DEEPEST_JSON and _depth(text) > _DEEPEST_JSON:
        raise ValueError(f"nested more than {_DEEPEST_JSON} deep")
    return json.loads(text, parse_constant=_no_constant)


def _check(request: Request, body: bytes) -> None:
    if request.mimetype == "multipart/form-data":
        _check_multipart(request, body)
    elif request.is_json and body:
        try:
            strict_json(body)
        except ValueError as error:
            raise Problem(400, "bad-json", f"The body is not JSON: {error}.") from None


def _check_multipart(request: Request, body: bytes) -> None:
    boundary = request.mimetype_params.get("boundary", "").encode()
    if not boundary or not _is_whole(body, boundary):
        detail = "The multipart body is broken: a part of it, or its boundary, is missing."
        raise Problem(400, "bad-multipart", detail)


def _is_whole(body: bytes, boundary: bytes) -> bool:
    """Whether the parts can be told apart up to the last; far more than a form may have will do."""
    decoder = MultipartDecoder(boundary)
    try:
        decoder.receive_data(body)
        decoder.receive_data(None)
        for _ in range(_MOST_EVENTS):
            event = decoder.next_event()
            if isinstance(event, Epilogue | NeedData):
                return isinstance(event, Epilogue)
    except ValueError:
        return False
    return True


def _too_large(limit: int) -> Problem:
    return Problem(413, "body-too-large", f"The body has more than {limit:,} bytes.", limit=limit)


def _write_again(request: Request) -> bytes:
    """The body of a form that a hook has parsed before us, as protection against CSRF does."""
    boundary = request.mimetype_params.get("boundary")
    if boundary is None:
        return urlencode(list(request.form.items(multi=True))).encode()
    for _, file in request.files.items(multi=True):
        file.stream.seek(0)
    return encode_multipart(CombinedMultiDict([request.form, request.files]), boundary)[1]


def _depth(text: str) -> int:
    deepest = depth = 0
    for match in _BRACKETS.finditer(text):
        found = match[0]
        depth += 1 if found in "[{" else -1 if found in "]}" else 0
        deepest = max(deepest, depth)
    return deepest


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not in the standard")
