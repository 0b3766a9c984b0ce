"""Task ids: UUIDv7 (RFC 9562), so that they sort by time and cannot be guessed (74 random bits)."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DIGITS = 20  # of luck for each id; one more than it needs, so that they are whole bytes
_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}
_SHAPE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def new_id(now: datetime) -> str:
    """Make an id for a task that is submitted at ``now``."""
    return new_ids(now, 1)[0]


def new_ids(now: datetime, count: int) -> list[str]:
    """Make so many ids in one go: one call for all their luck, and no arithmetic for each."""
    milliseconds = (now - _EPOCH) // _MILLISECOND  # exact, as a product of floats is not
    head = _head(milliseconds) + "7"
    luck = os.urandom(_DIGITS // 2 * count).hex()
    return [
        f"{head}{luck[at : at + 3]}-{_VARIANT[luck[at + 3]]}{luck[at + 4 : at + 7]}"
        f"-{luck[at + 7 : at + 19]}"
        for at in range(0, _DIGITS * count, _DIGITS)
    ]


def first_id(moment: datetime) -> str:
    """What no id of ``moment`` or later comes before; ids sort as their times do."""
    return f"{_head(max(0, (moment - _EPOCH) // _MILLISECOND))}0000-0000-000000000000"


def is_id(text: str) -> bool:
    """Whether ``text`` has the shape of a task id; anything else is answered without a query."""
    return _SHAPE.fullmatch(text) is not None


def _head(milliseconds: int) -> str:
    """The time in an id, up to its second hyphen."""
    time = f"{milliseconds:012x}"
    return f"{time[:8]}-{time[8:]}-"
