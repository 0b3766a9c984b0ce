"""The commands, as ``taskrow ...`` and as ``flask tasks ...``: for people, and with --json."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.cli import FlaskGroup

from taskrow.command_line import commands as taskrow
from taskrow.storage.schema import known_revisions
from tests.apps.doors.tasks import add, fail
from tests.doors.site import APP, open_app
from tests.doors.test_ids import KNOWN_SHAPE
from tests.support.processes import ROOT, ProcessFactory
from tests.support.shell import Shell

TASKS = "tests.apps.doors.tasks"
NEWEST = known_revisions()[-1]


def later(shell: Shell, **options: Any) -> str:
    return add.apply_async((1, 2), **({"countdown": 3600} | options)).id


def test_list_shows_the_newest_first_and_filters(shell: Shell) -> None:
    assert shell.say("list") == "no tasks\n"
    assert shell.json("list") == []
    ids = [later(shell), later(shell, queue="slow"), later(shell)]
    shell.engine.cancel(ids[2])
    lines = shell.say("list").splitlines()
    assert [line.split()[0] for line in lines] == ids[::-1]
    assert lines[0].split()[1:] == ["cancelled", "0", f"{TASKS}.add"]

    def found(*words: str) -> list[str]:
        return [task["id"] for task in shell.json("list", *words)]

    assert found("--status", "scheduled", "--queue", "slow") == [ids[1]]
    assert found("--status", "cancelled", "--status", "scheduled") == ids[::-1]
    assert found("--name", f"{TASKS}.add", "--limit", "1") == [ids[2]]
    assert found("--name", "nobody") == []


@pytest.mark.parametrize("spelling", ["taskrow"], indirect=True)
def test_list_and_show_tell_how_it_ended(shell: Shell, start: ProcessFactory) -> None:
    well, badly = add.delay(1, 2).id, fail.delay("value", "no good").id
    start.worker("--burst", app=APP).process.wait(30)
    listed = shell.say("list")
    assert f"{well}  succeeded   1  {TASKS}.add  3" in listed
    assert f"{badly}  failed      1  {TASKS}.fail  ValueError: no good" in listed
    shown = shell.say("show", badly)
    assert "ValueError: no good" in shown
    assert "Traceback" in shown  # this is the admin
    assert shell.json("show", well)["result"] == "3"


def test_show_shows_the_whole_row(shell: Shell) -> None:
    task_id = later(shell)
    told = shell.json("show", task_id)
    assert (told["id"], told["status"], told["attempt"]) == (task_id, "scheduled", 0)
    assert json.loads(told["args"]) == {"args": [1, 2]}
    assert told["run_at"].endswith("Z")
    assert told["finished_at"] is None
    lines = shell.say("show", task_id).splitlines()
    assert [line.split()[0] for line in lines] == [k for k, v in told.items() if v is not None]


def test_cancel_and_retry(shell: Shell) -> None:
    task_id = later(shell)
    assert shell.say("cancel", task_id) == f"cancelled {task_id}\n"
    assert shell.say("retry", task_id) == f"queued {task_id} again\n"
    assert shell.json("cancel", task_id) == {"id": task_id, "was": "queued", "status": "cancelled"}
    assert shell.json("retry", task_id) == {"id": task_id, "status": "queued"}
    assert shell.engine.get(task_id).status == "queued"


def test_purge_deletes_what_is_over_and_old_enough(shell: Shell) -> None:
    kept, over = later(shell), later(shell)
    shell.engine.cancel(over)
    assert shell.json("purge") == {"purged": 0}
    assert shell.json("purge", "--older-than", "1") == {"purged": 0}
    assert shell.say("purge", "--older-than", "0") == "purged 1 finished tasks\n"
    assert [task["id"] for task in shell.json("list")] == [kept]


@pytest.mark.empty_database
def test_upgrade_makes_the_tables_and_then_has_nothing_to_do(shell: Shell) -> None:
    place = shell.engine.unchecked_database.place
    assert shell.say("upgrade") == f"{place} went from nothing to {NEWEST}\n"
    assert shell.json("upgrade") == {"before": NEWEST, "now": NEWEST}
    assert shell.say("upgrade") == f"{place} is at {NEWEST} already\n"


def test_what_is_not_there_is_one_sentence(shell: Shell) -> None:
    for command in ("show", "cancel", "retry"):
        for task_id in (KNOWN_SHAPE, "junk", "süß", "x" * 5000):
            assert f"there is no task {task_id!r}" in shell.refuse(command, task_id)
            assert "there is no task" in shell.refuse(command, task_id, "--json")


def test_what_cannot_be_done_now_is_one_sentence(shell: Shell) -> None:
    task_id = later(shell)
    assert "only a finished task is retried" in shell.refuse("retry", task_id)
    shell.engine.cancel(task_id)
    assert f"{task_id} is cancelled" in shell.refuse("cancel", task_id)


@pytest.mark.parametrize(
    "words",
    [
        ["list", "--limit", "0"],
        ["list", "--status", "done"],
        ["purge", "--older-than", "-1"],
        ["purge", "--older-than", "1e+300"],
        ["purge", "--older-than", "soon"],
        ["worker", "--runners", "0"],
        ["worker", "--grace", "-1"],
        ["worker", "--log-level", "loud"],
        ["show"],
        ["nonsense"],
    ],
    ids=" ".join,
)
def test_a_wrong_word_is_a_usage_error(sqlite_url: str, spelling: str, words: list[str]) -> None:
    with open_app(sqlite_url) as app:
        result = Shell(app, spelling).run(*words)
    assert result.exit_code == 2
    assert "Usage: " in result.output
    assert words[-1] in result.output or words == ["show"]


def test_help_needs_no_application() -> None:
    for words in (["worker"], ["dev"], ["show"], ["schedules", "pause"], ["schedules"]):
        shown = CliRunner().invoke(taskrow, [*words, "--help"])
        assert (shown.exit_code, shown.output[:6]) == (0, "Usage:"), words


COMMANDS = (
    ["list"], ["show", KNOWN_SHAPE], ["cancel", KNOWN_SHAPE], ["retry", KNOWN_SHAPE], ["purge"],
    ["worker"], ["upgrade"],
)  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_database_that_cannot_be_opened_is_one_sentence(
    tmp_path: Path, spelling: str, words: list[str]
) -> None:
    with open_app(f"sqlite:///{tmp_path / 'gone' / 'tasks.db'}") as app:
        said = Shell(app, spelling).refuse(*words)
    assert "its directory does not exist; create it or set TASKROW_DATABASE_URL" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_schema_that_is_newer_than_the_code_is_one_sentence(
    tmp_path: Path, spelling: str, words: list[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'tasks.db'}"
    with open_app(url) as app:
        Shell(app, spelling).say("upgrade")
    database = sqlite3.connect(tmp_path / "tasks.db")
    with database:
        database.execute("UPDATE taskrow_alembic_version SET version_num = '9999'")
    database.close()
    with open_app(url) as app:
        said = Shell(app, spelling).refuse(*words)
    assert f"is at revision 9999, newer than this taskrow knows ({NEWEST}): upgrade" in said


def real(*command: str, url: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"FLASK_TASKROW_DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", *command], env=env, cwd=cwd, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


@pytest.mark.parametrize("command", ["taskrow --app {}", "flask --app {} tasks"])
def test_real_processes_answer_with_their_exit_codes(
    tmp_path: Path, sqlite_url: str, command: str
) -> None:
    words = command.format(APP).split()
    good = real(*words, "list", "--json", url=sqlite_url, cwd=tmp_path)
    assert (good.returncode, good.stdout, good.stderr) == (0, "[]\n", "")
    bad = real(*words, "worker", url=f"{sqlite_url}/gone/x.db", cwd=tmp_path)
    assert (bad.returncode, bad.stdout) == (1, "")
    assert bad.stderr.startswith("Error: the task database ")
    assert bad.stderr.count("\n") == 1


def test_a_worker_below_a_command_line_of_the_applications_own_asks_for_its_name(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "true")
    monkeypatch.delenv("FLASK_APP", raising=False)
    with open_app(sqlite_url) as app:
        own = FlaskGroup(create_app=lambda: app)
        result = CliRunner().invoke(own, ["tasks", "worker"])
    assert result.exit_code == 2
    assert "name it with --app" in result.output


def test_an_application_without_a_queue_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("from flask import Flask\napp = Flask(__name__)\n")
    for command in ("list", "worker"):
        said = real("taskrow", "--app", "plain", command, url="", cwd=tmp_path)
        assert said.returncode == 1
        assert said.stderr == (
            "Error: the application 'plain' has no TaskQueue: call TaskQueue(app) in it\n"
        )


def test_cancel_terminate_is_noted_in_the_row(shell: Shell) -> None:
    task_id = add.apply_async((1, 2)).id
    assert shell.json("cancel", task_id, "--terminate")["status"] == "cancelled"
