"""The whole examination. It changes nothing, and makes nothing that is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from taskrow.engine.doctor.diagnosis import Diagnosis, bad, ok, warn
from taskrow.engine.doctor.file import look_at_file
from taskrow.engine.doctor.rows import look_at_rows
from taskrow.engine.doctor.server import look_at_server
from taskrow.errors import DatabaseError
from taskrow.storage.database import Database
from taskrow.storage.schema import find_revision, known_revisions
from taskrow.storage.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine

Look = Callable[[], Iterable[Diagnosis]]


def examine(engine: QueueEngine) -> Iterator[Diagnosis]:
    """Everything there is to say of a queue and its database."""
    database = engine.unchecked_database
    if isinstance(database, SqliteDatabase):
        if not database.path.exists():
            yield warn("database", "not there yet", "it is made by the first submit, or a worker")
            return
        yield from _looked("file", lambda: look_at_file(engine, database))
    else:
        yield from _looked("PostgreSQL", lambda: look_at_server(database, engine.clock))
    schema = _looked("schema", lambda: [_schema(database)])
    yield from schema
    if [one.level for one in schema] == ["OK"]:
        yield from _looked("rows", lambda: look_at_rows(engine))


def _looked(name: str, look: Look) -> list[Diagnosis]:
    """What a look finds; that it could not look is a diagnosis, too."""
    found = []
    try:
        for one in look():
            found.append(one)
    except DatabaseError as error:
        found.append(bad(name, str(error), "taskrow check says more; docs/operations.md"))
    except OSError as error:
        found.append(warn(name, f"it cannot be looked at: {error}", "run this as its user"))
    return found


def _schema(database: Database) -> Diagnosis:
    with database.read() as connection:
        revision = find_revision(connection)
    newest = known_revisions()[-1]
    if revision == newest:
        return ok("schema", f"at revision {revision}, as this taskrow has it")
    if revision is None or revision in known_revisions():
        says = f"at revision {revision or 'none'}, this taskrow has {newest}"
        return warn("schema", says, "taskrow upgrade, when no older worker runs any more")
    return bad(
        "schema", f"at revision {revision}, newer than this taskrow ({newest})", "upgrade it"
    )
