"""What the commands share: the queue of the application, plain errors, and --json."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import click
from flask import current_app
from flask.cli import with_appcontext

from taskrow.domain.times import to_text
from taskrow.engine.attached import attached
from taskrow.engine.queue import QueueEngine
from taskrow.errors import TaskrowError

P = ParamSpec("P")
R = TypeVar("R")

_CONTROL = re.compile(r"[^\n\t -~\xa0-\U0010ffff]")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def find_engine() -> QueueEngine:
    """The queue of the application that the command was given."""
    return attached(current_app.extensions, current_app.name)


def in_application(function: Callable[..., Any]) -> Callable[..., Any]:
    """Run a command with the application, and let it end with one sentence where it cannot."""
    return _plain_errors(with_appcontext(function))


def command(name: str) -> Callable[[Callable[..., Any]], click.Command]:
    """A command that runs with the application."""
    return lambda function: click.command(name)(in_application(function))


def command_of(group: click.Group, name: str) -> Callable[[Callable[..., Any]], click.Command]:
    """The same, as one of a group."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        made = command(name)(function)
        group.add_command(made)
        return made

    return decorate


def say(as_json: bool, sentence: str, **facts: Any) -> None:
    """Print a sentence, or the facts of it."""
    click.echo(json.dumps(facts) if as_json else sentence)


def plain(record: object) -> dict[str, Any]:
    """A record as JSON has it: times are text."""
    return {
        name: to_text(value) if hasattr(value, "tzinfo") else value
        for name, value in vars(record).items()
    }


def harmless(text: str) -> str:
    """Text that commands a terminal to do nothing but break lines: what a task logged."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _plain_errors(command: Callable[P, R]) -> Callable[P, R]:
    """One sentence and exit code 1 instead of a traceback, for what taskrow itself raises."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except TaskrowError as error:
            raise click.ClickException(str(error)) from None

    return run
