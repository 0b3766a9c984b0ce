"""A client of the demo, as small as clients of taskrow can be: requests and answers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any

from taskrow.demo.processes import HOST

_TIMEOUT = 5.0  # seconds


@dataclass(frozen=True)
class Reply:
    """What the server answered."""

    status: int
    body: str
    headers: dict[str, str] = field(compare=False)

    @property
    def line(self) -> str:
        return f"{self.status} {HTTPStatus(self.status).phrase}"

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")

    def json(self) -> Any:
        """The body, parsed. ValueError where it is no JSON."""
        return json.loads(self.body)


def ask(port: int, method: str, path: str) -> Reply:
    """One request. OSError when nobody answers in time."""
    connection = HTTPConnection(HOST, port, timeout=_TIMEOUT)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return Reply(response.status, response.read().decode(), dict(response.getheaders()))
    finally:
        connection.close()
