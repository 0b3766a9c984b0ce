"""The documented contract of ``concurrent.futures``: what a user of any executor may expect.

Each test runs against ``ThreadPoolExecutor`` too, with as many threads as our worker has runners;
so these are the standard library's own expectations, not ours.
"""

from __future__ import annotations
