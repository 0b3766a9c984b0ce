"""PostgreSQL: rows written by hand ring the bell, and dead ones are swept away in time."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

_POSTGRESQL = (
    """
CREATE FUNCTION tasks_ring() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('taskrow_work', ''), pg_notify('taskrow_done', '');
  RETURN NULL;
END $$
""",
    """
CREATE TRIGGER tasks_ring AFTER INSERT OR UPDATE ON tasks FOR EACH STATEMENT
WHEN (current_setting('taskrow.rings', true) IS DISTINCT FROM 'itself')
EXECUTE FUNCTION tasks_ring()
""",
    """
ALTER TABLE tasks SET (
  autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000,
  autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 5000
)
""",
)


def upgrade() -> None:
    """Nothing on SQLite, where the file itself rings and has no dead rows."""
    if op.get_bind().dialect.name == "postgresql":
        for statement in _POSTGRESQL:
            op.execute(statement.strip())
