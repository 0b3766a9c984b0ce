"""A client that sends whatever it likes: bytes on a socket, and what the server makes of them."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reply:
    """What came back. status 0: the server hung up without a word."""

    status: int
    head: str
    body: bytes

    @property
    def is_problem(self) -> bool:
        """Whether the application said what is wrong, rather than the server before it."""
        return "application/problem+json" in self.head

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def head(method: str, path: str | bytes, headers: Iterable[str | bytes] = ()) -> bytes:
    """A request up to its body, as it is: nothing is escaped, nothing is added but the host."""
    lines: list[str | bytes] = ["Host: 127.0.0.1", "Connection: close", *headers]
    first = method.encode() + b" " + _bytes(path) + b" HTTP/1.1"
    return b"\r\n".join([first, *map(_bytes, lines), b"", b""])


def with_body(path: str, body: bytes, *headers: str | bytes) -> bytes:
    """A POST with an honest length."""
    return head("POST", path, [f"Content-Length: {len(body)}", *headers]) + body


def send(port: int, data: bytes, *, hang_up: bool = False) -> Reply:
    """Send bytes and hear what comes; ``hang_up``: say that no more will follow."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # it may have heard enough
            connection.sendall(data)
            if hang_up:
                connection.shutdown(socket.SHUT_WR)
        return _parse(_read(connection))


def _read(connection: socket.socket) -> bytes:
    received = b""
    with suppress(ConnectionResetError, TimeoutError):
        while piece := connection.recv(65536):
            received += piece
    return received


def _parse(received: bytes) -> Reply:
    if not received:
        return Reply(0, "", b"")
    told, _, body = received.partition(b"\r\n\r\n")
    return Reply(int(told.split(b" ", 2)[1]), told.decode("latin-1"), body)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")
