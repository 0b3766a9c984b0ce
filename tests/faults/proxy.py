"""A TCP proxy that somebody in the middle controls: it cuts answers, or swallows everything."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress

PASS, CUT_COMMITS, SWALLOW = "pass", "cut commits", "swallow"


class Proxy:
    """Between clients and a server at ``port``; ``mode`` may be changed at any time.

    CUT_COMMITS: what a client sends with COMMIT in it reaches the server, and the connection ends
    before the reply. SWALLOW: connections that are open stay so, and nothing comes through them.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.mode = PASS
        self.cuts = 0
        self.swallowed = False  # whether anything was, since it began
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more."""
        self._listener.shutdown(socket.SHUT_RDWR)  # which wakes who waits in accept()

    def _accept(self) -> None:
        with self._listener, suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            self._pass_on(client, socket.create_connection(("127.0.0.1", self._to)))

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        mute = False
        with selectors.DefaultSelector() as selector, server:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in selector.select():
                    source: socket.socket = key.fileobj  # type: ignore[assignment]
                    piece = source.recv(65536)
                    if not piece:
                        return
                    mute |= self.mode == SWALLOW
                    self.swallowed |= mute
                    if mute:
                        continue
                    key.data.sendall(piece)
                    if self.mode == CUT_COMMITS and source is client and b"COMMIT" in piece:
                        server.recv(1)  # the server has done it
                        self.cuts += 1
                        return
