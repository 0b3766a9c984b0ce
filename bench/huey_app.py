"""What Huey's consumer imports: ``huey_consumer bench.huey_app.huey``."""

from __future__ import annotations

import os

from bench.huey_peer import FILE, make_huey

huey, _ = make_huey(os.environ[FILE])
