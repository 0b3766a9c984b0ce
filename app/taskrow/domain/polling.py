"""How long a client should wait before it asks again."""

from __future__ import annotations

import math

_LONGEST = 15  # seconds


def retry_after(age: float, usual: float | None) -> int:
    """Whole seconds until it is worth asking again, from 1 to 15.

    ``age`` is how long the task has been there, ``usual`` how long tasks like it run on average
    (seconds; None where none has ended yet). A task that is younger than that is probably over when
    it is as old; after that, and without history, the pauses grow with the age.
    """
    left = usual - age if usual is not None else 0.0
    wait = left if left > 0 else age / 4
    return max(1, min(_LONGEST, math.ceil(wait)))
