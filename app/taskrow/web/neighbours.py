"""The application's other extensions that know databases: Flask-SQLAlchemy and Flask-Migrate.

They are met in any order: an application puts itself together before its first contexts are over,
and at each of those we look whether they are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flask import Flask, appcontext_pushed, current_app, has_app_context
from sqlalchemy import Engine

from taskrow.engine.joining import Surroundings
from taskrow.engine.queue import QueueEngine
from taskrow.errors import SettingsError
from taskrow.storage.joined import OWN_TABLES, holds_own_tables, is_file_of, prepare_engine
from taskrow.web.lookup import engine_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, scoped_session

_KEY = "taskrow.looks"
_LOOKS = 20  # then the application is put together, and its contexts need not pay for more
NameFilter = Callable[[str | None, str, Mapping[str, str | None]], bool]


class FlaskSurroundings(Surroundings):
    """The session of the Flask-SQLAlchemy in an application."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def session(self) -> scoped_session[Any] | None:
        """``db.session`` in a context of the application; SettingsError where there is no db."""
        if not _is_current(self._app):
            return None
        db = self._app.extensions.get("sqlalchemy")
        if db is None:
            raise SettingsError(
                f"the application {self._app.name!r} has no Flask-SQLAlchemy whose session a task "
                "could join: call SQLAlchemy(app), or set TASKROW_JOIN_SESSION to False"
            )
        session: scoped_session[Any] = db.session
        return session

    def engines_of(self, session: Session) -> Iterable[Engine]:
        """All of SQLALCHEMY_BINDS, if the session is the application's."""
        db = self._app.extensions.get("sqlalchemy") if _is_current(self._app) else None
        if db is None:
            return ()
        own = db.session() if callable(db.session) else db.session
        return _engines_of(db) if own is session else ()


def meet_neighbours(app: Flask) -> None:
    """Get along with the extensions that the application has, or will have."""
    app.extensions[_KEY] = 0
    appcontext_pushed.connect(_look, app)
    if _is_current(app):
        _look(app)


def _look(app: Flask, **_: Any) -> None:
    app.extensions[_KEY] += 1
    if app.extensions[_KEY] >= _LOOKS:
        appcontext_pushed.disconnect(_look, app)
    queue = engine_of(app)
    database, db = queue.unchecked_database, app.extensions.get("sqlalchemy")
    engines = [] if db is None else _engines_of(db)
    for engine in engines:
        if is_file_of(engine, database):
            prepare_engine(engine)
    shares = any(is_file_of(engine, database) for engine in engines)
    if (shares or database.dialect != "sqlite") and "migrate" in app.extensions:
        _hide_tables(app.extensions["migrate"].configure_args, queue)


def _hide_tables(arguments: dict[str, Any], queue: QueueEngine) -> None:
    """Keep our tables out of what ``flask db migrate`` compares: it would propose to drop them."""
    theirs = arguments.get("include_name")
    if not isinstance(theirs, OtherTables):
        arguments["include_name"] = OtherTables(queue, theirs)


class OtherTables:
    """Alembic's ``include_name``: not taskrow's tables, and what the application's own says."""

    def __init__(self, queue: QueueEngine, theirs: NameFilter | None) -> None:
        self._queue, self._theirs = queue, theirs

    def __call__(self, name: str | None, kind: str, parents: Mapping[str, str | None]) -> bool:
        if kind == "table" and name in OWN_TABLES and self._is_ours(parents.get("schema_name")):
            return False
        return self._theirs is None or self._theirs(name, kind, parents)

    def _is_ours(self, schema: str | None) -> bool:
        from alembic import context  # only its commands come here

        database = self._queue.unchecked_database
        return holds_own_tables(context.get_bind(), database, schema)


def _engines_of(db: Any) -> list[Engine]:
    return list(getattr(db, "engines", {}).values())


def _is_current(app: Flask) -> bool:
    return has_app_context() and current_app._get_current_object() is app  # type: ignore[attr-defined]
