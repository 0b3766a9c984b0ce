"""Hooks for schemathesis: some of what it makes up becomes true, or it would only meet 404s.

Ids that look like ids become those of tasks that are there, names those of task functions.
"""

from __future__ import annotations

import os
from typing import Any
from zlib import crc32

import schemathesis

IDS = os.environ.get("API_TASK_IDS", "").split()
NAMES = ["add", "echo", "echo", "fail"]


@schemathesis.hook
def map_path_parameters(_: Any, path_parameters: Any) -> Any:
    """Most ids are those of real tasks."""
    if isinstance(path_parameters, dict) and IDS:
        given = path_parameters.get("task_id")
        if isinstance(given, str) and len(given) == 36 and (pick := crc32(given.encode())) % 5:
            return path_parameters | {"task_id": IDS[pick % len(IDS)]}
    return path_parameters


@schemathesis.hook
def map_body(_: Any, body: Any) -> Any:
    """Most names are those of real functions."""
    if isinstance(body, dict) and isinstance(body.get("name"), str):
        pick = crc32(body["name"].encode(errors="replace"))
        if pick % 5:
            return body | {"name": NAMES[pick % len(NAMES)]}
    return body
