"""Tables of another version: newer ones are refused by every command, older ones are upgraded."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from taskrow.domain.ids import new_id
from taskrow.engine.clock import utc_now
from taskrow.storage.schema import find_revision, known_revisions
from tests.support.revisions import migrate
from tests.support.shell import Shell
from tests.upgrades.versions import Version, next_version

HEAD = known_revisions()[-1]
_ID = new_id(utc_now())
COMMANDS = (
    "upgrade", "list", f"show {_ID}", f"cancel {_ID}", f"retry {_ID}", "purge",
    "pause q", "resume q", "queues", "schedules", "check", "worker --burst",
)  # fmt: skip


@pytest.fixture
def following(tmp_path: Path) -> Version:
    """A version with one more migration."""
    return next_version(tmp_path / "next")


def go_to(shell: Shell, revision: str, version: Version | None = None) -> None:
    """Tables of that revision, as that version makes them."""
    scripts = None if version is None else version.directory / "migrations"
    upgrade = partial(migrate, revision=revision, scripts=scripts)
    shell.engine.unchecked_database.migrate(upgrade)


def revision_of(shell: Shell) -> str | None:
    with shell.engine.unchecked_database.read() as connection:
        return find_revision(connection)


@pytest.mark.empty_database
def test_each_command_refuses_tables_that_are_newer(shell: Shell, following: Version) -> None:
    go_to(shell, following.head, following)
    for command in COMMANDS:
        said = shell.refuse(*command.split())
        assert f"at revision {following.head}" in said, command
        assert HEAD in said
        assert said.endswith("upgrade taskrow\n")
    assert revision_of(shell) == following.head


@pytest.mark.empty_database
def test_the_doctor_says_what_is_wrong_with_newer_tables(shell: Shell, following: Version) -> None:
    go_to(shell, following.head, following)
    result = shell.run("doctor")
    assert result.exit_code == 1
    assert f"newer than this taskrow ({HEAD})" in " ".join(result.output.split())


@pytest.mark.empty_database
def test_older_tables_in_a_database_of_their_own_are_upgraded_by_any_command(shell: Shell) -> None:
    go_to(shell, known_revisions()[-2])
    assert shell.say("list")
    assert revision_of(shell) == HEAD


@pytest.mark.empty_database
def test_older_tables_beside_others_are_upgraded_when_that_is_asked(shell: Shell) -> None:
    older = known_revisions()[-2]
    go_to(shell, older)
    table = "CREATE TABLE invoices (number BIGINT)"
    if shell.engine.unchecked_database.dialect == "sqlite":
        table = table.replace("BIGINT", "INTEGER")
    shell.engine.unchecked_database.write(lambda c: c.exec_driver_sql(table).close())
    said = shell.refuse("list")
    assert f"at revision {older}, and this taskrow needs {HEAD}: run `taskrow upgrade`" in said
    assert revision_of(shell) == older
    assert f"went from {older} to {HEAD}" in shell.say("upgrade")
    assert shell.say("list")
