"""A process that commits without an end: tasks for a queue that no worker serves."""

from __future__ import annotations

import time

from bench.waiting_app import app, noise

with app.app_context():
    while True:
        noise.delay()
        time.sleep(0.002)
