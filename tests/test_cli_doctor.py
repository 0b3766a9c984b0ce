"""``taskrow doctor``: one screen for people, JSON and an exit code for scripts."""

from __future__ import annotations

import json

import pytest

from tests.apps.doors.tasks import add
from tests.support.shell import Shell


def test_it_is_one_screen_and_says_what_to_do(shell: Shell) -> None:
    shell.say("upgrade")
    shell.say("pause", "--all", "--reason", "a " + "very " * 40 + "long \x1b[31mreason")
    said = shell.say("doctor")
    first, *lines = said.splitlines()
    assert first.startswith("taskrow ")
    assert shell.engine.database.place in first
    assert max(map(len, lines)) <= 80
    assert len(lines) < 40
    assert "\x1b" not in said
    assert {line[:6].strip() for line in lines} <= {"OK", "WARN", ""}
    assert "WARN  workers       none runs\n                    -> start one: taskrow" in said
    assert "OK    SECRET_KEY    it is set" in said


def test_what_is_bad_is_an_exit_code(shell: Shell) -> None:
    add.delay(1, 2)
    shell.app.config["SECRET_KEY"] = None
    result = shell.run("doctor")
    assert result.exit_code == 1
    assert "BAD   workers       none runs, and 1 wait" in result.output
    result = shell.run("doctor", "--json")
    assert result.exit_code == 1
    told = {one["name"]: one for one in json.loads(result.output)}
    assert told["workers"]["level"] == "BAD"
    assert told["workers"]["do"] == "start one: taskrow worker"
    assert told["SECRET_KEY"]["level"] == "WARN"
    assert told["task names"]["level"] == "OK"


@pytest.mark.empty_database
def test_a_database_that_is_not_there_is_no_reason_for_alarm(sqlite_url: str, shell: Shell) -> None:
    if shell.engine.unchecked_database.dialect == "sqlite":
        assert "not there yet" in shell.say("doctor")
    else:
        assert "at revision none" in shell.say("doctor")
