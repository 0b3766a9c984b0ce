"""What only PostgreSQL has: many URLs of one database, and schemas in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.orm import Session

from taskrow import SettingsError
from tests.apps.shop import ship
from tests.apps.shop_site import count, open_shop
from tests.support.postgres import PostgresServer


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture
def shop(url: str) -> Iterator[Flask]:
    with open_shop(url) as app:
        yield app


@contextmanager
def session_of(url: str) -> Iterator[Session]:
    engine = create_engine(url)
    with Session(engine) as session:
        yield session
    engine.dispose()


def test_however_the_url_is_written_it_is_the_same_database(shop: Flask, url: str) -> None:
    other_words = make_url(url).set(host="localhost", query={"application_name": "shop"})
    with session_of(other_words.render_as_string(hide_password=False)) as session:
        ship.apply_async((1,), session=session)
        session.commit()
    assert count(shop, "tasks") == 1


@pytest.mark.parametrize(
    "elsewhere",
    [
        lambda url: f"{url}?options=-csearch_path=elsewhere",
        lambda url: make_url(url).set(database="postgres").render_as_string(hide_password=False),
    ],
    ids=["schema", "database"],
)
def test_another_place_of_the_same_server_is_refused(
    shop: Flask, url: str, elsewhere: Callable[[str], str]
) -> None:
    with (
        session_of(elsewhere(url)) as session,
        pytest.raises(SettingsError, match="no transaction spans the two"),
    ):
        ship.apply_async((1,), session=session)
    assert count(shop, "tasks") == 0


def test_our_tables_may_stand_later_in_the_search_path(shop: Flask, url: str) -> None:
    """A tenant's schema first: the tables that are seen from there are the same."""
    with session_of(f"{url}?options=-csearch_path=tenant,public") as session:
        ship.apply_async((1,), session=session)
        session.commit()
    assert count(shop, "tasks") == 1


def test_a_table_of_theirs_that_is_seen_first_is_not_written_to(shop: Flask, url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA tenant"))
        connection.execute(text("CREATE TABLE tenant.tasks (LIKE public.tasks)"))
    engine.dispose()
    with (
        session_of(f"{url}?options=-csearch_path=tenant,public") as session,
        pytest.raises(SettingsError, match="no transaction spans the two"),
    ):
        ship.apply_async((1,), session=session)
    assert count(shop, "tasks") == 0


def test_a_connection_whose_search_path_was_changed_is_asked_again(shop: Flask, url: str) -> None:
    engine = create_engine(url, pool_size=1)
    with Session(engine) as session:
        session.execute(text("CREATE SCHEMA tenant"))
        session.execute(text("CREATE TABLE tenant.tasks (LIKE public.tasks)"))
        ship.apply_async((1,), session=session)
        session.execute(text("SET search_path TO tenant, public"))
        with pytest.raises(SettingsError, match="no transaction spans the two"):
            ship.apply_async((2,), session=session)
        session.commit()
    with Session(engine) as session:  # it is the connection that remembers
        with pytest.raises(SettingsError, match="no transaction spans the two"):
            ship.apply_async((3,), session=session)
        session.execute(text("SET search_path TO public"))
        ship.apply_async((4,), session=session)
        session.commit()
        assert session.execute(text("SELECT count(*) FROM tenant.tasks")).scalar() == 0
    engine.dispose()
    assert count(shop, "tasks") == 2


def test_a_join_is_looked_after_in_one_short_statement(shop: Flask, url: str) -> None:
    engine = create_engine(url)
    asked: list[str] = []
    with Session(engine) as session:
        ship.apply_async((1,), session=session)
        event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
        ship.apply_async((2,), session=session)
        assert [sql.split()[0] for sql in asked[:2]] == ["SELECT", "INSERT"]
        assert sum("to_regclass" in sql for sql in asked) == 1
        session.commit()
    engine.dispose()
    assert count(shop, "tasks") == 2


def test_no_password_is_told(shop: Flask, url: str) -> None:
    secret = make_url(url).set(database="postgres", password="hunter2")
    with (
        session_of(secret.render_as_string(hide_password=False)) as session,
        pytest.raises(SettingsError) as refused,
    ):
        ship.apply_async((1,), session=session)
    assert "hunter2" not in str(refused.value)
