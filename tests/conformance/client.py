"""What a client does: ask, look where the 202 says, until there is an answer."""

from __future__ import annotations

from http.client import HTTPConnection
from typing import Any
from urllib.parse import urljoin, urlsplit

from tests.doors.http import Answer
from tests.support.processes import eventually


def ask(
    method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> Answer:
    """One request on a connection of its own."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        path = parts._replace(scheme="", netloc="").geturl()
        connection.request(method, path or "/", body, headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.msg, response.read())
    finally:
        connection.close()


def post(url: str, body: bytes = b"", **headers: str) -> Answer:
    """Header names as keywords: ``Idempotency_Key`` for Idempotency-Key."""
    return ask("POST", url, body, {name.replace("_", "-"): text for name, text in headers.items()})


def where(base: str, accepted: Answer) -> str:
    """The whole URL of a 202's Location."""
    assert accepted.status == 202, (accepted.status, accepted.body)
    return urljoin(base, str(accepted.headers["Location"]))


def task_id(accepted: Answer) -> str:
    return str(accepted.headers["Location"]).rpartition("/")[2]


def answer_of(base: str, accepted: Answer) -> Answer:
    """The answer that the Location of a 202 becomes."""
    url = where(base, accepted)
    final: list[Answer] = []

    def look() -> bool:
        final.append(ask("GET", url))
        return final[-1].status != 202

    eventually(look)
    return final[-1]


def wait_until(base: str, one: str, **members: Any) -> Any:
    """The document of a task, once it has these members."""
    found: list[Any] = []

    def look() -> bool:
        found.append(ask("GET", f"{base}/tasks/{one}").json)
        return all(found[-1][name] == value for name, value in members.items())

    eventually(look)
    return found[-1]
