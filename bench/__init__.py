"""taskrow beside Huey and beside bare sqlite3, in one run on one machine: ``python -m bench``."""

from __future__ import annotations
