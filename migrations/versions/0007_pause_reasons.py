"""Why a queue is paused; the row without a name is for all queues."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Text

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """A column for it."""
    op.add_column("queues", Column("reason", Text))
