"""What only PostgreSQL has: timeouts of its own, connections that break, schemas, a time zone."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from taskrow.errors import DatabaseBusyError, DatabaseError
from taskrow.storage import upkeep
from taskrow.storage.database import Database, open_database
from taskrow.storage.schema import ensure_schema, find_revision
from tests.storage.others import in_the_middle
from tests.storage.rows import NOW, PURGE_AT, add, add_many, find


def test_who_is_stopped_in_a_transaction_holds_up_others_no_longer_than_the_busy_timeout(
    postgresql: Database,
) -> None:
    add(postgresql)
    stopped = open_database(_url(postgresql), busy_timeout=1.0)

    def touch(connection: Connection) -> int:
        return connection.exec_driver_sql("UPDATE tasks SET priority = 1").rowcount

    with pytest.raises(DatabaseError), in_the_middle(stopped, touch):
        assert postgresql.write(touch) == 1  # and the other one has not ended by itself
    stopped.close()


def test_work_of_the_users_own_may_rest_in_its_transaction_for_longer(
    postgresql: Database,
) -> None:
    asked = "SELECT current_setting('idle_in_transaction_session_timeout')"
    seen: list[object] = []
    postgresql.write(lambda c: seen.append(c.exec_driver_sql(asked).scalar_one()))
    postgresql.write_alone(
        lambda c: seen.append(c.exec_driver_sql(asked).scalar_one()), lambda _: None
    )
    postgresql.write(lambda c: seen.append(c.exec_driver_sql(asked).scalar_one()))
    assert seen == ["5s", "50s", "5s"]


def test_a_lock_that_is_held_for_too_long_is_an_error_in_time(
    postgresql: Database, postgres_url: str
) -> None:
    task_id = add(postgresql)
    impatient = open_database(postgres_url, busy_timeout=0.3)

    def touch(connection: Connection) -> None:
        upkeep.cancel(connection, task_id, now=NOW, purge_at=PURGE_AT)

    with in_the_middle(postgresql, touch):
        began = time.monotonic()
        with pytest.raises(DatabaseBusyError, match="lock timeout"):
            impatient.write(touch)
        assert 0.2 < time.monotonic() - began < 10
    impatient.close()


def test_a_connection_that_was_cut_is_replaced(postgresql: Database) -> None:
    task_id = add(postgresql)
    others = "pid <> pg_backend_pid() AND datname = current_database()"
    query = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}"
    killer = open_database(_url(postgresql), busy_timeout=5)
    with killer.read() as connection:
        connection.exec_driver_sql(query).all()
    killer.close()
    assert find(postgresql, task_id).id == task_id
    add(postgresql)


def test_a_connection_is_asked_whether_it_lives_only_when_its_socket_has_news(
    postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(postgresql)
    dialect, pings = postgresql._open().dialect, []  # type: ignore[attr-defined]
    ping = dialect.do_ping

    def do_ping(raw: object) -> object:
        pings.append(raw)
        return ping(raw)

    monkeypatch.setattr(dialect, "do_ping", do_ping)
    add_many(postgresql, 3)
    add(postgresql)
    assert not pings
    with postgresql.read() as connection:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    killer = open_database(_url(postgresql), busy_timeout=5)
    with killer.read() as connection:
        connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)").close()
    killer.close()
    add(postgresql)
    assert len(pings) == 1


def test_the_schema_is_the_first_of_the_search_path(postgres_url: str) -> None:
    plain = open_database(postgres_url, busy_timeout=5)
    plain.write(lambda c: c.exec_driver_sql("CREATE SCHEMA apart").close())
    apart = open_database(f"{postgres_url}?options=-csearch_path%3Dapart", busy_timeout=5)
    try:
        with apart.read() as connection:
            assert find_revision(connection) is None
        ensure_schema(apart)
        task_id = add(apart)
        assert find(apart, task_id).id == task_id
        with plain.read() as connection:
            found = connection.exec_driver_sql("SELECT id FROM apart.tasks").scalars().all()
        assert found == [task_id]
    finally:
        apart.close()
        plain.write(lambda c: c.exec_driver_sql("DROP SCHEMA apart CASCADE").close())
        plain.close()


def test_the_session_speaks_utc_whatever_the_server_does(postgresql: Database) -> None:
    with postgresql.read() as connection:
        assert connection.exec_driver_sql("SHOW timezone").scalar() == "UTC"
    task = find(postgresql, add(postgresql))
    assert task.run_at.utcoffset() == timedelta(0)


def _url(database: Database) -> str:
    return str(database.url.render_as_string(hide_password=False))  # type: ignore[attr-defined]
