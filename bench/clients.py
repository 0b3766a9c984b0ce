"""``python -m bench.clients PORT CLIENTS SECONDS STATUS < requests``: clients that never rest.

Each keeps its connection and sends its next request (a line such as ``GET /path`` of those given,
in turns) as soon as it has the whole answer. Prints requests a second; whatever answer has another
status than STATUS ends it.
"""

from __future__ import annotations

import re
import selectors
import socket
import sys
import time
from collections.abc import Sequence
from itertools import cycle

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


def measure(port: int, clients: int, seconds: float, status: int, requests: Sequence[str]) -> float:
    """Requests a second that all clients together get answered."""
    wanted = f"HTTP/1.1 {status} ".encode()
    pieces = cycle([_request(line) for line in requests])
    answered, began = 0, time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for _ in range(clients):
            opened = socket.create_connection(("127.0.0.1", port))
            opened.sendall(next(pieces))
            selector.register(opened, selectors.EVENT_READ, (opened, bytearray()))
        while (passed := time.perf_counter() - began) < seconds:
            for key, _ in selector.select(1.0):
                connection, answer = key.data
                answer += _received(connection)
                if _is_whole(answer):
                    if not answer.startswith(wanted):
                        raise RuntimeError(f"not {status}: {bytes(answer)!r}")
                    answer.clear()
                    answered += 1
                    connection.sendall(next(pieces))
        for key in list(selector.get_map().values()):
            key.data[0].close()
    return answered / passed


def _request(line: str) -> bytes:
    return f"{line} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n".encode()


def _received(connection: socket.socket) -> bytes:
    piece = connection.recv(65536)
    if not piece:
        raise ConnectionError("the server hung up")
    return piece


def _is_whole(answer: bytearray) -> bool:
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    found = _LENGTH.search(answer, 0, end + 2)
    return len(answer) >= end + 4 + (int(found[1]) if found else 0)


if __name__ == "__main__":
    port, clients, seconds, status = sys.argv[1:]
    lines = sys.stdin.read().splitlines()
    print(measure(int(port), int(clients), float(seconds), int(status), lines))
