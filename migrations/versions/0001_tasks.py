"""The first tables: tasks, their requests and attempts, schedules, workers, counts."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    text,
)

from taskrow.storage.types import BigInt, UtcTime

revision = "0001"
down_revision = None

_TRIGGER = {
    "sqlite": (
        """
CREATE TRIGGER tasks_final_row BEFORE UPDATE ON tasks
WHEN OLD.finished_at IS NOT NULL AND NOT (
  NEW.status = 'queued' AND NEW.attempt = OLD.attempt AND NEW.id = OLD.id
)
BEGIN
  SELECT RAISE(ABORT, 'a finished task cannot change: retry it first');
END
""",
    ),
    "postgresql": (
        """
CREATE FUNCTION tasks_final_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a finished task cannot change: retry it first'
    USING ERRCODE = 'check_violation';
END $$
""",
        """
CREATE TRIGGER tasks_final_row BEFORE UPDATE ON tasks
FOR EACH ROW WHEN (OLD.finished_at IS NOT NULL AND NOT (
  NEW.status = 'queued' AND NEW.attempt = OLD.attempt AND NEW.id = OLD.id
))
EXECUTE FUNCTION tasks_final_row()
""",
    ),
}


def upgrade() -> None:
    """Make every table, index and trigger of the first version."""
    _create_tasks()
    _create_indexes()
    for statement in _TRIGGER[op.get_bind().dialect.name]:
        op.execute(statement.strip())
    _create_children()
    _create_schedules()
    _create_workers_and_counts()


def _create_tasks() -> None:
    op.create_table(
        "tasks",
        Column("seq", BigInt, nullable=False),
        Column("id", Text, nullable=False),
        Column("queue", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("status", Text, nullable=False),
        Column("priority", BigInt, nullable=False),
        Column("run_at", UtcTime, nullable=False),
        Column("attempt", BigInt, nullable=False, server_default="0"),
        Column("retries", BigInt, nullable=False, server_default="0"),
        Column("crash_limit", BigInt, nullable=False, server_default="0"),
        Column("worker", Text),
        Column("lease_expires_at", UtcTime),
        Column("heartbeat", BigInt, nullable=False, server_default="0"),
        Column("cancel_requested_at", UtcTime),
        Column("unique_key", Text),
        Column("args", Text, nullable=False),
        Column("progress", Text),
        Column("result", Text),
        Column("error", Text),
        Column("traceback", Text),
        Column("created_at", UtcTime, nullable=False),
        Column("started_at", UtcTime),
        Column("finished_at", UtcTime),
        Column("expires_at", UtcTime),
        Column("purge_at", UtcTime),
        *_task_rules(),
        sqlite_strict=True,
    )


def _task_rules() -> list[PrimaryKeyConstraint | UniqueConstraint | CheckConstraint]:
    final = "'succeeded', 'failed', 'cancelled'"
    return [
        PrimaryKeyConstraint("seq"),
        CheckConstraint(
            f"status IN ('scheduled', 'queued', 'running', {final})", name="ck_tasks_status"
        ),
        CheckConstraint(
            f"(finished_at IS NOT NULL) = (status IN ({final}))", name="ck_tasks_finished"
        ),
        CheckConstraint(
            "(purge_at IS NOT NULL) = (finished_at IS NOT NULL)", name="ck_tasks_purge"
        ),
        CheckConstraint(
            "(lease_expires_at IS NOT NULL) = (status = 'running')", name="ck_tasks_lease"
        ),
        CheckConstraint(
            "status <> 'running' OR (worker IS NOT NULL AND attempt > 0)", name="ck_tasks_running"
        ),
        UniqueConstraint("id"),
    ]


def _create_indexes() -> None:
    _index("ix_tasks_claim", "queue", text("priority DESC"), "seq", where="status = 'queued'")
    _index("ix_tasks_due", "run_at", where="status = 'scheduled'")
    _index("ix_tasks_running", "seq", where="status = 'running'")
    _index("ix_tasks_failed", "finished_at", where="status = 'failed'")
    _index("ix_tasks_finished", "purge_at", where="finished_at IS NOT NULL")
    _index(
        "ux_tasks_unique",
        "unique_key",
        unique=True,
        where="unique_key IS NOT NULL AND status IN ('scheduled', 'queued', 'running')",
    )


def _index(name: str, *columns: object, where: str, unique: bool = False) -> None:
    op.create_index(
        name,
        "tasks",
        list(columns),  # type: ignore[arg-type]
        unique=unique,
        sqlite_where=text(where),
        postgresql_where=text(where),
    )


def _create_children() -> None:
    op.create_table(
        "task_requests",
        Column("task_seq", BigInt, nullable=False),
        Column("request", Text, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("response_status", BigInt),
        Column("response_headers", Text),
        Column("response_body", LargeBinary),
        PrimaryKeyConstraint("task_seq"),
        ForeignKeyConstraint(["task_seq"], ["tasks.seq"], ondelete="CASCADE"),
        sqlite_strict=True,
    )
    op.create_table(
        "task_attempts",
        Column("task_seq", BigInt, nullable=False),
        Column("attempt", BigInt, nullable=False),
        Column("outcome", Text, nullable=False),
        Column("worker", Text, nullable=False),
        Column("error", Text),
        Column("traceback", Text),
        Column("started_at", UtcTime, nullable=False),
        Column("finished_at", UtcTime, nullable=False),
        PrimaryKeyConstraint("task_seq", "attempt"),
        CheckConstraint(
            "outcome IN ('failed', 'lost', 'cancelled')", name="ck_task_attempts_outcome"
        ),
        ForeignKeyConstraint(["task_seq"], ["tasks.seq"], ondelete="CASCADE"),
        sqlite_strict=True,
    )


def _create_schedules() -> None:
    op.create_table(
        "schedules",
        Column("name", Text, nullable=False),
        Column("task_name", Text, nullable=False),
        Column("rule", Text, nullable=False),
        Column("timezone", Text, nullable=False),
        Column("args", Text, nullable=False),
        Column("next_at", UtcTime),
        Column("paused_at", UtcTime),
        PrimaryKeyConstraint("name"),
        sqlite_strict=True,
    )
    op.create_table(
        "schedule_fires",
        Column("schedule", Text, nullable=False),
        Column("due_at", UtcTime, nullable=False),
        Column("task_id", Text, nullable=False),
        PrimaryKeyConstraint("schedule", "due_at"),
        sqlite_strict=True,
    )


def _create_workers_and_counts() -> None:
    op.create_table(
        "workers",
        Column("id", Text, nullable=False),
        Column("queues", Text, nullable=False),
        Column("runners", BigInt, nullable=False),
        Column("started_at", UtcTime, nullable=False),
        Column("last_seen_at", UtcTime, nullable=False),
        Column("stopped_at", UtcTime),
        PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_table(
        "task_counts",
        Column("day", Text, nullable=False),
        Column("queue", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("status", Text, nullable=False),
        Column("n", BigInt, nullable=False),
        PrimaryKeyConstraint("day", "queue", "name", "status"),
        sqlite_strict=True,
    )
