"""What attempts log is kept with their task."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, ForeignKey, PrimaryKeyConstraint, Text

from taskrow.storage.types import BigInt

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """A table for it."""
    op.create_table(
        "task_logs",
        Column("task_seq", BigInt, ForeignKey("tasks.seq", ondelete="CASCADE"), nullable=False),
        Column("attempt", BigInt, nullable=False),
        Column("text", Text, nullable=False),
        PrimaryKeyConstraint("task_seq", "attempt"),
        sqlite_strict=True,
    )
