"""All groups, in the order of the table."""

from __future__ import annotations

from bench.rounds import Group
from bench.rows import draining, postgres, reading, resting, submitting

GROUPS: tuple[Group, ...] = (
    *draining.GROUPS,
    *submitting.GROUPS,
    *resting.GROUPS,
    *reading.GROUPS,
    *postgres.GROUPS,
)
