"""Many HTTP clients in one thread: each asks one thing and notes when it has the whole answer."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass
class Client:
    """One connection, its answer so far, and when (seconds since 1970) the last byte was there."""

    socket: socket.socket
    received: bytes = b""
    ended_at: float | None = None

    @property
    def status(self) -> int:
        return int(self.received.split(b" ", 2)[1])

    def header(self, name: str) -> str | None:
        """The value of a header."""
        for line in self.received.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(": ")
            if key.lower() == name.lower():
                return value
        return None

    @property
    def is_complete(self) -> bool:
        _, end, body = self.received.partition(b"\r\n\r\n")
        return bool(end) and len(body) >= int(self.header("Content-Length") or 0)


def ask_all(port: int, requests: Sequence[str]) -> list[Client]:
    """Send one request line (``GET /path``) on a connection of its own each; wait for nothing."""
    clients = []
    for line in requests:
        connection = socket.create_connection(("127.0.0.1", port))
        head = f"{line} HTTP/1.1\r\nHost: 127.0.0.1\r\nPrefer: wait=30\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(head.encode())
        clients.append(Client(connection))
    return clients


def hear_all(clients: Sequence[Client], seconds: float) -> None:
    """Receive until every client has its answer. TimeoutError when some have none in time."""
    deadline, silent = time.monotonic() + seconds, len(clients)
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
        while silent:
            if (left := deadline - time.monotonic()) <= 0:
                raise TimeoutError(f"{silent} of {len(clients)} clients have no answer")
            for key, _ in selector.select(left):
                silent -= _receive(key.data)
                if key.data.ended_at is not None:
                    selector.unregister(key.fileobj)
    for client in clients:
        client.socket.close()


def _receive(client: Client) -> bool:
    """Take what is there; whether the answer is whole now."""
    piece = client.socket.recv(65536)
    now = time.time()
    client.received += piece
    if not piece and not client.is_complete:
        raise ConnectionError(f"the server hung up: {client.received!r}")
    if client.is_complete:
        client.ended_at = now
    return client.ended_at is not None
