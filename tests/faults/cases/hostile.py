"""Clients that send what nobody should."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

from tests.conformance.client import ask
from tests.faults.board import case
from tests.faults.scene import APP, Scene, Web

_NAME = f"{APP}.echo"
_DEEP = "[" * 5000 + "]" * 5000
_BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "no object": b"[]",
    "no UTF-8": b'{"name": "\xff\xfe"}',
    "NaN": f'{{"name": "{_NAME}", "args": [NaN]}}'.encode(),
    "Infinity": f'{{"name": "{_NAME}", "args": [-Infinity]}}'.encode(),
    "a lone surrogate in the name": b'{"name": "\\ud800"}',
    "NUL in the name": b'{"name": "a\\u0000b"}',
    "a path as a name": b'{"name": "os.system", "args": ["true"]}',
    "a name that is no text": b'{"name": {"$ne": 1}}',
    "too deep": f'{{"name": "{_NAME}", "args": {_DEEP}}}'.encode(),
    "args of the wrong kind": f'{{"name": "{_NAME}", "args": "abc"}}'.encode(),
    "too few arguments": f'{{"name": "{_NAME}", "args": []}}'.encode(),
    "10 MB": f'{{"name": "{_NAME}", "args": ["{"x" * 10_000_000}"]}}'.encode(),
    "a priority that is none": f'{{"name": "{_NAME}", "args": [1], "priority": 1e400}}'.encode(),
}
_PATHS = (
    "/tasks/%00",
    "/tasks/../../etc/passwd",
    "/tasks/%F0%9F%92%A9",
    "/tasks/" + "a" * 5000,
    "/status/1%20OR%201=1",
    "/tasks?limit=1e9",
    "/tasks?after=%27;DROP%20TABLE%20tasks;--",
    "/tasks?status=%00&queue=%27%22%3Cscript%3E",
)
_HUNG_UP = 413  # in the middle of a body that is too long; the answer is lost with it


@case(38, "bad bytes, numbers, depths and sizes", expected="4xx each time, no row, never 5xx")
def bad_input(scene: Scene) -> str:
    web = scene.web({"FAULTS_OPEN": "1"})
    assert _submit(web, {"name": _NAME, "args": [["NUL \x00", "\ud800", 2**70]]}) == 202
    seen = {name: _post(web, body) for name, body in _BODIES.items()}
    seen |= {path: ask("GET", f"{web.base}{path}").status for path in _PATHS}
    seen["bad key"] = web.submit(Idempotency_Key="x" * 300).status
    wrong = {what: status for what, status in seen.items() if not 400 <= status < 500}
    assert not wrong, wrong
    with closing(sqlite3.connect(scene.file)) as file:
        (rows,) = file.execute("SELECT count(*) FROM tasks").fetchone()
    assert rows == 1
    return f"{len(seen)} kinds, all 4xx, no row; NUL, half a surrogate and 2**70 are taken as JSON"


def _submit(web: Web, body: object) -> int:
    return _post(web, json.dumps(body).encode())


def _post(web: Web, body: bytes) -> int:
    headers = {"Content-Type": "application/json"}
    try:
        return ask("POST", f"{web.base}/tasks", body, headers).status
    except BrokenPipeError:
        return _HUNG_UP
