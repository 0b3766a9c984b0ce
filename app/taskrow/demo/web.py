"""The demo's web process: ``python -m taskrow.demo.web FD`` serves on a socket that it is given.

The socket belongs to the parent, so a client that comes while this process is started anew waits
for a moment instead of being refused.
"""

from __future__ import annotations

import signal
import sys
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from taskrow.demo.application import create_app
from taskrow.demo.processes import HOST


class QuietHandler(WSGIRequestHandler):
    """Does not log each request: the page asks twice a second."""

    def log_request(self, *_: Any) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    listener = int(sys.argv[1])
    server = make_server(
        HOST, 0, create_app(), threaded=True, request_handler=QuietHandler, fd=listener
    )
    server.serve_forever()


if __name__ == "__main__":
    main()
