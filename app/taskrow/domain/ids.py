"""Task ids: UUIDv7 (RFC 9562), so that they sort by time and cannot be guessed (74 random bits)."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SHAPE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def new_id(now: datetime) -> str:
    """Make an id for a task that is submitted at ``now``."""
    milliseconds = (now - _EPOCH) // _MILLISECOND  # exact, as a product of floats is not
    value = milliseconds << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return _written(value)


def first_id(moment: datetime) -> str:
    """What no id of ``moment`` or later comes before; ids sort as their times do."""
    return _written(max(0, (moment - _EPOCH) // _MILLISECOND) << 80)


def is_id(text: str) -> bool:
    """Whether ``text`` has the shape of a task id; anything else is answered without a query."""
    return _SHAPE.fullmatch(text) is not None


def _written(value: int) -> str:
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
