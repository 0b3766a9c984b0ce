"""What a case needs, and what becomes of it where that is not there."""

from __future__ import annotations


class Unavailable(Exception):
    """What a case needs is not here; the message says what, and how to get it."""
