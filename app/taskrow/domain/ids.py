"""Task ids: UUIDv7 (RFC 9562), so that they sort by time and cannot be guessed (74 random bits)."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LUCK = 10  # bytes for each id: half a byte more than it needs
_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}
_SHAPE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def new_id(now: datetime) -> str:
    """Make an id for a task that is submitted at ``now``."""
    return _id(_head(_milliseconds(now)), os.urandom(_LUCK).hex())


def new_ids(now: datetime, count: int) -> list[str]:
    """Make so many ids in one go: one call for all their luck, and no arithmetic for each.

    They come in order: an index takes them so in half the time.
    """
    head, digits = _head(_milliseconds(now)), 2 * _LUCK
    luck = os.urandom(_LUCK * count).hex()
    return sorted(_id(head, luck[at : at + digits]) for at in range(0, digits * count, digits))


def first_id(moment: datetime) -> str:
    """What no id of ``moment`` or later comes before; ids sort as their times do."""
    return f"{_head(max(0, _milliseconds(moment)))}0000-0000-000000000000"


def is_id(text: str) -> bool:
    """Whether ``text`` has the shape of a task id; anything else is answered without a query."""
    return _SHAPE.fullmatch(text) is not None


def _id(head: str, luck: str) -> str:
    return f"{head}7{luck[:3]}-{_VARIANT[luck[3]]}{luck[4:7]}-{luck[7:19]}"


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND  # exact, as a product of floats is not


def _head(milliseconds: int) -> str:
    """The time in an id, up to its second hyphen."""
    time = f"{milliseconds:012x}"
    return f"{time[:8]}-{time[8:]}-"
