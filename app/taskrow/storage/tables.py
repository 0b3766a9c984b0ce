"""The tables, their CHECKs, partial indexes, and the trigger that guards final rows.

The migrations build the same; a test compares the two on SQLite and on PostgreSQL.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    DDL,
    CheckConstraint,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    event,
    literal_column,
    text,
)

from taskrow.domain.task import Status
from taskrow.storage.types import BigInt, UtcTime

metadata = MetaData()
_WHERE = "where"


def status_is(status: Status) -> ColumnElement[bool]:
    """``status = 'queued'`` with the literal in the SQL: a bound one would miss partial indexes."""
    return tasks.c.status == literal_column(f"'{status}'")


# In the words of the index over unique_key, which SQLite uses only for a query that has them too.
IS_LIVE = text("status IN ('scheduled', 'queued', 'running')")


def _table(name: str, *parts: Any, **options: Any) -> Table:
    return Table(name, metadata, *parts, sqlite_strict=True, **options)


def _partial_index(name: str, *columns: Any, where: str, unique: bool = False) -> Index:
    condition = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, info={_WHERE: condition})


@event.listens_for(metadata, "before_create")
def _tell_postgresql_what_is_partial(_: MetaData, connection: Connection, **_options: Any) -> None:
    """Where an index is made, and not before: SQLite's users need not load that dialect."""
    if connection.dialect.name != "postgresql":
        return
    for table in metadata.tables.values():
        for index in table.indexes:
            if _WHERE in index.info:
                index.dialect_options["postgresql"]["where"] = index.info[_WHERE]


tasks = _table(
    "tasks",
    Column("seq", BigInt, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("queue", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("priority", BigInt, nullable=False),
    Column("run_at", UtcTime, nullable=False),
    Column("attempt", BigInt, nullable=False, server_default="0"),
    Column("retries", BigInt, nullable=False, server_default="0"),
    Column("crash_limit", BigInt, nullable=False, server_default="0"),
    Column("worker", Text),
    Column("lease_expires_at", UtcTime),  # in no index: a heartbeat must stay a cheap write
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
    Column("owner", Text),  # who submitted it, in the words of the application
    Column("idempotency_key", Text),  # a digest of the key and of whose it is
    Column("terminate_requested_at", UtcTime),  # with cancel_requested_at: end its process
    Column("args_checksum", BigInt),  # of args (domain/checksum.py); NULL: whatever they are, run
    CheckConstraint(
        "status IN ('scheduled', 'queued', 'running', 'succeeded', 'failed', 'cancelled')",
        name="ck_tasks_status",
    ),
    CheckConstraint(
        "(finished_at IS NOT NULL) = (status IN ('succeeded', 'failed', 'cancelled'))",
        name="ck_tasks_finished",
    ),
    CheckConstraint("(purge_at IS NOT NULL) = (finished_at IS NOT NULL)", name="ck_tasks_purge"),
    CheckConstraint("(lease_expires_at IS NOT NULL) = (status = 'running')", name="ck_tasks_lease"),
    CheckConstraint(
        "status <> 'running' OR (worker IS NOT NULL AND attempt > 0)", name="ck_tasks_running"
    ),
    sqlite_autoincrement=True,  # a number means one task for ever: the fence goes by it
)

_partial_index(
    "ix_tasks_claim", tasks.c.queue, tasks.c.priority.desc(), tasks.c.seq, where="status = 'queued'"
)
_partial_index("ix_tasks_due", tasks.c.run_at, where="status = 'scheduled'")
_partial_index("ix_tasks_running", tasks.c.seq, where="status = 'running'")
_partial_index("ix_tasks_failed", tasks.c.finished_at, where="status = 'failed'")
_partial_index("ix_tasks_finished", tasks.c.purge_at, where="finished_at IS NOT NULL")
_partial_index(
    "ux_tasks_unique",
    tasks.c.unique_key,
    unique=True,
    where=f"unique_key IS NOT NULL AND {IS_LIVE}",
)

_partial_index(
    "ux_tasks_idempotency",
    tasks.c.idempotency_key,
    unique=True,
    where="idempotency_key IS NOT NULL",
)
_partial_index("ix_tasks_owner", tasks.c.owner, tasks.c.seq, where="owner IS NOT NULL")

task_requests = _table(
    "task_requests",
    Column("task_seq", BigInt, ForeignKey("tasks.seq", ondelete="CASCADE"), primary_key=True),
    Column("request", Text, nullable=False),  # JSON: request line, address and headers
    Column("body", LargeBinary, nullable=False),
    Column("response_status", BigInt),
    Column("response_headers", Text),  # JSON: a list of [name, value]
    Column("response_body", LargeBinary),
    Column("response_cookies", LargeBinary),  # sealed: only who holds the session can open them
    Column("fingerprint", Text),  # by which a repeated request is known
    Column("checksum", BigInt),  # of request and body
)

task_credentials = _table(  # sealed, and deleted in the transaction that ends the task
    "task_credentials",
    Column("task_seq", BigInt, ForeignKey("tasks.seq", ondelete="CASCADE"), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

task_attempts = _table(
    "task_attempts",
    Column("task_seq", BigInt, ForeignKey("tasks.seq", ondelete="CASCADE"), primary_key=True),
    Column("attempt", BigInt, primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("worker", Text, nullable=False),
    Column("error", Text),
    Column("traceback", Text),
    Column("started_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime, nullable=False),
    CheckConstraint("outcome IN ('failed', 'lost', 'cancelled')", name="ck_task_attempts_outcome"),
)

task_logs = _table(  # the newest records that an attempt logged, a line each
    "task_logs",
    Column("task_seq", BigInt, ForeignKey("tasks.seq", ondelete="CASCADE"), primary_key=True),
    Column("attempt", BigInt, primary_key=True),
    Column("text", Text, nullable=False),
)

schedules = _table(
    "schedules",
    Column("name", Text, primary_key=True),
    Column("task_name", Text, nullable=False),
    Column("rule", Text, nullable=False),  # a cron text, or "every N s"
    Column("timezone", Text, nullable=False),
    Column("missed", Text, nullable=False),
    Column("args", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("application", Text, nullable=False),  # by which two on one database are told apart
    Column("next_at", UtcTime),  # NULL while nothing is due
    Column("paused_at", UtcTime),
    Column("disabled_reason", Text),
    Column("last_fired_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
    CheckConstraint("missed IN ('once', 'skip')", name="ck_schedules_missed"),
    CheckConstraint("source IN ('code', 'runtime', 'taskrow')", name="ck_schedules_source"),
    CheckConstraint(
        "next_at IS NULL OR (paused_at IS NULL AND disabled_reason IS NULL)",
        name="ck_schedules_next",
    ),
)

_partial_index("ix_schedules_next", schedules.c.next_at, where="next_at IS NOT NULL")

schedule_fires = _table(  # proof that a due time has fired: it is there once
    "schedule_fires",
    Column("schedule", Text, primary_key=True),
    Column("due_at", UtcTime, primary_key=True),
    Column("task_id", Text, nullable=False),
)

Index("ix_schedule_fires_due", schedule_fires.c.due_at)

workers = _table(  # for people to read; nothing may depend on it
    "workers",
    Column("id", Text, primary_key=True),
    Column("queues", Text, nullable=False),
    Column("runners", BigInt, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("last_seen_at", UtcTime, nullable=False),
    Column("stopped_at", UtcTime),
)

queues = _table(  # those that somebody paused once; a queue needs no row, '' stands for all
    "queues",
    Column("name", Text, primary_key=True),
    Column("paused_at", UtcTime),
    Column("reason", Text),
)

task_counts = _table(  # how many tasks ended, by day: counting ten million rows takes seconds
    "task_counts",
    Column("day", Text, primary_key=True),
    Column("queue", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("status", Text, primary_key=True),
    Column("n", BigInt, nullable=False),
    Column("ran_ms", BigInt, nullable=False, server_default="0"),  # all of them together
)

FINAL_ROW_TRIGGER_NAME = "tasks_final_row"
_FINAL_ROW = "a finished task cannot change: retry it first"

FINAL_ROW_TRIGGER = {
    "sqlite": f"""
CREATE TRIGGER tasks_final_row BEFORE UPDATE ON tasks
WHEN OLD.finished_at IS NOT NULL AND NOT (
  NEW.status = 'queued' AND NEW.attempt = OLD.attempt AND NEW.id = OLD.id
)
BEGIN
  SELECT RAISE(ABORT, '{_FINAL_ROW}');
END
""".strip(),
    "postgresql": f"""
CREATE FUNCTION tasks_final_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '{_FINAL_ROW}' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER tasks_final_row BEFORE UPDATE ON tasks
FOR EACH ROW WHEN (OLD.finished_at IS NOT NULL AND NOT (
  NEW.status = 'queued' AND NEW.attempt = OLD.attempt AND NEW.id = OLD.id
))
EXECUTE FUNCTION tasks_final_row()
""".strip(),
}

# What is written by hand rings too. Our own connections ring themselves (storage/postgres.py), and
# pay nothing for this: a call for each statement would cost more than many of them.
_RING_TRIGGER = """
CREATE FUNCTION tasks_ring() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('taskrow_work', ''), pg_notify('taskrow_done', '');
  RETURN NULL;
END $$;
CREATE TRIGGER tasks_ring AFTER INSERT OR UPDATE ON tasks FOR EACH STATEMENT
WHEN (current_setting('taskrow.rings', true) IS DISTINCT FROM 'itself')
EXECUTE FUNCTION tasks_ring()
""".strip()

# A claim steps over the dead entries of all claims since the last vacuum: 7 microseconds for a
# thousand. By default there may be as many as a fifth of the table.
_VACUUM = """
ALTER TABLE tasks SET (
  autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000,
  autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 5000
)
""".strip()

for _dialect, _statement in (
    *FINAL_ROW_TRIGGER.items(),
    ("postgresql", _RING_TRIGGER),
    ("postgresql", _VACUUM),
):
    event.listen(tasks, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]
