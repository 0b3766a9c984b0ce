"""Alembic's entry: taskrow runs its migrations on a connection and transaction of its own."""

from __future__ import annotations

from alembic import context

from taskrow.storage.schema import VERSION_TABLE
from taskrow.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=False,  # the caller's transaction holds it all
)
context.run_migrations()
