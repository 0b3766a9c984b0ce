"""``taskrow backup`` and ``taskrow restore``: the whole SQLite file, in processes of their own."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path

import click
from flask import current_app

from taskrow.cli_parts import as_json, command, find_engine, say
from taskrow.domain.times import to_text
from taskrow.engine.queue import QueueEngine
from taskrow.errors import DatabaseError
from taskrow.storage.backup import back_up
from taskrow.storage.postgres import PostgresDatabase
from taskrow.storage.restore import Restored, restore
from taskrow.storage.snapshots import Contents
from taskrow.storage.sqlite import SqliteDatabase

_file = click.argument("file", type=click.Path(path_type=Path))


@command("backup")
@_file
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@as_json
def backup(file: Path, force: bool, as_json: bool) -> None:
    """Copy the database to FILE while web and workers go on, and check the copy."""
    made = back_up(_sqlite_file(find_engine(), _DUMP, file), file, force=force)
    say(as_json, f"backed up to {made.path}: {made.size:,} bytes, {_words(made.contents)}",
        path=str(made.path), size=made.size, **_facts(made.contents))  # fmt: skip


@command("restore")
@_file
@as_json
def restore_command(file: Path, as_json: bool) -> None:
    """Make the backup FILE the database: with web and workers stopped, and all queues paused."""
    engine = find_engine()
    database = _sqlite_file(engine, _LOAD, file)
    _let_go(engine)
    done = restore(database, file, now=engine.clock())
    say(as_json, _told(database, file, done), path=str(database), paused=True,
        kept=None if done.kept is None else str(done.kept), **_facts(done.contents))  # fmt: skip


_DUMP = (
    "{place} is on a server, which has a tool of its own for it: "
    "pg_dump --format=custom --file={file} {url}"
)
_LOAD = (
    "{place} is on a server, which has a tool of its own for it: stop web and workers, then "
    "pg_restore --clean --if-exists --single-transaction --dbname={url} {file}, and before you "
    "start them again taskrow pause --all: what is unfinished in it may have run since"
)


def _sqlite_file(engine: QueueEngine, otherwise: str, file: Path) -> Path:
    """The database file; DatabaseError that says what to do with a database that is none."""
    database = engine.unchecked_database
    if isinstance(database, SqliteDatabase):
        return database.path
    assert isinstance(database, PostgresDatabase)
    url = database.url.set(drivername="postgresql")._replace(password=None).render_as_string()
    named = {"url": shlex.quote(url), "file": shlex.quote(str(file))}
    raise DatabaseError(otherwise.format(place=database.place, **named))


def _let_go(engine: QueueEngine) -> None:
    """This process itself must not have the database open: importing an application may do that."""
    engine.close()
    for bind in getattr(current_app.extensions.get("sqlalchemy"), "engines", {}).values():
        bind.dispose()


def _told(database: Path, file: Path, done: Restored) -> str:
    unfinished = done.contents.unfinished
    counts = ", ".join(f"{unfinished[status]:,} {status}" for status in sorted(unfinished))
    kept = f"\nwhat was there before is kept as {done.kept}" if done.kept else ""
    return f"""restored {database} from {file}: {_words(done.contents)}{kept}

All queues are paused, since what is unfinished in a backup may have run after it was made.
Unfinished here: {counts or "nothing"}.
Start web and workers again: tasks can be submitted, but none is begun. Look at what would run:
  taskrow list --status queued --status scheduled --status running --limit 1000
Cancel what must not run once more (taskrow cancel ID), and let the others run:
  taskrow resume --all"""


def _words(contents: Contents) -> str:
    newest = ""
    if contents.newest_at is not None:
        newest = f", the newest submitted {_without_milliseconds(contents.newest_at)}"
    return f"{contents.rows['tasks']:,} tasks{newest}, revision {contents.revision}, sound"


def _without_milliseconds(moment: datetime) -> str:
    return to_text(moment)[:19] + "Z"


def _facts(contents: Contents) -> dict[str, object]:
    newest = contents.newest_at
    return {
        "revision": contents.revision,
        "rows": contents.rows,
        "unfinished": contents.unfinished,
        "newest_at": None if newest is None else to_text(newest),
    }
