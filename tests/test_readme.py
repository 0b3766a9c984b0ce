"""README.md: its tables leave out no option, no setting and no command."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields

import click
import pytest

from taskrow import TaskQueue
from taskrow.command_line import commands
from taskrow.domain.options import TaskOptions
from taskrow.domain.settings import Settings
from taskrow.engine.functions import TaskFunction
from tests.support.pages import rows_of
from tests.support.processes import ROOT

CONTEXT = click.Context(commands)
README = ROOT / "README.md"
ROWS = rows_of(README)
NAMED = [(re.findall(r"`([^`]+)`", row[0]), " ".join(row)) for row in ROWS if row[0]]


def test_the_two_commands_of_a_newcomer_come_first() -> None:
    before, block, _ = README.read_text().split("```", 2)
    assert len(before.splitlines()) <= 3
    assert [line.rpartition("&& ")[2] for line in block.strip().splitlines()] == [
        ".venv/bin/taskrow demo",
        ".venv/bin/python -m pytest",
    ]


def test_every_option_of_a_task_function_has_its_row() -> None:
    of_decorator = inspect.signature(TaskQueue.task).parameters.values()
    wanted = {field.name for field in fields(TaskOptions)}
    wanted |= {one.name for one in of_decorator if one.kind is one.KEYWORD_ONLY}
    shown = {name.rstrip("=") for names, _ in NAMED for name in names if name.endswith("=")}
    assert shown == wanted


def test_every_option_of_a_submit_is_named() -> None:
    [line] = [line for line in README.read_text().splitlines() if "task.apply_async((1, 2)" in line]
    parameters = inspect.signature(TaskFunction.apply_async).parameters.values()
    for one in parameters:
        assert one.kind is not one.KEYWORD_ONLY or one.name in line, one.name


def test_every_setting_has_its_row() -> None:
    wanted = {f"TASKROW_{field.name.upper()}" for field in fields(Settings)}
    shown = {name for names, _ in NAMED for name in names if name.startswith("TASKROW_")}
    assert shown == wanted


@pytest.mark.parametrize("name", commands.list_commands(CONTEXT))
def test_every_command_has_its_row_with_all_its_options(name: str) -> None:
    command = commands.get_command(CONTEXT, name)
    assert command is not None
    [row] = [text for names, text in NAMED if name in [words.split()[0] for words in names]]
    subcommands = command.commands if isinstance(command, click.Group) else {}
    for sub in subcommands:
        assert f"`{name} {sub} " in row
    for option in command.params:
        longest = max([*option.opts, *option.secondary_opts], key=len)
        if isinstance(option, click.Option) and longest not in ("--help", "--json"):
            assert longest in row, longest
