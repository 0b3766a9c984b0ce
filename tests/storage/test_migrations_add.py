"""A migration only adds: processes of the version before go on beside it (docs/operations.md)."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from taskrow.storage.database import Database
from taskrow.storage.schema import known_revisions
from tests.storage.test_schema import run
from tests.storage.test_schema_equal import Parts, clauses_of, parts
from tests.support.revisions import migrate
from tests.upgrades.versions import next_version

FIRST = "0007"  # nobody has had those before
BREAKS = {
    "renamed": ["ALTER TABLE tasks RENAME COLUMN owner TO owned_by"],
    "dropped": ["ALTER TABLE queues DROP COLUMN reason"],
    "gone": ["DROP TABLE task_logs"],
    "checked": ["ALTER TABLE queues ADD COLUMN more TEXT CHECK (more IS NOT NULL)"],
}


# Who gives the numbers is the table's own affair: nobody who writes a row knows it.
_NUMBERS_ITSELF = "NOT NULL PRIMARY KEY AUTOINCREMENT,", "NOT NULL,PRIMARY KEY(seq),"


def shape(database: Database) -> Parts:
    """The parts of a schema; on SQLite those of each table, too."""
    found = set[tuple[str, ...]]()
    for row in parts(database):
        if row[-2].startswith("CREATE TABLE") or row[-1].startswith("CREATE TABLE"):
            clauses = clauses_of(row[-1].replace(*_NUMBERS_ITSELF))
            found |= {("clause", row[2], clause) for clause in clauses}
        else:
            found.add(row)
    return found


def breaks(before: Parts, after: Parts) -> set[tuple[str, ...]]:
    """What the version before would miss, and what it would have to know to write a row."""
    tables = {row[1] for row in before}
    asks = {row for row in after - before if row[1] in tables and _asks_for_more(*row)}
    return (before - after) | asks


def _asks_for_more(kind: str, _: str, *rest: str) -> bool:
    if kind == "columns":  # of PostgreSQL
        nullable, default = rest[4:6]
        return nullable == "NO" and not default
    if kind == "constraints":
        return rest[1] == "c"
    needed = "NOT NULL" in rest[-1] and "DEFAULT" not in rest[-1]
    return kind == "clause" and (needed or "CHECK" in rest[-1])


def test_each_migration_only_adds(fresh: Database, tmp_path: Path) -> None:
    following = next_version(tmp_path / "next")
    scripts = following.directory / "migrations"
    revisions = [one for one in (*known_revisions(), following.head) if one >= FIRST]
    fresh.migrate(partial(migrate, revision=FIRST))
    first = before = shape(fresh)
    for revision, after in pairwise(revisions):
        fresh.migrate(partial(migrate, revision=after, scripts=scripts))
        now = shape(fresh)
        assert breaks(before, now) == set(), f"{after} breaks processes of {revision}"
        before = now
    assert len(before) > len(first)


@pytest.mark.parametrize("how", BREAKS)
def test_one_that_takes_away_or_asks_for_more_is_noticed(fresh: Database, how: str) -> None:
    fresh.migrate(partial(migrate, revision=known_revisions()[-1]))
    before = shape(fresh)
    run(fresh, *BREAKS[how])
    assert breaks(before, shape(fresh))
