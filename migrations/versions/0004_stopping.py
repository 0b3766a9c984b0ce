"""Stopping: tasks whose process shall be ended, and queues that are paused."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, PrimaryKeyConstraint, Text

from taskrow.storage.types import UtcTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the wish to terminate a task, and the table of paused queues."""
    op.add_column("tasks", Column("terminate_requested_at", UtcTime))
    op.create_table(
        "queues",
        Column("name", Text, nullable=False),
        Column("paused_at", UtcTime),
        PrimaryKeyConstraint("name"),
        sqlite_strict=True,
    )
