"""Where Celery keeps what its users import beside it."""

from __future__ import annotations
