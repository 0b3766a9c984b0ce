"""``taskrow``, and ``python -m taskrow``: every command, over an application given by ``--app``.

``taskrow demo`` brings its own.
"""

from __future__ import annotations

from click import Command, Context
from flask.cli import FlaskGroup

from taskrow.cli import commands
from taskrow.demo.command import demo


class Commands(FlaskGroup):
    """The group that knows ``--app``, without Flask's commands and without a look for plugins."""

    def list_commands(self, _: Context) -> list[str]:
        return sorted(self.commands)

    def get_command(self, _: Context, name: str) -> Command | None:
        return self.commands.get(name)


def _make_main() -> Commands:
    main = Commands(
        name="taskrow",
        help="Tasks are rows: a durable task queue for Flask.",
        add_default_commands=False,
        add_version_option=False,
    )
    for command in commands.commands.values():
        main.add_command(command)
    main.add_command(demo)
    return main


main = _make_main()

if __name__ == "__main__":
    main()
