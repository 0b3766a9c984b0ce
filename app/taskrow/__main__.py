"""``taskrow``, and ``python -m taskrow``: every command, over an application given by ``--app``."""

from __future__ import annotations

from flask.cli import FlaskGroup

from taskrow.cli import commands


def _make_main() -> FlaskGroup:
    main = FlaskGroup(
        name="taskrow",
        help="Tasks are rows: a durable task queue for Flask.",
        add_default_commands=False,
        add_version_option=False,
    )
    for command in commands.commands.values():
        main.add_command(command)
    return main


main = _make_main()

if __name__ == "__main__":
    main()
