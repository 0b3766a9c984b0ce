"""Schedules: who made them, what of missed due times, why they are off; fires found by age."""

from __future__ import annotations

from alembic import op
from sqlalchemy import CheckConstraint, Column, PrimaryKeyConstraint, Text, text

from taskrow.storage.types import UtcTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table anew: no version before this one ever wrote a row of it."""
    op.drop_table("schedules")
    op.create_table(
        "schedules",
        Column("name", Text, nullable=False),
        Column("task_name", Text, nullable=False),
        Column("rule", Text, nullable=False),
        Column("timezone", Text, nullable=False),
        Column("missed", Text, nullable=False),
        Column("args", Text, nullable=False),
        Column("source", Text, nullable=False),
        Column("application", Text, nullable=False),
        Column("next_at", UtcTime),
        Column("paused_at", UtcTime),
        Column("disabled_reason", Text),
        Column("last_fired_at", UtcTime),
        Column("created_at", UtcTime, nullable=False),
        PrimaryKeyConstraint("name"),
        CheckConstraint("missed IN ('once', 'skip')", name="ck_schedules_missed"),
        CheckConstraint("source IN ('code', 'runtime', 'taskrow')", name="ck_schedules_source"),
        CheckConstraint(
            "next_at IS NULL OR (paused_at IS NULL AND disabled_reason IS NULL)",
            name="ck_schedules_next",
        ),
        sqlite_strict=True,
    )
    where = text("next_at IS NOT NULL")
    op.create_index(
        "ix_schedules_next", "schedules", ["next_at"], sqlite_where=where, postgresql_where=where
    )
    op.create_index("ix_schedule_fires_due", "schedule_fires", ["due_at"])
