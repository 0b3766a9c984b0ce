"""What a worker imports."""

from __future__ import annotations

import os

from tests.faults.peers.clients.client import SPEC, open_client

if SPEC in os.environ:
    app = open_client().application()
