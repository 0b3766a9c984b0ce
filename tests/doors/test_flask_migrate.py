"""Flask-Migrate beside taskrow in one database: neither proposes to change the other's tables."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from taskrow import SchemaError
from taskrow.storage.database import open_database
from taskrow.storage.schema import VERSION_TABLE, ensure_schema, upgrade
from taskrow.storage.tables import metadata
from tests.support.postgres import PostgresServer
from tests.support.processes import ROOT

OURS = {*metadata.tables, VERSION_TABLE}
THEIRS = {"order", "parcel", "alembic_version"}
pytestmark = pytest.mark.empty_database
SETUPS = ["migrate db queue", "queue db migrate", "db queue context migrate"]


class Shop:
    """The commands of the shop, each a process."""

    def __init__(self, directory: Path, database_url: str) -> None:
        self.directory, self.database_url = directory, database_url
        self.setup = SETUPS[0]
        self.more: dict[str, str] = {}  # environment

    def flask(self, *command: str) -> str:
        return self._run("flask", "--app", "tests.apps.shop:create_app", *command)

    def taskrow(self, *command: str) -> str:
        return self._run("taskrow", "--app", "tests.apps.shop:create_app", *command)

    def fails(self, *command: str) -> str:
        """What a command says that does not succeed."""
        with pytest.raises(subprocess.CalledProcessError) as failed:
            self.taskrow(*command)
        return str(failed.value.output)

    def _run(self, *command: str) -> str:
        settings = {
            "PYTHONPATH": str(ROOT),
            "FLASK_TASKROW_DATABASE_URL": self.database_url,
            "FLASK_SHOP_SETUP": self.setup,
        }
        return subprocess.run(
            [sys.executable, "-m", *command],
            env=os.environ | settings | self.more,
            cwd=self.directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
            timeout=60,
        ).stdout

    def execute(self, statement: str) -> None:
        engine = create_engine(self.database_url)
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def tables(self) -> set[str]:
        engine = create_engine(self.database_url)
        names = set(inspect(engine).get_table_names())
        engine.dispose()
        return names

    def revisions(self) -> str:
        return "\n".join(file.read_text() for file in self.directory.glob("migrations/versions/*"))


@pytest.fixture
def shop(tmp_path: Path, database_url: str) -> Shop:
    return Shop(tmp_path, database_url)


def test_both_live_in_one_database(shop: Shop) -> None:
    """Our tables first, then theirs; and each command again."""
    shop.taskrow("upgrade")
    shop.execute("CREATE TABLE legacy (x INTEGER)")  # which the shop's own filter hides
    shop.flask("db", "init")
    for setup in SETUPS if shop.database_url.startswith("sqlite") else SETUPS[:1]:
        shop.setup = setup  # which has nothing to do with the database
        said = shop.flask("db", "migrate", "-m", "shop")
        assert "Detected removed" not in said, setup
        shop.flask("db", "upgrade")
        assert "No new upgrade operations detected" in shop.flask("db", "check"), setup
    assert "create_table('order'" in shop.revisions()
    assert not any(f"'{name}'" in shop.revisions() for name in OURS)
    assert len(list(shop.directory.glob("migrations/versions/*.py"))) == 1
    assert "already" in shop.taskrow("upgrade")
    assert shop.tables() == OURS | THEIRS | {"legacy"}


def test_theirs_first_then_ours(shop: Shop) -> None:
    shop.flask("db", "init")
    shop.flask("db", "migrate")
    shop.flask("db", "upgrade")
    assert "run `taskrow upgrade` once" in shop.fails("list")
    shop.taskrow("upgrade")
    shop.flask("db", "check")
    shop.flask("db", "downgrade")
    assert shop.tables() == OURS | {"alembic_version"}
    shop.flask("db", "upgrade")
    assert shop.tables() == OURS | THEIRS
    assert shop.taskrow("list").strip() == "no tasks"


class TestNamesThatAreTaken:
    """The application has a table of its own that is called as one of ours."""

    def test_it_is_refused_and_nothing_is_changed(self, shop: Shop) -> None:
        shop.execute("CREATE TABLE tasks (title VARCHAR(20))")
        before = shop.tables()
        for command in ("list", "upgrade"):
            said = shop.fails(command)
            assert "something called tasks already exists that is not taskrow's" in said
            assert "a database of its own" in said
        assert shop.tables() == before

    def test_a_view_of_that_name_stays(self, database_url: str, shop: Shop) -> None:
        shop.execute("CREATE VIEW v_queue AS SELECT 1 AS theirs")
        database = open_database(database_url, busy_timeout=5)
        with pytest.raises(SchemaError, match="something called v_queue already exists"):
            ensure_schema(database)
        database.close()
        shop.execute("SELECT theirs FROM v_queue")

    def test_another_schema_is_the_way_out(self, postgres: PostgresServer, tmp_path: Path) -> None:
        shop = Shop(tmp_path, postgres.create_database())
        shop.execute("CREATE TABLE tasks (title VARCHAR(20))")
        shop.execute("CREATE SCHEMA taskrow")
        database = open_database(
            f"{shop.database_url}?options=-csearch_path=taskrow", busy_timeout=5
        )
        upgrade(database)
        ensure_schema(database)
        database.close()
        assert shop.tables() == {"tasks"}
        postgres.drop_database(shop.database_url)


def test_their_own_table_of_that_name_in_another_file_is_theirs(tmp_path: Path) -> None:
    """In a database without taskrow its names mean nothing."""
    shop = Shop(tmp_path, f"sqlite:///{tmp_path / 'tasks.db'}")
    shop.taskrow("upgrade")
    shop.more = {"FLASK_SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path / 'shop.db'}"}
    shop.flask("db", "init")
    shop.flask("db", "migrate")
    shop.flask("db", "upgrade")
    theirs = Shop(tmp_path, f"sqlite:///{tmp_path / 'shop.db'}")
    theirs.execute("CREATE TABLE tasks (title VARCHAR(20))")
    assert "Detected removed table 'tasks'" in shop.flask("db", "migrate")
