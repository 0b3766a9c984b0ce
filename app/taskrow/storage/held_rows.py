"""Rows that somebody holds in a transaction just now; on PostgreSQL, where each has its lock."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select

from taskrow.storage.tables import tasks


def find_held_rows(connection: Connection, seqs: Collection[int]) -> set[int]:
    """Those of the rows that cannot be changed now. Outside a transaction nothing is kept."""
    these = select(tasks.c.seq).where(tasks.c.seq.in_(seqs))
    free = these.with_for_update(skip_locked=True, key_share=True)
    return set(connection.execute(these).scalars()) - set(connection.execute(free).scalars())
