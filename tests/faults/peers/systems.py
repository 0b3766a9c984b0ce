"""Whom the cases are played for: each library with its defaults, and with what makes it durable.

The durable settings are what each one's own documentation recommends, with times so short that a
case need not wait for long: they are part of the result and stand on the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SQLITE, REDIS, REDIS_AOF, POSTGRES = "SQLite", "Redis", "Redis, AOF always", "PostgreSQL"


@dataclass(frozen=True)
class System:
    """One column. words: its settings, for readers; store: what keeps its tasks.

    peer: whose environment it runs in; None: our own. lease: seconds after which it gives a task
    to another worker, where it ever does and that can be waited for. pace: of the time that a case
    lets go by, how much it takes here (a test of the cases themselves is in a hurry).
    """

    name: str
    title: str
    client: str
    store: str
    words: str
    peer: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    lease: float | None = None
    pace: float = 1.0


_CELERY = {
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_retry_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "worker_soft_shutdown_timeout": 5.0,
    "broker_transport_options": {
        "visibility_timeout": 10,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
    },
}

SYSTEMS = (
    System("taskrow", "taskrow", "ours", SQLITE, "defaults (lease 30 s)", lease=30),
    System(
        "taskrow-pg", "taskrow, PostgreSQL", "ours", POSTGRES, "defaults (lease 30 s)", lease=30
    ),
    System("huey", "Huey", "huey", SQLITE, "`SqliteHuey`, else defaults (one thread)", "huey"),
    System(
        "huey-durable",
        "Huey, durable",
        "huey",
        SQLITE,
        "`-k process -g TERM -t 5`, what is interrupted is enqueued again (`SIGNAL_INTERRUPTED`), "
        "`SignedSerializer`",
        "huey",
        {"worker": "-k process -g TERM -t 5", "enqueues_interrupted": True, "signed": True},
    ),
    System("rq", "RQ", "rq", REDIS, "defaults", "rq", lease=90),
    System(
        "rq-durable",
        "RQ, durable",
        "rq",
        REDIS_AOF,
        "`Retry(max=3)`, `JSONSerializer`, `--job-monitoring-interval 1 --maintenance-interval 5 "
        "--worker-ttl 20` (a lease is then 61 s; a pool of workers has no such options)",
        "rq",
        {
            "retries": 3,
            "serializer": "json",
            "worker": "--job-monitoring-interval 1 --maintenance-interval 5 --worker-ttl 20",
        },
        lease=61,
    ),
    System("celery", "Celery", "celery", REDIS, "defaults", "celery"),
    System(
        "celery-durable",
        "Celery, durable",
        "celery",
        REDIS_AOF,
        "`task_acks_late`, `task_reject_on_worker_lost`, `task_retry_on_worker_lost` (3 retries, "
        "one a second), `worker_prefetch_multiplier=1`, `visibility_timeout` 10 s (looked at each "
        "second), `worker_soft_shutdown_timeout` 5 s",
        "celery",
        {"conf": _CELERY, "task": {"default_retry_delay": 1}},
        lease=10,
    ),
    System(
        "dramatiq", "Dramatiq", "dramatiq", REDIS, "defaults (heartbeat 60 s)", "dramatiq", lease=60
    ),
    System(
        "dramatiq-durable",
        "Dramatiq, durable",
        "dramatiq",
        REDIS_AOF,
        "`heartbeat_timeout` 5 s, `maintenance_chance` of each command, "
        "`dramatiq_queue_prefetch=1`",
        "dramatiq",
        {
            "broker": {"heartbeat_timeout": 5000, "maintenance_chance": 1_000_000},
            "environment": {"dramatiq_queue_prefetch": "1"},
        },
        lease=5,
    ),
)
BY_NAME = {system.name: system for system in SYSTEMS}
