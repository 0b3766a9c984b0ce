"""``taskrow doctor``: one screen that says what is well, what is not, and what to do."""

from __future__ import annotations

import json
import platform
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version

import click
from flask import current_app

from taskrow.cli_parts import as_json, command, find_engine, harmless
from taskrow.engine.doctor.diagnosis import Diagnosis, Level, ok, warn
from taskrow.engine.doctor.examination import examine

_WIDTH = 80
_NAME = 14
_COLORS = {Level.OK: "green", Level.WARN: "yellow", Level.BAD: "red"}


@command("doctor")
@as_json
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Say what is well and what is not, and what to do; exit code 1 where something is BAD."""
    engine = find_engine()
    found = [*examine(engine), _secret_key()]
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2))
    else:
        for line in (f"{_versions()}, {engine.unchecked_database.place}", ""):
            click.echo(line)
        for one in found:
            click.echo("\n".join(_lines(one)))
    context.exit(int(any(one.level is Level.BAD for one in found)))


def _versions() -> str:
    return f"taskrow {version('taskrow')}, Python {platform.python_version()}"


def _secret_key() -> Diagnosis:
    if current_app.config.get("SECRET_KEY"):
        return ok("SECRET_KEY", "it is set")
    return warn(
        "SECRET_KEY",
        "it is not set: requests with a cookie or Authorization cannot become tasks",
        "set it, to the same value for web and workers",
    )


def _lines(one: Diagnosis) -> Iterator[str]:
    """A diagnosis as a row of the table, with what to do below it."""
    indent = " " * (len(Level.WARN) + 2 + _NAME)
    words = textwrap.wrap(harmless(one.says), _WIDTH - len(indent))
    level = click.style(f"{one.level:<4}", fg=_COLORS[one.level])
    yield f"{level}  {one.name:<{_NAME}}{words[0] if words else ''}"
    yield from (indent + line for line in words[1:])
    if one.do:
        do = textwrap.wrap(f"-> {one.do}", _WIDTH - len(indent), subsequent_indent="   ")
        yield from (indent + line for line in do)
