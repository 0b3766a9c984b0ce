"""``taskrow``: every command, over an application given by ``--app``.

``taskrow demo`` brings its own.
"""

from __future__ import annotations

from click import Command, Context
from flask.cli import FlaskGroup

from taskrow import cli

_DEMO = "demo"


class Commands(FlaskGroup):
    """The group that knows ``--app``, without Flask's commands and without a look for plugins."""

    def list_commands(self, ctx: Context) -> list[str]:
        return sorted([*cli.commands.list_commands(ctx), _DEMO])

    def get_command(self, ctx: Context, name: str) -> Command | None:
        if name == _DEMO:
            from taskrow.demo.command import demo

            return demo
        return cli.commands.get_command(ctx, name)


commands = Commands(
    name="taskrow",
    help="Tasks are rows: a durable task queue for Flask.",
    add_default_commands=False,
    add_version_option=False,
)
