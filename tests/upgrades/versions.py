"""Versions of taskrow's code: this one, the one that may come next, and earlier ones from git."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import ROOT

# What a next version may do to the tables: it only adds. The last part is for tests that go back.
NEXT = '''"""More of everything: columns, an index, a table, and rows in those that are there."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, ForeignKey, PrimaryKeyConstraint, Text, text

from taskrow.storage.types import BigInt

revision = "{revision}"
down_revision = "{before}"


def upgrade() -> None:
    op.add_column("tasks", Column("next_text", Text))
    op.add_column("tasks", Column("next_number", BigInt, nullable=False, server_default="7"))
    op.add_column("queues", Column("next_text", Text))
    op.add_column("workers", Column("next_number", BigInt, nullable=False, server_default="0"))
    where = text("next_text IS NOT NULL")
    op.create_index(
        "ix_tasks_next", "tasks", ["next_text", "seq"], sqlite_where=where, postgresql_where=where
    )
    op.create_table(
        "next_things",
        Column("task_seq", BigInt, ForeignKey("tasks.seq", ondelete="CASCADE"), nullable=False),
        Column("thing", Text, nullable=False),
        PrimaryKeyConstraint("task_seq"),
        sqlite_strict=True,
    )
    op.execute("INSERT INTO next_things SELECT seq, name FROM tasks")
    op.execute("UPDATE tasks SET next_text = 'seen' WHERE finished_at IS NULL")
'''
UNDO = (
    "DROP TABLE next_things",
    "DROP INDEX ix_tasks_next",
    "ALTER TABLE tasks DROP COLUMN next_text",
    "ALTER TABLE tasks DROP COLUMN next_number",
    "ALTER TABLE queues DROP COLUMN next_text",
    "ALTER TABLE workers DROP COLUMN next_number",
)


@dataclass(frozen=True)
class Version:
    """The code in a directory that has ``app/`` and ``migrations/``, as a checkout has."""

    directory: Path

    @property
    def env(self) -> dict[str, str]:
        """With this in its environment a process runs this version; the tests are today's."""
        return {"PYTHONPATH": f"{self.directory / 'app'}{os.pathsep}{ROOT}"}

    @property
    def head(self) -> str:
        """The newest revision that it knows."""
        files = (self.directory / "migrations" / "versions").glob("[0-9]*.py")
        return max(file.name[:4] for file in files)


TODAY = Version(ROOT)


def next_version(directory: Path) -> Version:
    """Today's code with one more migration."""
    (directory / "app").mkdir(parents=True)
    (directory / "app" / "taskrow").symlink_to(ROOT / "app" / "taskrow")
    shutil.copytree(ROOT / "migrations", directory / "migrations")
    revision = f"{int(TODAY.head) + 1:04d}"
    file = directory / "migrations" / "versions" / f"{revision}_next.py"
    file.write_text(NEXT.format(revision=revision, before=TODAY.head))
    return Version(directory)


def earlier_version(directory: Path, commit: str) -> Version:
    """The code of an earlier commit; CalledProcessError where git does not know it."""
    directory.mkdir(parents=True)
    archive = subprocess.run(
        ["git", "-C", ROOT, "archive", commit, "app", "migrations"],
        check=True,
        capture_output=True,
    ).stdout
    subprocess.run(["tar", "-x", "-C", directory], input=archive, check=True)
    return Version(directory)
