"""Checksums of what is run: of arguments, and of stored requests. Rows from before have none."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column

from taskrow.storage.types import BigInt

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """A column for each; no row is rewritten."""
    op.add_column("tasks", Column("args_checksum", BigInt))
    op.add_column("task_requests", Column("checksum", BigInt))
