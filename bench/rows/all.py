"""All groups, in the order of the table."""

from __future__ import annotations

from bench.rounds import Group
from bench.rows import draining, large, postgres, purging, reading, resting, submitting

GROUPS: tuple[Group, ...] = (
    *draining.GROUPS,
    *submitting.GROUPS,
    *resting.GROUPS,
    *reading.GROUPS,
    *large.GROUPS,
    *purging.GROUPS,
    *postgres.GROUPS,
)
