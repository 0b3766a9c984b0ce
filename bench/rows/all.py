"""All groups, in the order of the table."""

from __future__ import annotations

from bench.rounds import Group
from bench.rows import (
    batches,
    draining,
    importing,
    large,
    postgres,
    purging,
    reading,
    resting,
    submitting,
    web,
)

GROUPS: tuple[Group, ...] = (
    *draining.GROUPS,
    *submitting.GROUPS,
    *resting.GROUPS,
    *reading.GROUPS,
    *web.GROUPS,
    *importing.GROUPS,
    *batches.GROUPS,
    *large.GROUPS,
    *purging.GROUPS,
    *postgres.GROUPS,
)
