"""Statements that are compiled once do what SQLAlchemy's own execution of them does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import (
    Connection,
    Engine,
    Integer,
    bindparam,
    create_engine,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import NullPool

from taskrow.domain.ids import new_id
from taskrow.storage.database import Database
from taskrow.storage.prepared import DIRECT, Prepared
from taskrow.storage.tables import tasks
from tests.storage.rows import NOW, SECOND, find, put

COLUMNS = ("id", "name", "queue", "status", "priority", "run_at", "created_at", "args", "owner")
_LEAST = -(2**63)  # its absolute value overflows
INSERT = Prepared(insert(tasks), *COLUMNS)


@pytest.fixture(params=[False, True], ids=["by SQLAlchemy", "direct"])
def connection(request: pytest.FixtureRequest, database: Database) -> Iterator[Connection]:
    """A connection in a transaction, of an engine that may ask its driver directly or not."""
    engine = _engine_of(database)
    if request.param:
        engine = engine.execution_options(**{DIRECT: True})
    with engine.connect() as connection, connection.begin():
        yield connection


def _engine_of(database: Database) -> Engine:
    with database.read() as connection:
        url = connection.engine.url
    return create_engine(url, poolclass=NullPool)


def row(**changes: Any) -> tuple[Any, ...]:
    """The values of a task in the order of COLUMNS."""
    plain = {
        "id": new_id(NOW),
        "name": "app.add",
        "queue": "Grüße",
        "status": "queued",
        "priority": -7,
        "run_at": NOW + SECOND,
        "created_at": NOW,
        "args": "{}",
        "owner": None,
    }
    return tuple((plain | changes).values())


def stored(connection: Connection) -> list[tuple[Any, ...]]:
    columns = [tasks.c[name] for name in COLUMNS]
    return [tuple(found) for found in connection.execute(select(*columns).order_by(tasks.c.seq))]


def test_a_row_is_inserted_as_its_columns_say(connection: Connection) -> None:
    new = row()
    assert INSERT.change(connection, new) == 1
    assert stored(connection) == [new]


def test_many_rows_are_inserted_in_their_order(connection: Connection) -> None:
    new = [row(args=str(n), run_at=NOW + n % 3 * SECOND, owner="me" * n or None) for n in range(9)]
    assert INSERT.run_all(connection, new) == 9
    assert stored(connection) == new


def test_rows_come_back_as_the_driver_has_them_and_with_what_makes_them_pythons(
    connection: Connection,
) -> None:
    by_id = Prepared(
        select(tasks.c.name, tasks.c.run_at, tasks.c.finished_at).where(
            tasks.c.id == bindparam("task_id")
        ),
        "task_id",
    )
    INSERT.change(connection, new := row())
    [found] = by_id.fetch(connection, (new[0],))
    processors = by_id.processors(connection)
    assert [
        value if process is None else process(value)
        for value, process in zip(found, processors, strict=True)
    ] == ["app.add", NOW + SECOND, None]
    assert by_id.fetch(connection, ("none",)) == []
    assert by_id.run(connection, (new[0],)).one()[0] == "app.add"


def test_a_name_may_stand_twice_and_constants_keep_their_place(connection: Connection) -> None:
    at = bindparam("at", type_=tasks.c.run_at.type)
    change = Prepared(
        update(tasks)
        .where(tasks.c.created_at <= at, tasks.c.priority == -7, tasks.c.id == bindparam("the_id"))
        .values(run_at=at, queue=literal("other"), priority=tasks.c.priority + 3),
        "the_id",
        "at",
    )
    mine, other = row(), row()
    INSERT.run_all(connection, [mine, other])
    assert change.change(connection, (mine[0], NOW)) == 1
    assert change.change(connection, (mine[0], NOW)) == 0
    assert change.run_all(connection, [(mine[0], NOW), (other[0], NOW)]) == 1
    found = [
        (queue, run_at, priority) for _, _, queue, _, priority, run_at, *_ in stored(connection)
    ]
    assert found == [("other", NOW, -4)] * 2


def test_no_rows_change_nothing(connection: Connection) -> None:
    assert INSERT.run_all(connection, []) == 0


def test_a_statement_without_parameters(connection: Connection) -> None:
    count = Prepared(select(func.count()).select_from(tasks))
    assert [tuple(found) for found in count.fetch(connection, ())] == [(0,)]


@pytest.mark.parametrize("many", [False, True])
def test_errors_are_those_of_sqlalchemy(connection: Connection, many: bool) -> None:
    new = row()
    INSERT.change(connection, new)
    with pytest.raises(IntegrityError) as raised:
        INSERT.run_all(connection, [new]) if many else INSERT.change(connection, new)
    assert isinstance(raised.value.orig, connection.dialect.loaded_dbapi.IntegrityError)


def test_an_error_of_a_read_is_one_of_sqlalchemy(connection: Connection) -> None:
    wrong = Prepared(select(func.abs(_LEAST, type_=Integer)))
    with pytest.raises(DBAPIError):
        wrong.fetch(connection, ())


def test_what_is_put_by_hand_and_what_is_prepared_are_the_same(database: Database) -> None:
    [by_hand] = put(database, [{"run_at": NOW, "queue": "a"}])
    prepared = row(queue="a", run_at=NOW, priority=0)
    database.write(lambda connection: INSERT.change(connection, prepared))
    one, other = find(database, by_hand), find(database, prepared[0])
    names = ("name", "queue", "status", "run_at", "created_at", "priority", "args", "attempt")
    assert [getattr(one, name) for name in names] == [getattr(other, name) for name in names]
