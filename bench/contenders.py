"""Who is measured: each contender with its lane, its settings and what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Contender:
    """One line of a table. ``share``: of the tasks of a row, for one that would take all night."""

    name: str
    title: str
    lane: str
    peer: str | None = None  # whose environment it runs in; None: our own
    server: str | None = None  # "redis", "redis-aof" or "postgres"
    options: Mapping[str, Any] = field(default_factory=dict)
    share: float = 1.0


CONTENDERS = (
    Contender("taskrow", "taskrow, 2 runners", "ours", options={"runners": 2}),
    Contender("taskrow-1", "taskrow, 1 runner", "ours", options={"runners": 1}),
    Contender("raw", "sqlite3, 1 row a commit", "raw", options={"batch": 1}),
    Contender("raw-100", "sqlite3, 100 rows a commit", "raw", options={"batch": 100}),
    Contender(
        "taskrow-pg",
        "taskrow on PostgreSQL, 2 runners",
        "ours_postgres",
        server="postgres",
        options={"runners": 2},
        share=0.4,
    ),
    Contender("raw-pg", "psycopg, 1 row a commit", "raw_postgres", server="postgres", share=0.2),
    Contender(
        "raw-pg-100",
        "psycopg, 100 rows a commit",
        "raw_postgres",
        server="postgres",
        options={"batch": 100},
        share=0.4,
    ),
    Contender("huey", "Huey, 1 thread (default)", "huey", "huey", share=0.4),
    Contender(
        "huey-2",
        "Huey, 2 processes, polls each 5 ms",
        "huey",
        "huey",
        options={"runners": 2, "worker": "-w 2 -k process -d 0.005 -m 0.005"},
        share=0.4,
    ),
    Contender("rq", "RQ (default: forks)", "rq", "rq", "redis", share=0.02),
    Contender(
        "rq-aof",
        "RQ, AOF always, 2 SimpleWorkers",
        "rq",
        "rq",
        "redis-aof",
        options={"runners": 2, "worker": "worker-pool -n 2 -w rq.worker.SimpleWorker"},
        share=0.05,
    ),
    Contender(
        "celery",
        "Celery + Redis (default: 2 processes)",
        "celery",
        "celery",
        "redis",
        options={"runners": 2, "worker": "-c 2"},
        share=0.15,
    ),
    Contender(
        "celery-aof",
        "Celery + Redis, AOF always, prefetch 64",
        "celery",
        "celery",
        "redis-aof",
        options={"runners": 2, "worker": "-c 2 --prefetch-multiplier 64"},
        share=0.1,
    ),
    Contender(
        "dramatiq",
        "Dramatiq + Redis (default: 2 x 8 threads)",
        "dramatiq",
        "dramatiq",
        "redis",
        options={"runners": 16, "worker": "--processes 2 --threads 8"},
        share=0.15,
    ),
    Contender(
        "dramatiq-aof",
        "Dramatiq + Redis, AOF always, 2 x 4 threads",
        "dramatiq",
        "dramatiq",
        "redis-aof",
        options={"runners": 8, "worker": "--processes 2 --threads 4"},
        share=0.15,
    ),
    Contender(
        "procrastinate",
        "Procrastinate (default: 1 at a time)",
        "procrastinate",
        "procrastinate",
        "postgres",
        share=0.08,
    ),
    Contender(
        "procrastinate-8",
        "Procrastinate, 8 at a time",
        "procrastinate",
        "procrastinate",
        "postgres",
        options={"runners": 8, "worker": "--concurrency 8"},
        share=0.08,
    ),
)
PEERS = tuple(each.name for each in CONTENDERS if each.peer is not None)
DEFAULTS = ("huey", "rq", "celery", "dramatiq", "procrastinate")  # peers as they come
QUICK = frozenset(  # in a quick run
    ("taskrow", "taskrow-1", "raw", "raw-100", "taskrow-pg", "raw-pg", *DEFAULTS)
)
BY_NAME = {contender.name: contender for contender in CONTENDERS}
