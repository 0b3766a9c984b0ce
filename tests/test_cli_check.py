"""``taskrow check``: a line for each invariant, and an exit code for scripts."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import update

from taskrow.storage.tables import tasks
from tests.apps.doors.tasks import add
from tests.support.shell import Shell


def test_all_is_well(shell: Shell) -> None:
    add.delay(1, 2)
    said = shell.say("check").splitlines()
    assert all(line.startswith("ok   ") for line in said[:-1])
    assert said[-1] == f"all {len(said) - 1} hold"
    told = shell.json("check")
    assert [f"ok   {finding['promise']}" for finding in told] == said[:-1]
    assert {finding["broken"] for finding in told} == {0}
    assert len(shell.json("check", "--quick")) < len(told)


def test_what_is_broken_is_said_with_its_places(shell: Shell) -> None:
    ids = [add.delay(1, 2).id for _ in range(7)]
    shell.engine.database.write(lambda c: c.execute(update(tasks).values(result="1")).close())
    result = shell.run("check")
    assert result.exit_code == 1
    [line] = [line for line in result.output.splitlines() if line.startswith("BAD  ")]
    assert ": not so 7 times: " in line
    assert sum(task_id in line for task_id in ids) == 5
    assert line.endswith(", ...")
    assert "1 of " in result.output.splitlines()[-1]
    assert "docs/operations.md" in result.output
    result = shell.run("check", "--json")
    assert result.exit_code == 1
    assert [one["name"] for one in json.loads(result.output) if one["broken"]] == ["result"]


@pytest.mark.empty_database
def test_where_nothing_was_submitted_there_is_nothing_to_check(shell: Shell) -> None:
    said = shell.refuse("check")
    assert "nothing was submitted yet" in said or "run `taskrow upgrade`" in said
