"""On PostgreSQL: drain and submit beside Procrastinate."""

from __future__ import annotations

from functools import partial

from bench.figures import RATE, Row
from bench.rounds import Group
from bench.rows.draining import drain
from bench.rows.submitting import delay, submit_many

_OURS = "taskrow-pg"
_ABOUT = "The server has its own defaults, so each commit is fsynced; Procrastinate has no results."

DRAIN = Row("pg-drain", "PostgreSQL: drain of no-op tasks", RATE, _ABOUT, _OURS)
DELAY = Row("pg-delay", "PostgreSQL: `delay()`, one thread", RATE, "As on SQLite.", _OURS)
DELAY_8 = Row("pg-delay-8", "PostgreSQL: `delay()`, eight threads", RATE, "As on SQLite.", _OURS)
MANY = Row("pg-submit-many", "PostgreSQL: `submit_many`", RATE, "As on SQLite.", _OURS)

_SUBMITTERS = (_OURS, "raw-pg", "procrastinate")
GROUPS = (
    Group(
        (DRAIN,),
        (_OURS, "raw-pg", "raw-pg-100", "procrastinate", "procrastinate-8"),
        partial(drain, DRAIN),
    ),
    Group((DELAY,), _SUBMITTERS, partial(delay, DELAY, 1)),
    Group((DELAY_8,), _SUBMITTERS, partial(delay, DELAY_8, 8)),
    Group((MANY,), _SUBMITTERS, partial(submit_many, MANY)),
)
