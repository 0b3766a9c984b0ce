"""Core statements that are compiled once and then run on tuples.

SQLAlchemy's own execution finds the compiled form, binds and wraps anew at every call; on a hot
path that costs several times what SQLite takes for the statement. Here the statement is still
written once, in Core, and speaks both dialects; only the work that repeats itself is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, CursorResult, Dialect, Insert
from sqlalchemy.sql import Executable

Values = Sequence[Any]
_Processor = Callable[[Any], Any] | None


class Prepared:
    """A statement and the order in which its parameters are given.

    ``names`` are those of its ``bindparam``s, or of the columns of an insert; what they hold is
    turned into the driver's types as their columns say. Rows come back as the driver gives them
    (times on SQLite are text): :meth:`processors` tells how to turn them into Python's.
    """

    def __init__(self, statement: Executable, *names: str) -> None:
        self._statement, self._names = statement, names
        self._forms: dict[tuple[str, str], _Form] = {}

    def run(self, connection: Connection, values: Values) -> CursorResult[Any]:
        """Run it once."""
        form = self._form(connection)
        return connection.exec_driver_sql(form.sql, form.bind(values))

    def run_all(self, connection: Connection, rows: Sequence[Values]) -> int:
        """Run it for each row; returns how many rows of the table it changed in all."""
        form = self._form(connection)
        return connection.exec_driver_sql(form.sql, [form.bind(row) for row in rows]).rowcount

    def processors(self, connection: Connection) -> list[_Processor]:
        """What to call on each column of a row that comes back; None where it is right as it is."""
        return self._form(connection).processors

    def _form(self, connection: Connection) -> _Form:
        dialect = connection.dialect
        key = dialect.name, dialect.paramstyle
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = _Form(self._statement, self._names, dialect)
        return form


class _Form:
    """The statement as one dialect has it: the SQL, and how it takes values."""

    def __init__(self, statement: Executable, names: Sequence[str], dialect: Dialect) -> None:
        columns = {"column_keys": list(names)} if isinstance(statement, Insert) else {}
        if isinstance(statement, Insert):
            statement = statement.inline()  # else PostgreSQL's says RETURNING
        compiled: Any = statement.compile(dialect=dialect, **columns)  # type: ignore[attr-defined]
        self.sql = str(compiled)
        known = _constants(compiled, names)
        places = [(name, _place(name, names, known)) for name in _order(compiled)]
        processors = compiled._bind_processors
        self._slots = [
            (name, place, known.get(name), processors.get(name)) for name, place in places
        ]
        self._is_positional = compiled.positional
        self.processors = _result_processors(compiled, dialect)

    def bind(self, values: Values) -> Any:
        """The parameters as the driver takes them: a tuple, or a dict where it goes by names."""
        bound = [
            (constant if place is None else values[place], process)
            for _, place, constant, process in self._slots
        ]
        taken = [value if process is None else process(value) for value, process in bound]
        if self._is_positional:
            return tuple(taken)
        return dict(zip((name for name, *_ in self._slots), taken, strict=True))


def _order(compiled: Any) -> list[str]:
    """The parameters in the order of the SQL; a name that stands there twice comes twice."""
    return list(compiled.positiontup if compiled.positional else compiled.params)


def _place(name: str, names: Sequence[str], known: dict[str, Any]) -> int | None:
    return None if name in known else names.index(name)


def _constants(compiled: Any, names: Sequence[str]) -> dict[str, Any]:
    """The values that the statement itself brings."""
    return {name: value for name, value in compiled.params.items() if name not in names}


def _result_processors(compiled: Any, dialect: Dialect) -> list[_Processor]:
    types = [column.type for column in compiled._result_columns]
    return [type_.dialect_impl(dialect).result_processor(dialect, None) for type_ in types]
