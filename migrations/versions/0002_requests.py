"""Owners, idempotency keys, sealed credentials and cookies, and how long tasks ran."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, ForeignKeyConstraint, LargeBinary, PrimaryKeyConstraint, Text, text

from taskrow.storage.types import BigInt

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what stored requests need to be kept safe, found again and told apart."""
    op.add_column("tasks", Column("owner", Text))
    op.add_column("tasks", Column("idempotency_key", Text))
    _index("ux_tasks_idempotency", "idempotency_key", unique=True)
    _index("ix_tasks_owner", "owner", "seq")
    op.add_column("task_requests", Column("response_cookies", LargeBinary))
    op.add_column("task_requests", Column("fingerprint", Text))
    op.add_column("task_counts", Column("ran_ms", BigInt, nullable=False, server_default="0"))
    op.create_table(
        "task_credentials",
        Column("task_seq", BigInt, nullable=False),
        Column("sealed", LargeBinary, nullable=False),
        PrimaryKeyConstraint("task_seq"),
        ForeignKeyConstraint(["task_seq"], ["tasks.seq"], ondelete="CASCADE"),
        sqlite_strict=True,
    )


def _index(name: str, *columns: str, unique: bool = False) -> None:
    where = text(f"{columns[0]} IS NOT NULL")
    op.create_index(
        name,
        "tasks",
        list(columns),
        unique=unique,
        sqlite_where=where,
        postgresql_where=where,
    )
