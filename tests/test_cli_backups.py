"""``taskrow backup`` and ``restore``: what they say, and what they say it with --json."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from tests.apps.doors.tasks import add
from tests.doors.site import APP, open_app
from tests.support.postgres import PostgresServer, find_binaries
from tests.support.processes import ProcessFactory
from tests.support.shell import Shell

FILE = "a copy.db"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of the test, as the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Only SQLite has files."""
    return sqlite_url


def test_a_backup_is_made_and_restored(shell: Shell, here: Path) -> None:
    assert "there is no database" in shell.refuse("backup", FILE)
    kept = add.delay(1, 2).id
    said = shell.say("backup", FILE)
    assert said.startswith(f"backed up to {here / FILE}: ")
    assert "1 tasks, the newest submitted 2" in said
    assert "give --force" in shell.refuse("backup", FILE)
    told = shell.json("backup", FILE, "--force")
    assert (told["path"], told["unfinished"]) == (str(here / FILE), {"queued": 1})
    assert (told["rows"]["tasks"], told["size"]) == (1, (here / FILE).stat().st_size)
    add.delay(3, 4)
    said = shell.say("restore", FILE)
    assert f"restored {here / 'tasks.db'} from {FILE}: 1 tasks" in said
    assert f"what was there before is kept as {here / 'tasks.db.before-restore-'}" in said
    assert "All queues are paused, since" in said
    assert "Unfinished here: 1 queued." in said
    assert [task["id"] for task in shell.json("list")] == [kept]
    assert "all queues are paused since" in shell.say("queues")
    assert "restored from a copy.db" in shell.say("queues")
    assert shell.say("resume", "--all") == "resumed all queues\n"


def test_a_restore_says_what_it_did_as_json(shell: Shell, here: Path) -> None:
    add.delay(1, 2)
    shell.say("backup", FILE)
    told = shell.json("restore", FILE)
    assert (told["path"], told["paused"]) == (str(here / "tasks.db"), True)
    assert Path(told["kept"]).is_file()
    assert (told["unfinished"], told["rows"]["tasks"]) == ({"queued": 1}, 1)


@pytest.mark.parametrize("spelling", ["taskrow"], indirect=True)
def test_a_running_worker_is_not_robbed_of_its_database(
    shell: Shell, here: Path, start: ProcessFactory
) -> None:
    task = add.delay(1, 2)
    shell.say("backup", FILE)
    start.worker(app=APP)
    assert "tasks.db is in use by worker " in shell.refuse("restore", FILE)
    assert task.get(timeout=30) == 3


@pytest.mark.parametrize(("command", "tool"), [("backup", "pg_dump"), ("restore", "pg_restore")])
def test_a_server_has_its_own_tools(tmp_path: Path, command: str, tool: str) -> None:
    with open_app("postgresql+psycopg://shop:hunter2@db.example/shop?sslmode=require") as app:
        said = Shell(app, "taskrow").refuse(command, FILE)
    assert "hunter2" not in said
    assert f"{tool} " in said
    assert "postgresql://shop@db.example/shop?sslmode=require" in said
    assert shlex.quote(FILE) in said


def test_the_tools_of_the_server_do_what_is_said_of_them(
    postgres: PostgresServer, here: Path
) -> None:
    url = postgres.create_database()
    with open_app(url) as app, app.app_context():
        shell = Shell(app, "taskrow")
        kept = add.delay(1, 2).id
        run(shell.refuse("backup", FILE), "pg_dump")
        add.delay(3, 4)
        shell.engine.close()
        run(shell.refuse("restore", FILE).split(", and before")[0], "pg_restore")
        assert [task["id"] for task in shell.json("list")] == [kept]
    postgres.drop_database(url)


def run(said: str, tool: str) -> None:
    """Do what a sentence ends with."""
    _, *words = shlex.split(said[said.index(f"{tool} ") :])
    subprocess.run([find_binaries() / tool, *words], check=True)
