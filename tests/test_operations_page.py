"""docs/operations.md: its commands are there, and do what it says; its units are units."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from taskrow.command_line import commands as taskrow
from tests.apps.doors.tasks import add
from tests.support.pages import DOCS, links_of
from tests.support.shell import Shell

PAGE = (DOCS / "operations.md").read_text()
UNIT = re.compile(r"^# (/etc/systemd/\S+)\n(.*?)(?=^# /etc|^```)", re.MULTILINE | re.DOTALL)


def commands_on(page: str, backup: str = "") -> list[list[str]]:
    """The words after ``taskrow --app shop`` of each command line on a page."""
    found = re.findall(r"taskrow --app shop ([a-z][^\n#>`|]+)", page)
    return [
        [backup if word.startswith("/backups/") else word for word in shlex.split(words)]
        for words in (line.replace("$(date +%F)", "2026-11-21") for line in found)
    ]


def parse(words: list[str]) -> None:
    """Have click take the words apart; an unknown option is an error."""
    command = taskrow.get_command(click.Context(taskrow), words[0])
    assert command is not None, words
    command.make_context(words[0], words[1:])


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def test_every_command_and_option_is_there() -> None:
    pages = PAGE + (DOCS / "workers.md").read_text() + (DOCS / "database.md").read_text()
    told = commands_on(pages, "FILE")
    assert {words[0] for words in told} >= {"backup", "restore", "check", "doctor", "upgrade"}
    for words in told:
        parse(words)


def test_the_commands_on_backups_do_what_is_said(shell: Shell, tmp_path: Path) -> None:
    kept = add.delay(1, 2).id
    part = PAGE[PAGE.index("## Backup and restore") : PAGE.index("On PostgreSQL")]
    told = commands_on(part, str(tmp_path / "backup.db"))
    assert [words[0] for words in told] == ["backup", "restore", "resume", "list", "cancel"]
    for words in told:
        shell.say(*[kept if word == "ID" else word for word in words])
    assert shell.engine.get(kept).status == "cancelled"


def test_the_commands_of_an_upgrade_do_what_is_said(shell: Shell, tmp_path: Path) -> None:
    add.delay(1, 2)
    part = PAGE[PAGE.index("## Upgrading") : PAGE.index("## When something")]
    for words in commands_on(part, str(tmp_path / "backup.db")):
        shell.say(*words)


def units() -> Iterator[tuple[str, str]]:
    for page in ("operations.md", "workers.md"):
        yield from UNIT.findall((DOCS / page).read_text())


def test_the_units_are_units(tmp_path: Path) -> None:
    found = dict(units())
    assert {Path(name).suffix for name in found} == {".service", ".timer"}
    for name, text in found.items():
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.optionxform = str  # type: ignore[assignment, method-assign]
        parser.read_string(text)
        assert parser["Unit"]["Description"]
        for command in re.findall(r"^ExecStart=\S+/taskrow --app shop (.*)$", text, re.MULTILINE):
            parse(shlex.split(command))
        (tmp_path / Path(name).name).write_text(text.replace("/srv/shop/.venv/bin", "/usr/bin"))
    if (verify := shutil.which("systemd-analyze")) is not None:
        files = [str(file) for file in tmp_path.iterdir()]
        done = subprocess.run(
            [verify, "verify", *files], capture_output=True, text=True, check=False
        )
        assert set(re.findall(r"Unknown \w+ name .*|Failed to parse.*", done.stderr)) == set()


def test_its_links_lead_somewhere() -> None:
    for link in links_of(DOCS / "operations.md"):
        assert (DOCS / link.partition("#")[0]).exists(), link
