"""Core statements that are compiled once and then run on tuples.

SQLAlchemy's own execution finds the compiled form, binds and wraps anew at every call; on a hot
path that costs several times what SQLite takes for the statement. Here the statement is still
written once, in Core, and speaks both dialects; only the work that repeats itself is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, CursorResult, Dialect, Insert, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import Executable

from taskrow.storage.damage import is_undecodable, reading_signs

Values = Sequence[Any]
_Processor = Callable[[Any], Any] | None

# The execution option of engines whose driver is asked directly: 6 us less for a statement, half of
# what an insert into SQLite takes. Nobody listens to the events of these engines.
DIRECT = "taskrow_direct"


class Prepared:
    """A statement and the order in which its parameters are given.

    ``names`` are those of its ``bindparam``s, or of the columns of an insert; what they hold is
    turned into the driver's types as their columns say. Rows come back as the driver gives them
    (times on SQLite are text): :meth:`processors` tells how to turn them into Python's.
    """

    def __init__(self, statement: Executable, *names: str) -> None:
        self._statement, self._names = statement, names
        self._forms: dict[tuple[str, str, bool], _Form] = {}

    def run(self, connection: Connection, values: Values) -> CursorResult[Any]:
        """Run it once, by way of SQLAlchemy's connection."""
        form = self._form(connection)
        return connection.exec_driver_sql(form.sql, form.bind(values))

    def change(self, connection: Connection, values: Values) -> int:
        """Run it once; returns how many rows of the table it changed."""
        form = self._form(connection)
        bound = form.bind(values)
        if not form.is_direct:
            return connection.exec_driver_sql(form.sql, bound).rowcount
        return int(drive(connection, form.sql, bound).rowcount)

    def fetch(self, connection: Connection, values: Values) -> Sequence[Values]:
        """Run it once; returns the rows that come back."""
        form = self._form(connection)
        bound = form.bind(values)
        if not form.is_direct:
            return connection.exec_driver_sql(form.sql, bound).fetchall()
        driver = driver_of(connection)
        try:
            return list(driver.execute(form.sql, bound).fetchall())
        except Exception as error:
            if form.only_reads and is_undecodable(error):
                with reading_signs(driver):
                    return list(driver.execute(form.sql, bound).fetchall())
            raise _as_sqlalchemy_has_it(connection, form.sql, bound, error) from error

    def run_all(self, connection: Connection, rows: Sequence[Values]) -> int:
        """Run it for each row; returns how many rows of the table it changed in all."""
        if not rows:
            return 0
        form = self._form(connection)
        bound = form.bind_all(rows)
        if not form.is_direct:
            return connection.exec_driver_sql(form.sql, bound).rowcount
        try:
            cursor = driver_of(connection).cursor()
            cursor.executemany(form.sql, bound)
            return int(cursor.rowcount)
        except Exception as error:
            raise _as_sqlalchemy_has_it(connection, form.sql, bound, error) from error

    def processors(self, connection: Connection) -> list[_Processor]:
        """What to call on each column of a row that comes back; None where it is right as it is."""
        return self._form(connection).processors

    def _form(self, connection: Connection) -> _Form:
        dialect = connection.dialect
        key = dialect.name, dialect.paramstyle, _is_direct(connection)
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = _Form(self._statement, self._names, dialect)
            form.is_direct = key[-1]
        return form


class Once:
    """One statement with its values, as work for ``Database.write``.

    It is a transaction by itself, so nothing begins before it and nothing is committed after it: on
    PostgreSQL one round trip instead of three.
    """

    __slots__ = ("_statement", "_values")

    def __init__(self, statement: Prepared, values: Values) -> None:
        self._statement, self._values = statement, values

    def __call__(self, connection: Connection) -> int:
        """Run it; returns how many rows of the table it changed."""
        return self._statement.change(connection, self._values)


class _Form:
    """The statement as one dialect has it: the SQL, and how it takes values."""

    is_direct = False  # whether its connections are ours, and the driver is asked

    def __init__(self, statement: Executable, names: Sequence[str], dialect: Dialect) -> None:
        columns: dict[str, Any] = {}
        self.only_reads = isinstance(statement, Select)
        if isinstance(statement, Insert):
            if set(names) <= set(statement.table.c.keys()):  # else it has values of its own
                columns = {"column_keys": list(names)}
            statement = statement.inline()  # else PostgreSQL's says RETURNING
        compiled: Any = statement.compile(dialect=dialect, **columns)  # type: ignore[attr-defined]
        self.sql = str(compiled)
        self.processors = _result_processors(compiled, dialect)
        constants = {name: value for name, value in compiled.params.items() if name not in names}
        self._constants = tuple(constants.values())
        places = {name: place for place, name in enumerate([*names, *constants])}
        order = _order(compiled)
        self._take = _taker([places[name] for name in order])
        self._keys = None if compiled.positional else order
        processors = compiled._bind_processors
        self._processed = [
            (at, processors[name]) for at, name in enumerate(order) if processors.get(name)
        ]

    def bind(self, values: Values) -> Any:
        """The parameters as the driver takes them: a tuple, or a dict where it goes by names."""
        taken: Any = self._take((*values, *self._constants))
        if self._processed:
            listed = list(taken)
            for at, process in self._processed:
                listed[at] = process(listed[at])
            taken = tuple(listed)
        return taken if self._keys is None else dict(zip(self._keys, taken, strict=True))

    def bind_all(self, rows: Sequence[Values]) -> list[Any]:
        """Like :meth:`bind`, for each row: by columns, in which values that come again are many."""
        columns: Any = self._take(
            (*zip(*rows, strict=True), *(repeat(value, len(rows)) for value in self._constants))
        )
        if self._processed:
            columns = list(columns)
            for at, process in self._processed:
                columns[at] = _each(process, columns[at])
        bound = zip(*columns, strict=True)
        if self._keys is None:
            return list(bound)
        return [dict(zip(self._keys, row, strict=True)) for row in bound]


def _each(process: Callable[[Any], Any], column: Iterable[Any]) -> list[Any]:
    values = list(column)
    known = {value: process(value) for value in set(values)}
    return [known[value] for value in values]


def _taker(places: list[int]) -> Callable[[Values], Values]:
    """How to put values into the order of the SQL, where a name can stand twice or not at all."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: tuple(values[place] for place in places)


def _order(compiled: Any) -> list[str]:
    """The parameters in the order of the SQL; a name that stands there twice comes twice."""
    return list(compiled.positiontup if compiled.positional else compiled.params)


def _result_processors(compiled: Any, dialect: Dialect) -> list[_Processor]:
    types = [column.type for column in compiled._result_columns]
    return [type_.dialect_impl(dialect).result_processor(dialect, None) for type_ in types]


def _is_direct(connection: Connection) -> bool:
    return DIRECT in connection.get_execution_options()


def driver_of(connection: Connection) -> Any:
    """The driver's own connection."""
    return connection.connection.dbapi_connection


def drive(connection: Connection, sql: str, values: Any = ()) -> Any:
    """Have the driver run a statement; its cursor, or the error that SQLAlchemy would raise."""
    try:
        return connection.connection.dbapi_connection.execute(sql, values)  # type: ignore[union-attr]
    except Exception as error:
        raise _as_sqlalchemy_has_it(connection, sql, values, error) from error


def _as_sqlalchemy_has_it(
    connection: Connection, sql: str, values: Any, error: Exception
) -> BaseException:
    """The error that SQLAlchemy's own execution would have raised."""
    dialect = connection.dialect
    base: Any = dialect.loaded_dbapi.Error
    return DBAPIError.instance(sql, values, error, base, dialect=dialect)
